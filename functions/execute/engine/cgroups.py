"""Control groups: what a run's processes may use together, and what they did use.

Theory of operation. Each cell has a group of its own below the group the worker was
started in. Only the program itself is put there, by writing itself into `cgroup.procs`
just before exec: the keeper, the nursery and init stay outside, so their memory and
time are never the program's. On v1 the group stays for the cell's life (limits and
peak can be reset); on v2 every run gets a fresh one, since `memory.peak` can be reset
only from Linux 6.12 on.

All files are opened before the cell's root is changed; nothing here follows a path
afterwards except one name below an open directory.

Names tell whose a group is (`<pid>-<start time>`), so that the next start removes what a
killed worker left and never what belongs to a living neighbour.

v1: Documentation/admin-guide/cgroup-v1/. v2: Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Protocol

PARENT = "assay"
_LEAF = f"{PARENT}-main"
_MOVES = 10
_READ_BYTES = 4096
#: What may stay charged to a group without a new one being made.
_LEFTOVER_BYTES = 1024 * 1024


class RunGroup(Protocol):
    """The group of one cell, as supervision uses it."""

    def prepare(self, memory_bytes: int, processes: int) -> list[int]:
        """Make it ready for a run; gives the descriptors the program writes itself into."""

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
    values = dict(line.split(b" ", 1) for line in _read(fd).splitlines() if b" " in line)
    return [int(values.get(name, b"0")) for name in names]


class _Folder:
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
        self._folders = {kind: _Folder(path, name) for kind, path in parents.items()}
        cpu, pids = self._folders["cpuacct"], self._folders["pids"]
        self._procs = {k: f.file("cgroup.procs", os.O_WRONLY) for k, f in self._folders.items()}
        self._cpu = cpu.file("cpuacct.usage", os.O_RDONLY)
        self._pids = pids.file("pids.max", os.O_WRONLY)
        self._memory: dict[str, int] = {}
        self._open_memory()
        self._processes = 0
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

    def prepare(self, memory_bytes: int, processes: int) -> list[int]:
        if int(_read(self._memory["usage_in_bytes"])) > _LEFTOVER_BYTES:
            self._renew_memory()
        if self._limit != memory_bytes:
            try:
                os.write(self._memory["limit_in_bytes"], str(memory_bytes).encode())
            except OSError:  # EBUSY: even the little that is left is too much for this limit
                self._renew_memory()
                os.write(self._memory["limit_in_bytes"], str(memory_bytes).encode())
            self._limit = memory_bytes
        if self._processes != processes:
            os.write(self._pids, str(processes).encode())
            self._processes = processes
        os.write(self._memory["max_usage_in_bytes"], b"0")
        self._usage_before = int(_read(self._memory["usage_in_bytes"]))
        self._cpu_before = int(_read(self._cpu))
        self._oom_before = self._oom_count()
        return list(self._procs.values())

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
        self._folder = _Folder(parent, name)
        self._fds: dict[str, int] = {}
        self._open()

    def _open(self) -> None:
        readable = ("memory.current", "memory.events", "memory.stat", "cpu.stat")
        self._fds = {n: self._folder.file(n, os.O_RDONLY) for n in readable}
        with contextlib.suppress(FileNotFoundError):  # from Linux 5.19 on
            self._fds["memory.peak"] = self._folder.file("memory.peak", os.O_RDONLY)
        self._seen_bytes = 0
        self._fds["cgroup.procs"] = self._folder.file("cgroup.procs", os.O_WRONLY)

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

    def prepare(self, memory_bytes: int, processes: int) -> list[int]:
        self._close_files()
        self._folder.remove()
        self._folder.make()
        self._open()
        self._write("memory.max", str(memory_bytes))
        self._write("memory.swap.max", "0", required=False)
        self._write("memory.oom.group", "1", required=False)
        self._write("pids.max", str(processes))
        return [self._fds["cgroup.procs"]]

    def cpu_ns(self) -> int:
        if "memory.peak" not in self._fds:  # then it is as high as somebody saw it
            self._seen_bytes = max(self._seen_bytes, int(_read(self._fds["memory.current"])))
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


# --- finding and claiming a place in the hierarchy -----------------------------------


def start_time(pid: int) -> str:
    """When a process started, in clock ticks since boot; with the pid it is unique: proc(5).

    Empty when it has ended: a zombie has, though its parent may be slow to look.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def owner_tag(pid: int) -> str:
    """The part of a group's name that tells whose it is."""
    namespace = os.readlink(f"/proc/{pid}/ns/pid").strip("pid:[]")
    return f"{namespace}-{pid}-{start_time(pid)}"


