"""The control group of a run: what its processes may use together, and what they did use.

Theory of operation. Each cell has a group of its own below the group the worker was
started in. Only the process that will be the program is put there: the keeper, the stem,
the nursery and init stay outside, so their memory and time are never the program's. On
v1 it writes itself into `cgroup.procs` while it settles, and the group stays for the
cell's life (limits and peak can be reset). On v2 every run gets a fresh group, and its
process is born there (CLONE_INTO_CGROUP); what it used while it settled is taken off:
`memory.peak` is reset for our descriptor where the kernel can (from Linux 6.12 on).

All files are opened before the cell's root is changed; nothing here follows a path
afterwards except one name below an open directory.

v1: Documentation/admin-guide/cgroup-v1/. v2: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Protocol

_READ_BYTES = 4096
#: What may stay charged to a group without a new one being made.
_LEFTOVER_BYTES = 1024 * 1024


class RunGroup(Protocol):
    """The group of one cell, as supervision uses it."""

    def renew(self) -> tuple[int, list[int]]:
        """Make it ready for a process to come.

        Returns:
            The group's folder for the process to be born in, or -1; and the files that it
            writes itself into otherwise. They are the group's.
        """

    def prepare(self, memory_bytes: int, processes: int) -> None:
        """Set the limits, and forget what was used before.

        Raises:
            OSError: what is in it is more than that; `renew` with another process.
        """

    def cpu_ns(self) -> int:
        """CPU time of everything in the group since `prepare`."""

    def peak_bytes(self) -> int:
        """The most anonymous and shared memory at one time since `prepare`."""

    def oom_kills(self) -> int:
        """How often the kernel killed for want of memory since `prepare`."""

    def close(self) -> None:
        """Remove it; nothing may be running in it."""


def _read(fd: int) -> bytes:
    return os.pread(fd, _READ_BYTES, 0)


def _stat(fd: int, *names: bytes) -> list[int]:
    text = b"\n" + _read(fd)
    return [_value(text, b"\n%s " % name) for name in names]


def _value(text: bytes, before: bytes) -> int:
    """The number after some words, to the end of its line; 0 if they are not there."""
    at = text.find(before)
    return int(text[at + len(before) :].partition(b"\n")[0]) if at >= 0 else 0


def _reset_peak(fd: int) -> None:
    """What is read from this descriptor is from now on the peak since now; from Linux 6.12 on.

    Raises:
        OSError: the kernel is older.
    """
    os.write(fd, b"reset")


class Folder:
    """One group folder, reached through its parent's descriptor."""

    def __init__(self, parent: Path, name: str) -> None:
        self.name = name
        parent.mkdir(exist_ok=True)  # a neighbour that ended may just have taken it away
        self.parent_fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.make()

    def make(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.name, dir_fd=self.parent_fd)

    def remove(self) -> None:
        for _ in range(100):  # a killed process leaves its group a moment later
            try:
                os.rmdir(self.name, dir_fd=self.parent_fd)
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.002)

    def file(self, name: str, flags: int = os.O_RDWR) -> int:
        return os.open(f"{self.name}/{name}", flags | os.O_CLOEXEC, dir_fd=self.parent_fd)


class GroupV1:
    """memory, cpuacct and pids, each in its own hierarchy, kept for the cell's life.

    Only the memory group is made anew when a former run left something charged to it:
    page cache of a toolchain it was the first to read, or shared memory that the kernel
    has not taken back yet. What is left stays where it is and is nobody's any more.
    """

    def __init__(self, parents: dict[str, Path], name: str) -> None:
        self._folders = {kind: Folder(path, name) for kind, path in parents.items()}
        cpu, pids = self._folders["cpuacct"], self._folders["pids"]
        self._procs = {k: f.file("cgroup.procs", os.O_WRONLY) for k, f in self._folders.items()}
        self._cpu = cpu.file("cpuacct.usage", os.O_RDONLY)
        self._pids = pids.file("pids.max", os.O_WRONLY)
        self._memory: dict[str, int] = {}
        self._open_memory()
        self._processes = 0
        self._most_leftover = _LEFTOVER_BYTES
        self._cpu_before = self._oom_before = self._usage_before = 0

    def _open_memory(self) -> None:
        folder = self._folders["memory"]
        for name in ("limit_in_bytes", "max_usage_in_bytes"):
            self._memory[name] = folder.file(f"memory.{name}")
        for name in ("usage_in_bytes", "oom_control", "stat"):
            self._memory[name] = folder.file(f"memory.{name}", os.O_RDONLY)
        with contextlib.suppress(OSError):  # no swap accounting: nothing to turn off
            os.write(swappiness := folder.file("memory.swappiness", os.O_WRONLY), b"0")
            os.close(swappiness)
        self._limit = 0

    def _renew_memory(self) -> None:
        for fd in (*self._memory.values(), self._procs["memory"]):
            os.close(fd)
        folder = self._folders["memory"]
        folder.remove()
        folder.make()
        self._procs["memory"] = folder.file("cgroup.procs", os.O_WRONLY)
        self._open_memory()

    def renew(self) -> tuple[int, list[int]]:
        self._usage_before = int(_read(self._memory["usage_in_bytes"]))
        if self._usage_before > self._most_leftover:
            self._renew_memory()
            self._usage_before = int(_read(self._memory["usage_in_bytes"]))
        self._most_leftover = _LEFTOVER_BYTES
        return -1, list(self._procs.values())

    def prepare(self, memory_bytes: int, processes: int) -> None:
        if self._limit != memory_bytes:
            try:
                os.write(self._memory["limit_in_bytes"], str(memory_bytes).encode())
            except OSError:  # EBUSY: even the little that is left is too much for this limit
                self._most_leftover = 0
                raise
            self._limit = memory_bytes
        if self._processes != processes:
            os.write(self._pids, str(processes).encode())
            self._processes = processes
        os.write(self._memory["max_usage_in_bytes"], b"0")
        self._cpu_before = int(_read(self._cpu))
        self._oom_before = self._oom_count()

    def cpu_ns(self) -> int:
        return int(_read(self._cpu)) - self._cpu_before

    def peak_bytes(self) -> int:
        """The group's peak less the page cache of the files it read, which is no use of its own."""
        peak = int(_read(self._memory["max_usage_in_bytes"])) - self._usage_before
        file_cache = sum(_stat(self._memory["stat"], b"inactive_file", b"active_file"))
        return max(0, peak - file_cache)

    def oom_kills(self) -> int:
        return self._oom_count() - self._oom_before

    def _oom_count(self) -> int:
        return _stat(self._memory["oom_control"], b"oom_kill")[0]

    def close(self) -> None:
        for fd in (*self._procs.values(), *self._memory.values(), self._cpu, self._pids):
            os.close(fd)
        for folder in self._folders.values():
            folder.remove()
            os.close(folder.parent_fd)


