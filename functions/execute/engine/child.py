"""What a process does to become a run's program, from its fork to exec.

Theory of operation. A run has a pid namespace whose init only holds it (idle_init.py).
The program is pid 2 of it, so signals have their usual meaning for it; it is the keeper's
child, who waits for it and measures it. It is forked from a process that holds still, a
*stem* or a *nursery* (stem.py), in two steps:

*settle* is done ahead, while the slot is idle and nothing is known of the program that
will come. In new mount and ipc namespaces it attaches the run's tmpfs, mounts a /proc
of its own, enters the control group (as root, who may), takes its user, loses every
capability and the way to new ones, and is fenced by Landlock. Then it waits.

*become* is done for a request: its descriptors are 0, 1 and 2, its resource limits are
set, and last it is filtered by seccomp; then it is exec'd, or returns into an interpreter
that is already started.

On a pipe to the keeper it says b"R" when it has settled, b"B" and `BEGUN` when it is
about to be the program, and b"E" and why it could not be, ended by a zero byte. Its end
of that pipe closes at exec.
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import time
from dataclasses import dataclass, field

from functions.execute.engine import box, landlock, syscalls

#: monotonic ns, CPU ns of the process till then, and since the request came
BEGUN = struct.Struct("=qqq")
SETTLED, BEGAN, ERROR = b"R", b"B", b"E"
#: As a shell says it of a command that cannot be started.
NOT_EXECUTABLE = 126

UMASK = 0o022
#: The /proc of a run.
PROC_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
PROC_OPTIONS = "hidepid=2,subset=pid"
NEW_NAMESPACES = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC


@dataclass(kw_only=True)
class Place:
    """Where a program will run: the same for every program of a cell."""

    uid: int
    #: The keeper is no root, or root of a user namespace only: there are no users to become.
    rootless: bool
    filter: bytes
    landlock_abi: int


@dataclass(kw_only=True)
class Start:
    """What a program is started with. Descriptors belong to the caller."""

    argv: list[str]
    env: dict[str, str]
    stdin_fd: int
    stdout_fd: int
    stderr_fd: int
    rlimits: list[tuple[int, int]] = field(default_factory=list)
    #: It goes on in its nursery's interpreter, instead of an exec.
    forked: bool = False


def settle(place: Place, box_fd: int, group_fds: list[int]) -> None:
    """Everything that does not depend on the program: after it there are no privileges.

    Args:
        box_fd: the run's tmpfs.
        group_fds: cgroup.procs files to enter.
    """
    os.setsid()
    _mount(box_fd)
    for fd in group_fds:
        os.write(fd, b"0")
    os.chdir("/work")
    os.umask(UMASK)
    fence = landlock.ruleset(place.landlock_abi)
    if place.rootless:
        _own_user_namespace(place.uid)  # where the bounding set is full again
        syscalls.drop_bounding_set()
    else:  # of what it was forked from, the set is empty
        become_user(place.uid)
    give_up_privileges()
    if fence >= 0:
        syscalls.landlock_restrict(fence)


def become(start: Start) -> None:
    """Everything but the filter that is left to do when the program is known."""
    take_descriptors(start)
    set_limits(start)


def set_limits(start: Start) -> None:
    """Resource limits."""
    for kind, value in start.rlimits:
        resource.setrlimit(kind, (value, value))


def say_begun(report_fd: int, woken_ns: int) -> None:
    """From here on, time is the program's.

    Args:
        woken_ns: the thread's CPU time when the request came.
    """
    cpu_ns = time.thread_time_ns()
    os.write(report_fd, BEGAN + BEGUN.pack(time.monotonic_ns(), cpu_ns, cpu_ns - woken_ns))


def tell(fd: int, error: BaseException) -> None:
    """Report why there is no program."""
    os.write(fd, ERROR + f"{type(error).__name__}: {error}".encode()[:1000] + b"\0")


def _mount(box_fd: int) -> None:
    """What is new for the run."""
    syscalls.move_mount(box_fd, box.BOX)
    for name, target in box.BOX_VIEWS.items():
        syscalls.mount(f"{box.BOX}/{name}", target, flags=syscalls.MS_BIND)
    syscalls.mount("proc", "/proc", "proc", PROC_FLAGS, PROC_OPTIONS)


def take_descriptors(start: Start) -> None:
    """0, 1, 2."""
    for source, target in ((start.stdin_fd, 0), (start.stdout_fd, 1), (start.stderr_fd, 2)):
        os.dup2(source, target)


def become_user(uid: int) -> None:
    """Own user, no groups."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _own_user_namespace(uid: int) -> None:
    """Without root there is no other user to become: a namespace where we are called so."""
    outer = os.getuid()
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)  # else /proc/self/* is not ours to write
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer} 1"),
        ("gid_map", f"{uid} {outer} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)


def give_up_privileges() -> None:
    """No capabilities, and no way to gain any."""
    syscalls.drop_capabilities()
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def exec_filtered(start: Start, filter_: bytes) -> None:
    """The last steps: default signals, no descriptors but three, the filter, exec."""
    default_signals()
    syscalls.close_from(3, at_exec=True)
    syscalls.load_seccomp(filter_)
    try:
        os.execve(start.argv[0], start.argv, start.env)
    except OSError as error:
        if start.argv[0].startswith("/"):
            raise  # a toolchain: not the submission's fault
        os.write(2, f"{start.argv[0]}: {error.strerror}\n".encode())
        os._exit(NOT_EXECUTABLE)


def default_signals() -> None:
    """What Python or the keeper ignores or blocks, exec would keep so."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
