"""Bringing files of a dead run back: never following a link, never more than asked for.

A run may have left anything: a link to a device, a FIFO, a million folders. Everything is
opened beneath the run's own folder, without links; only regular files are read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator

from functions.execute.engine import syscalls

_MOST_NAMES = 4_096
_DEEPEST = 8


def regular(box_fd: int, name: str, room: int) -> bytes | None:
    """The content of a regular file of the work folder, if it is one and there is room."""
    if ".." in name.split("/"):  # beneath the box is not beneath the work folder
        return None
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK  # a FIFO must not stop us
        fd = syscalls.open_beneath(box_fd, f"work/{name}", flags)
    except (OSError, ValueError):  # not there, not reachable so, or no name at all
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > room:
            return None
        return os.read(fd, status.st_size)
    finally:
        os.close(fd)


def matching(box_fd: int, patterns: Iterable[str]) -> list[str]:
    """Names below the work folder that match a pattern, in order.

    `*` stands for anything within one part of a name, `**/` for any folders, or none.
    """
    expressions = [re.compile(_expression(pattern)) for pattern in patterns]
    found: list[str] = []
    for name in _names(box_fd) if expressions else ():
        if any(expression.fullmatch(name) for expression in expressions):
            found.append(name)
        if len(found) == _MOST_NAMES:
            break
    return sorted(found)


def _expression(pattern: str) -> str:
    pieces = {"**/": "(?:[^/]+/)*", "*": "[^/]*"}
    parts = re.split(r"(\*\*/|\*)", pattern)
    return "".join(pieces.get(part, re.escape(part)) for part in parts)


def _names(box_fd: int) -> Iterator[str]:
    """Files that may be regular ones, the shallow ones first."""
    folders = [""]
    for folder in folders:
        try:
            fd = syscalls.open_beneath(box_fd, f"work/{folder}", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            with os.scandir(fd) as entries:
                found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        finally:
            os.close(fd)
        for name, is_folder in found:
            if not name.isprintable():  # nor anything that is not UTF-8
                continue
            if not is_folder:
                yield folder + name
            elif folder.count("/") < _DEEPEST:
                folders.append(f"{folder}{name}/")
