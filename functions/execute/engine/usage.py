"""How much a run has used so far: from its control group, or from /proc where there is none."""

from __future__ import annotations

import contextlib
import os
from typing import Protocol

from functions.execute.engine.cgroups import RunGroup

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _read(proc_fd: int, path: str) -> bytes:
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


def _descendants(proc_fd: int, pid: int) -> list[int]:
    """All processes below `pid`; those that lost their parent are init's, so none is missed."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        tasks: list[str] = []
        with contextlib.suppress(OSError):
            fd = os.open(f"{parent}/task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc_fd)
            tasks = os.listdir(fd)
            os.close(fd)
        for task in tasks:
            children = _read(proc_fd, f"{parent}/task/{task}/children").split()
            waiting += [int(child) for child in children]
            found += [int(child) for child in children]
    return found


def longest_wait_ns(proc_fd: int, init: int) -> int:
    """The longest time that one live task of the run has been ready without a core.

    The largest, never the sum: a run with a hundred threads must not gain a hundredfold.
    """
    longest = 0
    for pid in _descendants(proc_fd, init):
        fields = _read(proc_fd, f"{pid}/schedstat").split()
        if len(fields) > 1:
            longest = max(longest, int(fields[1]))
    return longest


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

    def finish(self) -> None:
        """The last look, when every process is gone."""
        self.poll()
        self.memory_bytes = self._group.peak_bytes()


class TreeUsage:
    """Without control groups: add up what /proc says of each process, often.

    A process that ends between two looks is seen through its parent's totals, one whose
    parent ignores SIGCHLD is lost: supervised is less than enforced, and is called so.
    """

    interval_ms = 10

    def __init__(self, proc_fd: int, init: int, memory_limit_bytes: int) -> None:
        self._proc_fd = proc_fd
        self._init = init
        self._limit_bytes = memory_limit_bytes
        self.cpu_ns = 0
        self.memory_bytes = 0
        self.oom_killed = False

    def poll(self) -> None:
        cpu_ticks = memory_kib = 0
        for pid in _descendants(self._proc_fd, self._init):
            fields = _read(self._proc_fd, f"{pid}/stat").rpartition(b")")[2].split()
            if len(fields) > 14:
                cpu_ticks += sum(int(f) for f in fields[11:15])
            memory_kib += self._private_kib(pid)
        self.cpu_ns = max(self.cpu_ns, cpu_ticks * _TICK_NS)
        self.memory_bytes = max(self.memory_bytes, memory_kib * 1024)
        self.oom_killed = self.oom_killed or self.memory_bytes > self._limit_bytes

    def _private_kib(self, pid: int) -> int:
        total = 0
        for line in _read(self._proc_fd, f"{pid}/status").splitlines():
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                total += int(line.split()[1])
        return total

    def finish(self, cpu_ns: int, max_rss_kib: int) -> None:
        """The last word, from the program's own exit."""
        self.cpu_ns = max(self.cpu_ns, cpu_ns)
        if self.memory_bytes == 0:  # it ended before the first look
            self.memory_bytes = max_rss_kib * 1024
