"""Small things by a name, beside the blobs: what may be written again, but by one at a time.

Theory of operation. A blob's name is its content; what lies on the shelf has a name of its
own, so two writers can want the same one. Every write therefore says what it takes the
place of: nothing, or the very version that its writer has read. Who is second is told so
(`NameTaken`), looks again, and decides anew. In a folder a lock makes reading, comparing
and renaming one step, and the file is on the disk before it is there; in a bucket the store
itself keeps the condition (`blobs_s3.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.errors import NotFound

#: Parts of a name: no part can mean another folder.
_NAME = re.compile(r"(?!\.)[\w%~=-]+(/(?!\.)[\w%~=-]+)+", re.ASCII)


class NameTaken(Exception):
    """What is stored under a name is not what its writer believed."""


class NameMissing(NotFound):
    """There is nothing of this name."""


@dataclass(frozen=True)
class Kept:
    """What is stored under a name, as it was read."""

    content: bytes
    version: str


@dataclass(frozen=True)
class Listed:
    """A name, and when it was last written, in Unix time."""

    name: str
    stored_s: float


class Shelf(Protocol):
    """Where named things are kept. All methods may be called by several threads and processes."""

    def put(self, name: str, content: bytes, *, over: str = "") -> None:
        """Store it in the place of the version `over`; without one, where nothing is.

        Raises:
            NameTaken: something else is there; nothing was stored.
        """
        ...

    def get(self, name: str) -> Kept:
        """What is there.

        Raises:
            NameMissing: nothing.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove it, if it is there."""
        ...

    def names(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """What is stored below a prefix, which ends with a slash.

        Args:
            after: only what comes behind this name, in the order in which the store lists it.
        """
        ...


def check_name(name: str) -> str:
    """A name as it may be used; what cannot be one is nowhere.

    Raises:
        NameMissing: it cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise NameMissing(f"{name[:80]!r} is no name")
    return name


class FolderShelf:
    """Named things as files below one folder, beside the blobs of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: bytes, *, over: str = "") -> None:
        path = self._folder / check_name(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Swept with the blobs' own, if we die before it has its name.
        fd, fresh = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with self._lock():
                if _version_of(path) != over:
                    raise NameTaken(name)
                os.replace(fresh, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh)
            raise
        _sync_folder(path.parent)

    def get(self, name: str) -> Kept:
        try:
            content = (self._folder / check_name(name)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise NameMissing(f"there is no {name}") from None
        return Kept(content, _digest(content))

    def delete(self, name: str) -> None:
        path = self._folder / check_name(name)
        if self._folder.is_dir():
            with self._lock():
                path.unlink(missing_ok=True)

    def names(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        top = self._folder / check_name(f"{prefix}any").removesuffix("any")
        seen = after.split("/") if after else []
        for folder, folders, files in os.walk(top):
            here = list(Path(folder).relative_to(self._folder).parts)
            folders[:] = sorted(it for it in folders if [*here, it] >= seen[: len(here) + 1])
            for file in sorted(it for it in files if [*here, it] > seen):
                path = Path(folder) / file
                with contextlib.suppress(FileNotFoundError):
                    yield Listed("/".join([*here, file]), path.stat().st_mtime)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time, of all processes that use this folder; the kernel frees it."""
        fd = os.open(self._folder / ".shelf-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _version_of(path: Path) -> str:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