def is_of_the_dead(tag: str) -> bool:
    """Whether the owner of a tag has ended; what another pid namespace made may be in use."""
    namespace, _, rest = tag.partition("-")
    pid, _, started = rest.partition("-")
    here = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return namespace == here and pid.isdigit() and start_time(int(pid)) != started


def _mounts(text: str) -> list[tuple[str, str, Path, set[str]]]:
    """(file system, root, mount point, super options) of each line of mountinfo."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        found.append((kind[0], fields[3], Path(fields[4]), set(kind[2].split(","))))
    return found


def places(proc: Path = Path("/proc/self")) -> dict[str, Path]:
    """The folder of this process's own group, by controller; v2's is under "unified"."""
    mounts = _mounts((proc / "mountinfo").read_text())
    own: dict[str, Path] = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for kind, root, point, options in mounts:
            wanted = controllers.split(",")
            if kind == ("cgroup" if controllers else "cgroup2") and (
                not controllers or set(wanted) <= options
            ):
                inside = "" if path == root else os.path.relpath(path, root)
                names = wanted if controllers else ["unified"]
                own.update(dict.fromkeys(names, point / inside))
                break
    return own


def version(own: dict[str, Path]) -> int:
    """2 where the unified hierarchy has the memory controller, else 1 or 0."""
    with contextlib.suppress(KeyError, OSError):
        if "memory" in (own["unified"] / "cgroup.controllers").read_text().split():
            return 2
    return 1 if {"memory", "cpuacct", "pids"} <= own.keys() else 0


def enable_v2(own: Path) -> Path:
    """Make `assay` below our own group with the controllers on.

    A group with processes cannot hand controllers down (cgroup-v2.rst, "No internal
    process constraint"), so whatever is in ours moves to a leaf first.
    """
    wanted = "+memory +pids"  # cpu.stat is there without its controller
    if own.name == _LEAF:  # a worker before us has moved us here
        own = own.parent
    parent = own / PARENT
    for _ in range(_MOVES):  # while they are moved, they may start others
        try:
            (own / "cgroup.subtree_control").write_text(wanted)
            break
        except OSError:
            _move_to_leaf(own)
    else:
        raise OSError(f"{own} cannot be emptied")
    parent.mkdir(exist_ok=True)
    (parent / "cgroup.subtree_control").write_text(wanted)
    return parent


def _move_to_leaf(own: Path) -> None:
    leaf = own / _LEAF
    leaf.mkdir(exist_ok=True)
    for pid in (own / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            (leaf / "cgroup.procs").write_text(pid)


def parents() -> dict[str, Path]:
    """The folders that cells' groups are made in, created.

    Returns:
        One per v1 controller, or {"unified": ...}; empty without usable groups.
    """
    own = places()
    try:
        if version(own) == 2:
            return {"unified": enable_v2(own["unified"])}
        if version(own) == 1:
            made = {kind: own[kind] / PARENT for kind in ("memory", "cpuacct", "pids")}
            for folder in made.values():
                folder.mkdir(exist_ok=True)
                probe = folder / f"probe-{os.getpid()}"
                probe.mkdir()
                probe.rmdir()
            return made
    except OSError:
        pass
    return {}


def open_group(folders: dict[str, Path], name: str) -> RunGroup:
    """The group of one cell, made below `parents()`."""
    if "unified" in folders:
        return GroupV2(folders["unified"], name)
    return GroupV1(folders, name)


def leave(folders: dict[str, Path]) -> None:
    """Remove the common parents, unless a neighbour has its groups there."""
    for parent in folders.values():
        with contextlib.suppress(OSError):
            parent.rmdir()


def reclaim(folders: dict[str, Path]) -> int:
    """Remove the groups of workers that are dead; gives how many."""
    removed = 0
    for parent in folders.values():
        parent.mkdir(exist_ok=True)
        for group in (g for g in parent.iterdir() if g.is_dir()):
            if is_of_the_dead(group.name.partition(".")[0]):
                _kill_all(group)
                with contextlib.suppress(OSError):
                    group.rmdir()
                    removed += 1
    return removed


def _kill_all(group: Path) -> None:
    for _ in range(50):
        pids = (group / "cgroup.procs").read_text().split()
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)
