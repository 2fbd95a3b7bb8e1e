"""After each attack: the next submission on the same cell is untouched, and so is the host.

Stdlib only, see table.py.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import MIB, Limits, Outcome, Program

_CANARY = """
import json, os, signal, sys
def names(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return "unreadable"
def ignored(number):
    return signal.getsignal(number) == signal.SIG_IGN
processes = names("/proc")
print(json.dumps({
    "work": names("."),
    "temporary": names(os.environ["TMPDIR"]),
    "memory": names("/dev/shm"),
    "processes": processes if isinstance(processes, str) else
        [int(name) - os.getpid() for name in processes if name.isdigit()],
    "descriptors": names("/proc/self/fd")[:3],
    "environment": sorted(os.environ),
    "stdin": sys.stdin.read(),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "terminable": not ignored(signal.SIGTERM) and not ignored(signal.SIGINT),
    "alone": os.getpgrp() == os.getsid(0) == os.getpid(),
}))
print("warning", file=sys.stderr)
open("out.txt", "w").write("brought back")
sys.exit(7)
"""
_CANARY_LIMITS = Limits(cpu_time_ms=3_000, wall_time_ms=8_000, memory_bytes=64 * MIB)
_ENVIRONMENT = {"HOME", "LANG", "PATH", "TMPDIR"}
#: Things of the kernel take a moment to go; nobody is told when they are gone.
_PATIENCE_S = 5.0
#: A keeper closes what a run had a moment after its answer.
_SETTLING_S = 0.3
_KINDS_OF_LIMITS = 16  # RLIM_NLIMITS, which Python does not tell


def canary(cell: Cell, argv: tuple[str, ...], env: dict[str, str]) -> list[str]:
    """Run an honest program; gives what is wrong with its answer."""
    program = Program(
        argv=argv,
        files={"main.py": _CANARY.encode()},
        stdin=b"given",
        env=env,
        collect=("out.txt", "left.txt"),
    )
    run = cell.run(program, _CANARY_LIMITS)
    closed = cell.config.level == "container"  # the host's root, which Landlock closes
    expected = {
        "work": ["main.py"],
        "temporary": [],
        "memory": "unreadable" if closed else [],
        "processes": "unreadable" if closed else [0],
        "descriptors": ["0", "1", "2"],
        "environment": sorted(_ENVIRONMENT | env.keys()),
        "stdin": "given",
        "blocked": [],
        "terminable": True,
        "alone": True,
    }
    said: dict[str, object] = {}
    try:
        said = json.loads(run.stdout)
    except ValueError:
        return [f"the next run said {run!r}"]
    problems = [
        f"the next run's {name} is {said.get(name)!r}, not {value!r}"
        for name, value in expected.items()
        if said.get(name) != value
    ]
    sane = (
        (run.outcome, run.exit_code, run.signal) == (Outcome.EXITED, 7, None)
        and run.stderr == b"warning\n"
        and dict(run.files) == {"out.txt": b"brought back"}
        and not (run.stdout_truncated or run.stderr_truncated)
        and 0 < run.cpu_time_ms < 2_000
        and 0 < run.wall_time_ms < 8_000
        and 0 <= run.wait_time_ms < 8_000
        and MIB < run.peak_memory_bytes < 48 * MIB
    )
    return problems if sane else [*problems, f"the next run is {run!r}"]


class Host:
    """What of this machine an attack must not touch, as it was before the first one."""

    def __init__(self, cell: Cell) -> None:
        self._secret_folder = tempfile.TemporaryDirectory(prefix="security-host-")
        self.secret = Path(self._secret_folder.name) / "secret.txt"
        self.secret.write_text("the answer to hidden test 1\n")
        os.chmod(self._secret_folder.name, 0o755)
        self.secret.chmod(0o644)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0assay-security-{os.getpid()}")
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(self.secret.with_name("socket")))
        for listener in (self.tcp, self.abstract, self.unix):
            listener.listen()
            listener.setblocking(False)
        self.datagrams = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
        self.datagrams[0].bind(str(self.secret.with_name("datagrams")))
        self.datagrams[1].bind(f"\0assay-security-datagrams-{os.getpid()}")
        self.secret.with_name("datagrams").chmod(0o777)  # whoever finds it may write
        self.secret.with_name("socket").chmod(0o777)
        for listener in self.datagrams:
            listener.setblocking(False)
        self.watch(cell)

    def watch(self, cell: Cell) -> None:
        """From now on it is this cell, and what there is now is how it was before."""
        self._cell = cell
        before: tuple[object, ...] = ()
        while before != (now := (self._residents(), self._picture())):
            before = now
            time.sleep(_SETTLING_S)
        self._household, self._before = self._residents(), self._picture()
        self._known = {path: _names(path) for path in ("/tmp", "/var/tmp", "/dev/shm")}

    def words(self) -> dict[str, str]:
        """What attacks are told of the host, so that they can aim at it."""
        return {
            "@SECRET@": str(self.secret),
            "@PORT@": str(self.tcp.getsockname()[1]),
            "@ABSTRACT@": f"assay-security-{os.getpid()}",
            "@SOCKET@": str(self.unix.getsockname()),
            "@DATAGRAM@": str(self.datagrams[0].getsockname()),
            "@DATAGRAM_ABSTRACT@": f"assay-security-datagrams-{os.getpid()}",
            "@WORKER@": str(os.getpid()),
            "@KEEPER@": str(self._cell.pid),
            "@CHECKOUT@": str(Path(__file__).resolve().parents[2]),
            "@UID@": str(self._cell.config.uid),
        }

    def problems(self) -> list[str]:
        """What is not as it was."""
        return [problem for look in self._looks() if (problem := _settled(look))]

    def close(self) -> None:
        """Remove what was put up."""
        for listener in (self.tcp, self.abstract, self.unix, *self.datagrams):
            listener.close()
        self._secret_folder.cleanup()

    def _looks(self) -> list[Callable[[], str]]:
        return [self._processes, self._groups, self._places, self._pictures, self._visitors]

    def _processes(self) -> str:
        """No process below us but the keeper, what it forks from, and the next run's place."""
        now = self._residents()
        found, gone = now - self._household, self._household - now
        return f"left: {_described(found)}, gone: {gone}" if found or gone else ""

    def _residents(self) -> set[int]:
        return below(os.getpid()).difference(*map(waiting, children(os.getpid())))

    def _groups(self) -> str:
        for kind, folder in self._cell.config.folders.items():
            group = Path(folder) / self._cell.config.group
            inside = (group / "cgroup.procs").read_text().split()
            if not waiting(self._cell.pid) >= set(map(int, inside)):
                return f"processes are left in the {kind} group: {inside}"
        return ""

    def _places(self) -> str:
        """Nothing new of ours where everybody may write."""
        for path, known in self._known.items():
            for name in _names(path) - known:
                try:
                    owner = os.lstat(f"{path}/{name}").st_uid
                except FileNotFoundError:
                    continue
                if owner == self._cell.config.uid or f"-{self._cell.pid}-" in name:
                    return f"{path}/{name} was left"
        return ""

    def _pictures(self) -> str:
        now = self._picture()
        return "; ".join(
            f"{name} was {self._before[name]!r} and is {value!r}"
            for name, value in now.items()
            if value != self._before[name]
        )

    def _picture(self) -> dict[str, object]:
        pid, uids = self._cell.pid, {os.getuid(), self._cell.config.uid}
        return {
            "the mounts": Path("/proc/self/mountinfo").read_text(),
            "the keeper's descriptors": _count(f"/proc/{pid}/fd"),
            "our descriptors": _count("/proc/self/fd"),
            "the keeper's limits": _limits(pid),
            "our limits": _limits(os.getpid()),
            "our nice value": os.getpriority(os.PRIO_PROCESS, 0),
            "our cores": os.sched_getaffinity(0),
            "the host name": socket.gethostname(),
            "the secret": (self.secret.read_text(), self.secret.stat().st_mode),
            "our code": _status(Path(__file__)),
            "our interpreter": _status(Path(os.path.realpath("/proc/self/exe"))),
            "IPC objects": [_ipc(kind, uids) for kind in ("shm", "sem", "msg")],
        }

    def _visitors(self) -> str:
        """Nobody may have reached what listens on the host."""
        for listener in (self.tcp, self.abstract, self.unix):
            try:
                visitor, _ = listener.accept()
            except BlockingIOError:
                continue
            visitor.close()
            return f"somebody connected to {listener.getsockname()!r}"
        for listener in self.datagrams:
            try:
                return f"{listener.recv(99)!r} came to {listener.getsockname()!r}"
            except BlockingIOError:
                continue
        return ""


def _settled(look: Callable[[], str]) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while (problem := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return problem


def _names(path: str) -> set[str]:
    try:
        return set(os.listdir(path))
    except OSError:
        return set()


def _count(path: str) -> int | str:
    try:
        return len(os.listdir(path))
    except OSError:
        return "unreadable"


def _limits(pid: int) -> object:
    try:
        return [resource.prlimit(pid, kind) for kind in range(_KINDS_OF_LIMITS)]
    except OSError:
        return "unreadable"


def _status(path: Path) -> tuple[int, int, int, int]:
    status = path.stat()
    return status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns


def _ipc(kind: str, uids: set[int]) -> list[str]:
    """Identifiers of the System V objects of some users: proc(5), /proc/sysvipc."""
    header, *lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()
    uid = header.split().index("uid")
    return [line.split()[1] for line in lines if int(line.split()[uid]) in uids]


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    found: list[int] = []
    for task in _names(f"/proc/{pid}/task"):
        try:
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def below(pid: int) -> set[int]:
    """All processes that a process has started, and those they have."""
    found: set[int] = set()
    for child in children(pid):
        found |= {child} | below(child)
    return found


def waiting(keeper: int) -> set[int]:
    """The place of the next run: an init and one process in its namespace, both the keeper's.

    What an attack leaves is neither: its own place is gone, and its orphans were init's.
    """
    depth = len(_pids_of(keeper))
    found = {pid: _pids_of(pid) for pid in children(keeper)}
    inside = {pid: pids[-1] for pid, pids in found.items() if len(pids) == depth + 1}
    is_whole = sorted(inside.values()) in ([], ["1"], ["1", "2"])
    return set(inside) if is_whole and not any(map(children, inside)) else set()


def _pids_of(pid: int) -> list[str]:
    """What a process is called in each pid namespace, the outermost first."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return [""]
    return next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]


def alive_after_a_while(pids: set[int]) -> list[str]:
    """Which of some processes do not end."""

    def left() -> str:
        return ", ".join(_described({pid for pid in pids if Path(f"/proc/{pid}").exists()}))

    problem = _settled(left)
    return [f"alive: {problem}"] if problem else []


def _described(pids: set[int]) -> list[str]:
    found = []
    for pid in sorted(pids):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            words = []
        found.append(f"{pid} {b' '.join(words).decode(errors='replace')[:80]}")
    return found