class GroupV2:
    """The unified hierarchy: a fresh group below the cell's for each run."""

    def __init__(self, parent: Path, name: str) -> None:
        self._name = name
        self._parent = parent
        self._folder = Folder(parent, name)
        self._fds: dict[str, int] = {}
        self._open()

    def _open(self) -> None:
        readable = ("memory.current", "memory.events", "memory.stat", "cpu.stat")
        self._fds = {n: self._folder.file(n, os.O_RDONLY) for n in readable}
        self._open_peak()
        self._seen_bytes = self._cpu_before = 0
        folder_only = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
        self._fds[""] = os.open(self._folder.name, folder_only, dir_fd=self._folder.parent_fd)
        self._fds["cgroup.procs"] = self._folder.file("cgroup.procs", os.O_WRONLY)

    def _open_peak(self) -> None:
        with contextlib.suppress(OSError):  # to be written from Linux 6.12 on: resets it for us
            self._fds["memory.peak"] = self._folder.file("memory.peak")
            return
        with contextlib.suppress(FileNotFoundError):  # from Linux 5.19 on
            self._fds["memory.peak"] = self._folder.file("memory.peak", os.O_RDONLY)

    def _write(self, name: str, value: str, *, required: bool = True) -> None:
        try:
            fd = self._folder.file(name, os.O_WRONLY)
        except FileNotFoundError:
            if required:
                raise
            return
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)

    def _close_files(self) -> None:
        for fd in self._fds.values():
            os.close(fd)
        self._fds = {}

    def renew(self) -> tuple[int, list[int]]:
        self._close_files()
        self._folder.remove()
        self._folder.make()
        self._open()
        return self._fds[""], [self._fds["cgroup.procs"]]

    def prepare(self, memory_bytes: int, processes: int) -> None:
        self._write("memory.max", str(memory_bytes))
        self._write("memory.swap.max", "0", required=False)
        self._write("memory.oom.group", "1", required=False)
        self._write("pids.max", str(processes))
        if "memory.peak" in self._fds:
            with contextlib.suppress(OSError):
                _reset_peak(self._fds["memory.peak"])
        self._seen_bytes = 0
        self._cpu_before = self._cpu_now()

    def cpu_ns(self) -> int:
        if "memory.peak" not in self._fds:  # then it is as high as somebody saw it
            self._seen_bytes = max(self._seen_bytes, int(_read(self._fds["memory.current"])))
        return self._cpu_now() - self._cpu_before

    def _cpu_now(self) -> int:
        return _stat(self._fds["cpu.stat"], b"usage_usec")[0] * 1000

    def peak_bytes(self) -> int:
        peak_fd = self._fds.get("memory.peak")
        peak = self._seen_bytes if peak_fd is None else int(_read(peak_fd))
        file_cache = sum(_stat(self._fds["memory.stat"], b"inactive_file", b"active_file"))
        return max(0, peak - file_cache)

    def oom_kills(self) -> int:
        return _stat(self._fds["memory.events"], b"oom_kill")[0]

    def close(self) -> None:
        self._close_files()
        self._folder.remove()
        os.close(self._folder.parent_fd)


def open_group(folders: dict[str, Path], name: str) -> RunGroup:
    """The group of one cell, made below `parents()`."""
    if "unified" in folders:
        return GroupV2(folders["unified"], name)
    return GroupV1(folders, name)
