"""The level `container`: runs where namespaces are forbidden, as in an ordinary container.

Theory of operation. Nothing is mounted and no namespace is made. A run is one process:
seccomp refuses every clone that is not a thread, every socket, and changing the
parent-death signal; Landlock (ABI >= 6) lets it read toolchains, write in its own
folder, and signal nothing but itself. What namespaces did by construction is done here
by refusal, so only languages that live in one process work at this level.

The run's *init* is an ordinary process here: it may never kill(-1). The program dies
with init by parent-death signal, init with the keeper. The keeper is a subreaper, so that
it can wait until a program whose init was killed is really gone. Memory and CPU time are
supervised; there is no quota for files except the size of each.

The keeper runs as the worker's user. As root in a container, programs still take a user
of their own; otherwise they share the worker's, which is non-dumpable, and whose files
they cannot name.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from pathlib import Path

from functions.execute.engine import child, landlock, leftovers, syscalls

#: Landlock can keep signals inside from this version on (Linux 6.12).
LEAST_LANDLOCK_ABI = 6


def start(run: child.Start) -> int:
    """Fork init; gives its pid, a child of the caller."""
    pid = os.fork()
    if pid == 0:
        try:
            _init(run)
        except BaseException as error:  # nothing may unwind into the keeper's code
            child.tell(run.report_fd, error)
        finally:
            os._exit(1)
    return pid


def _init(run: child.Start) -> None:
    if run.reader_fd >= 0:
        os.close(run.reader_fd)
    child.die_with_keeper(run.report_fd)
    began_ns = time.monotonic_ns()
    init = os.getpid()
    program = os.fork()
    if program == 0:
        try:
            _become(run, init)
        except BaseException as error:
            child.tell(run.report_fd, error)
        finally:
            os._exit(127)
    report_fd = child.hold_only(run.report_fd)
    os.waitid(os.P_PID, program, os.WEXITED | os.WNOWAIT)
    ended_ns = time.monotonic_ns()
    wait_ns = child.run_queue_wait_ns(f"/proc/{program}")
    _, status, usage = os.wait4(program, 0)
    os.write(report_fd, b"S" + child.pack(status, usage, began_ns, ended_ns, wait_ns))
    os._exit(0)


def _become(run: child.Start, init: int) -> None:
    """Turn this process into the program. Never returns."""
    child.take_descriptors(run)
    os.fchdir(run.box_fd)
    os.chdir("work")
    os.umask(0o022)
    fence = landlock.closed_ruleset(run.landlock_abi, run.box_fd, run.readable)
    if not run.rootless:
        syscalls.drop_bounding_set()  # while we still may
        child.become_user(run.uid)
    # Changing the user clears it: prctl(2), PR_SET_PDEATHSIG.
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != init:  # it was killed before the line above
        os._exit(1)
    child.give_up_privileges()
    for kind, value in run.rlimits:
        resource.setrlimit(kind, (value, value))
    syscalls.landlock_restrict(fence)
    child.exec_filtered(run)


def wait_for_orphans() -> None:
    """Wait for what a killed init left to the keeper; it has its parent-death signal."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def tasks_of_user() -> int:
    """How many threads this user has here: RLIMIT_NPROC counts them with the run's."""
    total, mine = 0, str(os.getuid())
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines = (process / "status").read_text(errors="replace").splitlines()
            told = dict(line.split(":", 1) for line in lines if ":" in line)
            if told["Uid"].split()[0] == mine:
                total += int(told["Threads"])
    return total + 1  # and the init to come


class Home:
    """A cell's own folder: what a tmpfs is at the other levels."""

    def __init__(self, group: int) -> None:
        self.path = leftovers.new_folder()
        # Its programs may pass, and no other user: what they leave is removed by path.
        os.chown(self.path, -1, group)
        self.path.chmod(0o710)
        self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def new_box(self) -> int:
        """An empty folder for one run, as a descriptor."""
        os.mkdir("box", 0o755, dir_fd=self._fd)
        return os.open("box", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._fd)

    def env(self, env: dict[str, str]) -> dict[str, str]:
        """The same environment, with the places that exist at this level."""
        box = self.path / "box"
        return {**env, "HOME": str(box / "work"), "TMPDIR": str(box / "tmp")}

    def clear(self) -> None:
        """Remove everything a dead run left."""
        leftovers.empty(self._fd)

    def close(self) -> None:
        """Remove the folder itself."""
        with contextlib.suppress(OSError):
            self.clear()
            self.path.rmdir()
        os.close(self._fd)
