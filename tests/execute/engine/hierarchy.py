"""A unified cgroup hierarchy out of plain files, behaving as cgroup-v2.rst of the kernel says."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.execute.engine import cgroups, run_groups
from tests.infra.eventually import eventually

#: What a new group with the memory and pids controllers holds, and nothing has run in it.
FILES = {
    "cgroup.procs": "",
    "cgroup.subtree_control": "",
    "memory.current": "0\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "memory.max": "max\n",
    "memory.oom.group": "0\n",
    "memory.peak": "0\n",
    "memory.stat": "anon 0\nfile 0\ninactive_file 0\nactive_file 0\n",
    "memory.swap.max": "max\n",
    "pids.max": "max\n",
    "cpu.stat": "usage_usec 0\nuser_usec 0\nsystem_usec 0\n",
}


def is_removed(folder: Path) -> bool:
    """Whether a real group could be removed by now."""
    with contextlib.suppress(OSError):  # a process leaves its group a moment after its end
        folder.rmdir()
    return not folder.exists()


@contextlib.contextmanager
def real_group(name: str) -> Iterator[tuple[Path, int]]:
    """A real group below our own, with no controllers, which needs no delegation; and its folder
    as a descriptor. Whoever may not make one skips the test."""
    own = cgroups.places().get("unified")
    folder = own / f"assay-{name}-{os.getpid()}" if own else None
    try:
        if folder is None:
            pytest.skip("no unified hierarchy here")
        folder.mkdir()
    except OSError:
        pytest.skip("no group of version 2 that this user may make")
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield folder, fd
    finally:
        os.close(fd)
        eventually(lambda: is_removed(folder))


class Hierarchy:
    """Everything below `root`; what is made there comes with its files."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.lacking: set[str] = set()  # files that this kernel is too old for
        self.gone: set[str] = set()  # processes that end before they can be moved
        self.children: dict[str, list[str]] = {}  # started just before one is moved
        self._write, self._mkdir = Path.write_text, Path.mkdir
        patch.setattr(Path, "write_text", lambda path, text: self.write(path, text))
        patch.setattr(Path, "mkdir", lambda path, **options: self.mkdir(path))
        patch.setattr(run_groups.Folder, "make", lambda folder: self._make(folder))
        patch.setattr(run_groups.Folder, "remove", lambda folder: self._remove(folder))
        patch.setattr(run_groups, "_reset_peak", self._reset_peak)
        self.resets_peaks = True
        self.fill(root)

    def fill(self, folder: Path) -> None:
        for name, text in FILES.items():
            if name not in self.lacking:
                self._write(folder / name, text)

    def mkdir(self, path: Path) -> None:
        if not path.exists():
            self._mkdir(path)
            self.fill(path)

    def write(self, path: Path, text: str) -> int:
        """What a write does: moves a process, or is refused where processes are in the way."""
        if path.name == "cgroup.procs":
            for other in self.root.rglob("cgroup.procs"):
                left = [pid for pid in other.read_text().split() if pid != text]
                self._write(other, "\n".join(left))
            if text in self.gone:
                raise ProcessLookupError(errno.ESRCH, "No such process")
            for child in self.children.pop(text, ()):
                self._write(path.parent.parent / "cgroup.procs", child)
            text = "\n".join([*path.read_text().split(), text])
        elif path.name == "cgroup.subtree_control" and self.processes(path.parent):
            raise OSError(errno.EBUSY, "Device or resource busy")
        return self._write(path, text)

    def processes(self, folder: Path) -> list[str]:
        return (folder / "cgroup.procs").read_text().split()

    def put(self, folder: Path, name: str, text: str) -> None:
        """What the kernel says from now on."""
        self._write(folder / name, text)

    def _reset_peak(self, fd: int) -> None:
        if not self.resets_peaks:
            raise OSError(errno.EINVAL, "Invalid argument")
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"0\n", 0)

    def _make(self, folder: run_groups.Folder) -> None:
        self.mkdir(self._path(folder))

    def _remove(self, folder: run_groups.Folder) -> None:
        shutil.rmtree(self._path(folder))

    def _path(self, folder: run_groups.Folder) -> Path:
        return Path(f"/proc/self/fd/{folder.parent_fd}").readlink() / folder.name
