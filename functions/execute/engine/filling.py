"""Putting a program's files into the work folder of its run, before anything of it runs there.

Names were checked long before; here none is followed that could lead anywhere else.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping


def fill(box_fd: int, files: Mapping[str, bytes], owner: int) -> None:
    """Put files, and folders (their names end as one), below `work`.

    Args:
        owner: the user that they are given to, or -1.

    Raises:
        ValueError: one has no name for the work folder.
    """
    if not files:
        return
    work = os.open("work", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=box_fd)
    for name, data in files.items():
        if name.endswith("/"):
            _put_folder(work, name.rstrip("/"), owner)
        else:
            _put(work, name, data, owner)
    os.close(work)


def _put_folder(work: int, name: str, owner: int) -> None:
    parts = name.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError(f"{name!r} is no name of a file in the work folder")
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, dir_fd=work)
        if owner >= 0:
            os.chown(folder, owner, owner, dir_fd=work, follow_symlinks=False)


def _put(work: int, name: str, content: bytes, owner: int) -> None:
    folder, _, last = name.rpartition("/")
    if last in ("", ".", ".."):
        raise ValueError(f"{name!r} is no name of a file in the work folder")
    if folder:
        _put_folder(work, folder, owner)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o755, dir_fd=work)
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
    if owner >= 0:
        os.fchown(file, owner, owner)
    os.close(file)


__all__ = ["fill"]
