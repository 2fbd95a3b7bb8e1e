"""The level `container`: runs where namespaces are forbidden, as in an ordinary container.

Theory of operation. Nothing is mounted and no namespace is made. A run is one process:
seccomp refuses every clone that is not a thread, every socket, and changing the
parent-death signal; Landlock (ABI >= 6) lets it read toolchains, write in its own
folder, and signal nothing but itself. What namespaces did by construction is done here
by refusal, so only languages that live in one process work at this level.

There is no init and nothing made ready ahead: the keeper forks the program, which dies with
it by parent-death signal. Memory and CPU time are supervised; there is no quota for files
except the size of each.

The keeper runs as the worker's user. As root in a container, programs still take a user
of their own; otherwise they share the worker's, which is non-dumpable, and whose files
they cannot name.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from functions.execute.engine import child, landlock, leftovers, syscalls

#: Landlock can keep signals inside from this version on (Linux 6.12).
LEAST_LANDLOCK_ABI = 6


@dataclass(kw_only=True)
class Place(child.Place):
    """Where a program runs at this level."""

    box_fd: int
    report_fd: int
    #: What Landlock lets the program read.
    readable: list[str] = field(default_factory=list)


def start(start: child.Start, place: Place) -> int:
    """Fork the program; gives its pid, a child of the caller."""
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(start, place, keeper)
        except BaseException as error:  # nothing may unwind into the keeper's code
            child.tell(place.report_fd, error)
        finally:
            os._exit(127)
    return pid


def _become(start: child.Start, place: Place, keeper: int) -> None:
    """Turn this process into the program. Never returns."""
    os.setsid()
    child.take_descriptors(start)
    os.fchdir(place.box_fd)
    os.chdir("work")
    os.umask(0o022)
    fence = landlock.closed_ruleset(place.landlock_abi, place.box_fd, place.readable)
    if not place.rootless:
        syscalls.drop_bounding_set()  # while we still may
        child.become_user(place.uid)
    # Changing the user clears it: prctl(2), PR_SET_PDEATHSIG.
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:  # it was killed before the line above
        os._exit(1)
    child.give_up_privileges()
    child.set_limits(start)
    syscalls.landlock_restrict(fence)
    child.say_begun(place.report_fd, 0)
    child.exec_filtered(start, place.filter)


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
