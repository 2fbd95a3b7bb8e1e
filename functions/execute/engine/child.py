"""What is forked for each run: the init of its pid namespace, and the program itself.

Theory of operation. `start` clones *init* into new pid, mount and ipc namespaces. Init
forks the *program* and then only reaps: when the program's main process is gone it kills
whatever is left, reports, and ends. The program is pid 2, so signals have their usual
meaning for it. Init dies with the keeper (parent-death signal, and a look at the report
pipe for a keeper that died before the signal was set), and the namespace dies with init.

The program first attaches the run's tmpfs and mounts a /proc of its own namespace. Then
it gives up everything before exec, in this order: it enters its control group (as root,
who may), takes its user, loses every capability and the way to new ones, sets its
resource limits, is fenced by Landlock, and last by seccomp. Its only descriptors are 0,
1 and 2.

Init reports on a pipe: b"S" and its figures; before that, b"E" and why the program could
not be started, ended by a zero byte. The program's end of that pipe closes at exec.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from functions.execute.engine import box, landlock, syscalls

#: wait status, user µs, system µs, max RSS KiB, wall ns, wait on the run queue ns, and
#: when the program ended on the clock that all processes share (monotonic)
REPORT = struct.Struct("=iqqqqqq")
#: As a shell says it of a command that cannot be started.
_NOT_EXECUTABLE = 126

NEW_NAMESPACES = syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC


@dataclass(kw_only=True)
class Start:
    """All that a run is started with. Descriptors belong to the caller."""

    argv: list[str]
    env: dict[str, str]
    stdin_fd: int
    stdout_fd: int
    stderr_fd: int
    report_fd: int  # init writes its report here
    reader_fd: int  # the keeper's end of that pipe, closed at once in init
    box_fd: int  # the run's tmpfs
    group_fds: list[int]  # cgroup.procs files to enter
    rlimits: list[tuple[int, int]]
    uid: int
    #: The keeper is no root, or root of a user namespace only: there are no users to become.
    rootless: bool
    filter: bytes
    landlock_abi: int
    #: At level `container`: what Landlock lets the program read.
    readable: list[str] = field(default_factory=list)


def start(run: Start) -> int:
    """Clone init, which execs the program; gives init's pid, a child of the caller."""
    pid = syscalls.clone(NEW_NAMESPACES)
    if pid == 0:
        if run.reader_fd >= 0:
            os.close(run.reader_fd)
        init(run.report_fd, lambda: _exec(run))
    return pid


def init(report_fd: int, become: Callable[[], None]) -> None:
    """Be the init of a new pid namespace: start the program, reap, report, end.

    Everything that can be done in the program is: what init touches before the fork would
    be copied for both.

    Args:
        become: turns the forked process into the program. If it returns, so does `init`,
            in the program only: that is how a nursery's program goes on.
    """
    try:
        die_with_keeper(report_fd)
        began_ns = time.monotonic_ns()
        program = os.fork()
    except BaseException as error:  # nothing may unwind into the caller's code
        tell(report_fd, error)
        os._exit(1)
    if program == 0:
        try:
            become()
        except BaseException as error:
            tell(report_fd, error)
            os._exit(127)
        return
    syscalls.set_name(b"assay-init")
    report_fd = hold_only(report_fd)
    os.write(report_fd, b"S" + _reap(program, began_ns))
    os._exit(0)


def hold_only(fd: int) -> int:
    """Close all descriptors but one, which is 0 then. Init's copy of a pipe would keep it open."""
    os.dup2(fd, 0)
    syscalls.close_from(1, at_exec=False)
    return 0


def tell(fd: int, error: BaseException) -> None:
    """Report why there is no program."""
    os.write(fd, b"E" + f"{type(error).__name__}: {error}".encode()[:1000] + b"\0")


def die_with_keeper(report_fd: int) -> None:
    """Tie init's life to the keeper's, who reads the report."""
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    watch = select.poll()
    watch.register(report_fd, 0)
    if watch.poll(0):  # nobody reads any more: the keeper died before the first line
        os._exit(1)
    os.setsid()


def _mount(run: Start) -> None:
    """What is new for the run, in the namespace that the program shares with its init."""
    syscalls.move_mount(run.box_fd, box.BOX)
    for name, target in box.BOX_VIEWS.items():
        syscalls.mount(f"{box.BOX}/{name}", target, flags=syscalls.MS_BIND)
    safe = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", "/proc", "proc", safe, "hidepid=2,subset=pid")


def _reap(program: int, began_ns: int) -> bytes:
    """Wait for the program, then let nothing of it survive; gives the packed report."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended is not None and ended.si_pid == program:
            break
        if ended is not None:
            os.waitpid(ended.si_pid, 0)
    ended_ns = time.monotonic_ns()
    wait_ns = run_queue_wait_ns(f"/proc/{program}")
    _, status, _ = os.wait4(program, 0)
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return pack(status, usage, began_ns, ended_ns, wait_ns)


def pack(
    status: int, usage: resource.struct_rusage, began_ns: int, ended_ns: int, wait_ns: int
) -> bytes:
    """The report's figures as bytes."""
    wall_ns = ended_ns - began_ns
    user_us, system_us = round(usage.ru_utime * 1e6), round(usage.ru_stime * 1e6)
    return REPORT.pack(status, user_us, system_us, usage.ru_maxrss, wall_ns, wait_ns, ended_ns)


def run_queue_wait_ns(process: str) -> int:
    """How long a task was ready without a core: the second field of its schedstat."""
    try:
        with open(f"{process}/schedstat", "rb") as file:
            return int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _exec(run: Start) -> None:
    """Turn this process into the program. Never returns."""
    enter(run)
    exec_filtered(run)


def enter(run: Start, *, bounded: bool = False) -> None:
    """Everything that both ways to start have in common: only the filter is missing then.

    Args:
        bounded: the capability bounding set is empty already.
    """
    take_descriptors(run)
    _mount(run)
    for fd in run.group_fds:
        os.write(fd, b"0")
    os.chdir("/work")
    os.umask(0o022)
    fence = landlock.ruleset(run.landlock_abi)
    if run.rootless:
        _own_user_namespace(run.uid)  # where the bounding set is full again
        syscalls.drop_bounding_set()
    else:
        if not bounded:
            syscalls.drop_bounding_set()  # while we still may
        become_user(run.uid)
    give_up_privileges()
    for kind, value in run.rlimits:
        resource.setrlimit(kind, (value, value))
    if fence >= 0:
        syscalls.landlock_restrict(fence)


def take_descriptors(run: Start) -> None:
    """A session of its own, and 0, 1, 2."""
    os.setsid()
    for source, target in ((run.stdin_fd, 0), (run.stdout_fd, 1), (run.stderr_fd, 2)):
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


def give_up_privileges() -> None:
    """No capabilities, and no way to gain any."""
    syscalls.drop_capabilities()
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def exec_filtered(run: Start) -> None:
    """The last steps: default signals, no descriptors but three, the filter, exec."""
    default_signals()
    syscalls.close_from(3, at_exec=True)
    syscalls.load_seccomp(run.filter)
    try:
        os.execve(run.argv[0], run.argv, run.env)
    except OSError as error:
        if run.argv[0].startswith("/"):
            raise  # a toolchain: not the submission's fault
        os.write(2, f"{run.argv[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_EXECUTABLE)


def default_signals() -> None:
    """What Python or the keeper ignores, exec would keep ignored."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
