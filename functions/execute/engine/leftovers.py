"""Folders that cells are made in: whose each one is, and how those of the dead are removed.

At level `container` a cell lives in such a folder; at the others it is a mount point for
as long as the cell is being made. A keeper that is killed leaves it behind, with whatever
a program had put there, so it is removed as something hostile: no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from functions.execute.engine.cgroups import is_of_the_dead, owner_tag

#: The same for a worker and its keepers, which are started without its environment.
_PLACE = Path("/tmp")
_PREFIX = "assay-cell-"
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def new_folder() -> Path:
    """A private folder whose name tells that it is this process's."""
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{owner_tag(os.getpid())}-", dir=_PLACE))


def reclaim() -> int:
    """Remove the folders of keepers that are dead; gives how many."""
    removed = 0
    for path in _PLACE.glob(f"{_PREFIX}*"):
        tag = path.name.removeprefix(_PREFIX).rpartition("-")[0]
        with contextlib.suppress(OSError):  # somebody else is at it, too
            if is_of_the_dead(tag) and path.lstat().st_uid == os.geteuid():
                _remove(path)
                removed += 1
    return removed


def _remove(path: Path) -> None:
    fd = os.open(path, _OPEN)
    try:
        empty(fd)
    finally:
        os.close(fd)
    path.rmdir()


def empty(folder_fd: int) -> None:
    """Remove everything in a folder, of any depth.

    Depth-first walks fall over on a thousand nested folders; instead every folder found
    is moved up here, and removed when it has become empty.
    """
    moved = 0
    while names := os.listdir(folder_fd):
        for name in names:
            if not _is_folder(folder_fd, name):
                os.unlink(name, dir_fd=folder_fd)
                continue
            inner_fd = os.open(name, _OPEN, dir_fd=folder_fd)
            for inner in os.listdir(inner_fd):
                moved += 1
                _is_folder(inner_fd, inner)
                os.rename(inner, f".{moved}", src_dir_fd=inner_fd, dst_dir_fd=folder_fd)
            os.close(inner_fd)
            os.rmdir(name, dir_fd=folder_fd)


def _is_folder(place_fd: int, name: str) -> bool:
    """Whether it is one; then also made ours to read and to move, whatever its mode was."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=place_fd, follow_symlinks=False).st_mode):
        return False
    os.chmod(name, 0o700, dir_fd=place_fd)  # no link: nobody is left to swap it for one
    return True
