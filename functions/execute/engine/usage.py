"""How much a run has used so far: from its control group, or from /proc where there is none."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from typing import Protocol

from functions.execute.engine import syscalls
from functions.execute.engine.run_groups import RunGroup

_SHARED_FOR_S = 0.1
# Lines of /proc/<pid>/status and smaps_rollup. Page tables are memory too: a sparse map
# that is only read grows nothing else.
_RESIDENT, _PAGE_TABLES = (b"RssAnon:", b"RssShmem:"), (b"VmPTE:",)
_PROPORTIONAL = (b"Pss_Anon:", b"Pss_Shmem:")
#: The kernel walks them all for smaps_rollup, and we would wait for it.
_MOST_TABLES_KIB = 16 * 1024
_EXITING = 4  # PF_EXITING, in the flags of /proc/<pid>/stat
_MOST_COMPARED = 32
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def read_proc(proc_fd: int, path: str) -> bytes:
    """A file below an open /proc; empty when the process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc_fd)
    except OSError:
        return b""
    try:
        return os.read(fd, 65_536)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _sum_kib(text: bytes, names: tuple[bytes, ...]) -> int:
    """The sum of some lines of a file like /proc/<pid>/status."""
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(names))


class Tree:
    """The processes of a run."""

    def __init__(self, proc_fd: int, program: int, init: int, forkers: Iterable[int]) -> None:
        """
        Args:
            forkers: our other children, which are none of the run's.
        """
        self.proc_fd = proc_fd
        self.program, self.init = program, init
        self._keeper = os.getpid()
        self._ours = {*forkers, init, program}

    def pids(self) -> list[int]:
        """All but init: below the program; init's, who lost their parent; made its siblings."""
        siblings = set(_children(self.proc_fd, self._keeper)) - self._ours
        found = [self.program, *siblings]
        waiting = [*found, self.init] if self.init > 0 else [*found]
        while waiting:
            children = _children(self.proc_fd, waiting.pop())
            waiting += children
            found += children
        return found


