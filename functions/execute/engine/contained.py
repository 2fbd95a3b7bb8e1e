"""The level `container`: runs where namespaces are forbidden, as in an ordinary container.

Theory of operation. Nothing is mounted and no namespace is made. A run is one process:
seccomp refuses every clone that is not a thread, every socket, and changing the
parent-death signal; Landlock (ABI >= 6) lets it read toolchains, write in its own
folder, and signal nothing but itself. What namespaces did by construction is done here
by refusal, so only languages that live in one process work at this level.

The run's *init* is an ordinary process here: it may never kill(-1). The program dies
with init by parent-death signal, init with the keeper. Memory and CPU time are
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
import stat
import tempfile
import time
from pathlib import Path

from functions.execute.engine import child, landlock, syscalls

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
    child.die_with_keeper(run)
    began_ns = time.monotonic_ns()
    program = os.fork()
    if program == 0:
        try:
            _become(run)
        except BaseException as error:
            child.tell(run.report_fd, error)
        finally:
            os._exit(127)
    for fd in (run.stdin_fd, run.stdout_fd, run.stderr_fd):
        os.close(fd)
    os.waitid(os.P_PID, program, os.WEXITED | os.WNOWAIT)
    wall_ns = time.monotonic_ns() - began_ns
    wait_ns = child.run_queue_wait_ns(f"/proc/{program}")
    _, status, usage = os.wait4(program, 0)
    os.write(run.report_fd, b"S" + child.pack(status, usage, wall_ns, wait_ns))
    os._exit(0)


def _become(run: child.Start) -> None:
    """Turn this process into the program. Never returns."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    child.take_descriptors(run)
    os.fchdir(run.box_fd)
    os.chdir("work")
    os.umask(0o022)
    fence = landlock.closed_ruleset(run.landlock_abi, run.box_fd, run.readable)
    if not run.rootless:
        child.become_user(run.uid)
        # Changing the user clears it: prctl(2), PR_SET_PDEATHSIG.
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    child.give_up_privileges()
    for kind, value in run.rlimits:
        resource.setrlimit(kind, (value, value))
    syscalls.landlock_restrict(fence)
    child.exec_filtered(run)


def tasks_of_user() -> int:
    """How many threads this user has here: RLIMIT_NPROC counts them with the run's."""
    total, mine = 0, str(os.getuid())
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines = (process / "status").read_text(errors="replace").splitlines()
            told = dict(line.split(":", 1) for line in lines if ":" in line)
            if told["Uid"].split()[0] == mine:
                total += int(told["Threads"])
    return total


class Home:
    """A cell's own folder: what a tmpfs is at the other levels."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="assay-cell-"))
        self.path.chmod(0o711)
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
        """Remove everything a dead run left, of any depth, without following a link.

        Depth-first walks fall over on a thousand nested folders; instead every folder
        found is moved up here, and removed when it has become empty.
        """
        moved = 0
        while names := os.listdir(self._fd):
            for name in names:
                status = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    os.unlink(name, dir_fd=self._fd)
                    continue
                folder = os.open(
                    name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._open(name)
                )
                for inner in os.listdir(folder):
                    moved += 1
                    os.rename(inner, f".{moved}", src_dir_fd=folder, dst_dir_fd=self._fd)
                os.close(folder)
                os.rmdir(name, dir_fd=self._fd)

    def _open(self, name: str) -> int:
        """Make a folder ours to read, whatever mode the run left it with."""
        with contextlib.suppress(OSError):
            os.chmod(name, 0o700, dir_fd=self._fd)
        return self._fd

    def close(self) -> None:
        """Remove the folder itself."""
        with contextlib.suppress(OSError):
            self.clear()
            self.path.rmdir()
        os.close(self._fd)