def _children(proc_fd: int, parent: int) -> list[int]:
    """The children of all threads of a process."""
    tasks: list[str] = []
    with contextlib.suppress(OSError):
        fd = os.open(f"{parent}/task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc_fd)
        try:
            tasks = os.listdir(fd)
        finally:  # it fails where the process has gone since
            os.close(fd)
    lists = (read_proc(proc_fd, f"{parent}/task/{task}/children") for task in tasks)
    return [int(child) for text in lists for child in text.split()]


def run_ns(proc_fd: int, pid: int) -> int:
    """CPU time of a task by itself: the first field of its schedstat."""
    fields = read_proc(proc_fd, f"{pid}/schedstat").split()
    return int(fields[0]) if fields else 0


def wait_ns(proc_fd: int, pid: int) -> int:
    """How long a task was ready without a core: the second field of its schedstat."""
    fields = read_proc(proc_fd, f"{pid}/schedstat").split()
    return int(fields[1]) if len(fields) > 1 else 0


def is_alive(proc_fd: int, pid: int) -> bool:
    """Whether a process has not even begun to exit."""
    fields = read_proc(proc_fd, f"{pid}/stat").rpartition(b")")[2].split()
    return bool(fields) and not int(fields[6]) & _EXITING


def is_filtered(proc_fd: int, pid: int) -> bool:
    """Whether a process runs under a seccomp filter: the last thing before it is the program."""
    return b"\nSeccomp:\t2\n" in read_proc(proc_fd, f"{pid}/status")


def _with_own_memory(pids: list[int]) -> list[int]:
    """One process for each address space: a vfork borrows its parent's, which is no more memory."""
    found: list[int] = []
    for pid in pids:
        if not any(syscalls.share_memory(pid, other) for other in found[:_MOST_COMPARED]):
            found.append(pid)
    return found


class Usage(Protocol):
    """What supervision asks while a run lives, and once after it."""

    def poll(self) -> None:
        """Look once; cheap enough to be called every few milliseconds."""

    cpu_ns: int
    memory_bytes: int
    oom_killed: bool
    #: How often `poll` is needed when nothing else is due.
    interval_ms: int


class GroupUsage:
    """The kernel counts and enforces; we read."""

    interval_ms = 50

    def __init__(self, group: RunGroup) -> None:
        self._group = group
        self.cpu_ns = 0
        self.memory_bytes = 0
        self.oom_killed = False

    def poll(self) -> None:
        self.cpu_ns = self._group.cpu_ns()
        self.oom_killed = self._group.oom_kills() > 0

    def finish(self, before_ns: int) -> None:
        """The last look, when every process is gone.

        Args:
            before_ns: what was used after the group was prepared, but not by the program.
        """
        self.poll()
        self.cpu_ns = max(0, self.cpu_ns - before_ns)
        self.memory_bytes = self._group.peak_bytes()


class TreeUsage:
    """Without control groups: add up what /proc says of each process, often.

    CPU time is counted twice, and the larger figure is believed: what each process ever
    seen used itself, and what the living and those they waited for used, as parents are
    told. A process whose parent ignores SIGCHLD and that ends between two looks is in
    neither: supervised is less than enforced, and is called so.
    """

    interval_ms = 10

    def __init__(self, tree: Tree, memory_limit_bytes: int) -> None:
        self._tree = tree
        self._proc_fd = tree.proc_fd
        self._limit_bytes = memory_limit_bytes
        self._shared = 0
        self._shared_until = 0.0
        self._own_ns: dict[tuple[int, bytes], int] = {}  # by pid and start time
        self.cpu_ns = 0
        self.memory_bytes = 0
        self.oom_killed = False

    def poll(self) -> None:
        # Orphans end as init's children; init itself is none of the program's.
        init = self._stat(self._tree.init) if self._tree.init > 0 else []
        tree_ticks = sum(int(field) for field in init[13:15])
        memory_kib = tables_kib = 0
        for pid in self._tree.pids():
            fields = self._stat(pid)
            if fields:
                tree_ticks += sum(int(field) for field in fields[11:15])
                self._own_ns[pid, fields[19]] = self._own(pid, fields)
            status = self._status(pid)
            memory_kib += _sum_kib(status, _RESIDENT)
            tables_kib += _sum_kib(status, _PAGE_TABLES)
        own_ns = sum(self._own_ns.values())
        self.cpu_ns = max(self.cpu_ns, tree_ticks * _TICK_NS, own_ns)
        memory_bytes = (memory_kib + tables_kib) * 1024
        if memory_bytes > self._limit_bytes and tables_kib < _MOST_TABLES_KIB:
            memory_bytes -= self._shared_bytes(memory_bytes)
        self.memory_bytes = max(self.memory_bytes, memory_bytes)
        self.oom_killed = self.oom_killed or self.memory_bytes > self._limit_bytes

    def _shared_bytes(self, counted_bytes: int) -> int:
        """How much of what was counted is shared by several processes, and counted often.

        Exact but slow to ask the kernel for; so it is asked when it decides, and now and
        then, since sharing ends when one of them writes.
        """
        now = time.monotonic()
        if counted_bytes - self._shared > self._limit_bytes or now > self._shared_until:
            pids = _with_own_memory(self._tree.pids())
            exact_bytes = sum(self._proportional_kib(pid) for pid in pids) * 1024
            self._shared = max(0, counted_bytes - exact_bytes)
            self._shared_until = now + _SHARED_FOR_S
        return self._shared

    def _own(self, pid: int, fields: list[bytes]) -> int:
        """CPU time of one process: in ticks of all its threads, or its first one's exactly.

        Ticks are rounded down: a hundred children of nine milliseconds would have used none.
        """
        exact = read_proc(self._proc_fd, f"{pid}/schedstat").split()
        ticks = int(fields[11]) + int(fields[12])
        return max(ticks * _TICK_NS, int(exact[0]) if exact else 0)

    def _stat(self, pid: int) -> list[bytes]:
        """The fields of proc(5)'s stat from the state on; its field 3 is number 0 here."""
        return read_proc(self._proc_fd, f"{pid}/stat").rpartition(b")")[2].split()

    def _status(self, pid: int) -> bytes:
        return read_proc(self._proc_fd, f"{pid}/status")

    def _proportional_kib(self, pid: int) -> int:
        """Memory with every shared page divided by its sharers."""
        text = read_proc(self._proc_fd, f"{pid}/smaps_rollup")
        if not text:  # gone, or not ours to see
            return _sum_kib(self._status(pid), (*_RESIDENT, *_PAGE_TABLES))
        return _sum_kib(text, _PROPORTIONAL) + _sum_kib(self._status(pid), _PAGE_TABLES)

    def finish(self, cpu_ns: int, max_rss_kib: int) -> None:
        """The last word, from the program's own exit."""
        self.cpu_ns = max(self.cpu_ns, cpu_ns)
        if self.memory_bytes == 0:  # it ended before the first look
            self.memory_bytes = max_rss_kib * 1024
