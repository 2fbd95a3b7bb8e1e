"""Bytes by their digest: what is too large for Redis, and never changes once it is there.

Theory of operation. A blob's name is the SHA-256 of its content, so a write can be
repeated, a name cannot come to mean something else, and who has a name can check what it
gets. In a folder a blob is written beside its place, synced and renamed into it: a reader
sees it whole or not at all, also after a crash. Removing is for who knows that nobody
refers to a blob any more; `put` makes an old blob young again, so a sweep that spares
what is young never takes what is being referred to at this moment.

`Blobs` is all that the rest of Assay knows. Here is the kind that is a folder; `blobs_s3` is
another one with the same methods.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from shared.errors import Internal, NotFound, Unavailable
from shared.settings import SettingsError
from shared.shelf import FolderShelf, Shelf

DIGEST = re.compile(r"[0-9a-f]{64}")
#: No blob has this name; a store that says so can be reached.
NOWHERE = "0" * 64
_CHUNK = 1024 * 1024
#: What a killed writer left half-written is removed after so long.
_STALE_S = 3600


class BlobMissing(NotFound):
    """There is no blob of this digest here."""


class BlobMismatch(Exception):
    """What was to be stored under a digest is something else."""


class BlobDamaged(Internal):
    """What is stored under a digest is something else; nobody gets it."""


class BlobsAway(Unavailable):
    """The store cannot be used at the moment."""


class Blobs(Protocol):
    """Where blobs are kept. All methods may be called by several threads and processes.

    A store on other machines may raise `BlobsAway` from each of them.
    """

    def put(self, chunks: Iterable[bytes], *, digest: str = "") -> str:
        """Store content, once; gives its digest.

        Raises:
            BlobMismatch: it is not what `digest` says; nothing was stored.
        """
        ...

    def open(self, digest: str) -> BinaryIO:
        """Content as a stream.

        Raises:
            BlobMissing: it is not there.
            BlobDamaged: it is not what it was; only a store on other machines looks.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether it is there; who is told so may refer to it as if it was just stored."""
        ...

    def delete(self, digest: str) -> None:
        """Remove it, if it is there."""
        ...

    def old(self, than_s: float) -> Iterator[str]:
        """Digests of what was stored longer ago than this."""
        ...

    def local(self, digest: str) -> Path | None:
        """The file that it is, where there is one on this machine."""
        ...

    def shelf(self) -> Shelf:
        """Where things are kept beside the blobs that have a name of their own."""
        ...


def read(blobs: Blobs, digest: str) -> bytes:
    """The whole content.

    Raises:
        BlobMissing: it is not there.
    """
    with blobs.open(digest) as stream:
        return stream.read()


def open_blobs(place: str, state: str, endpoint: str = "") -> Blobs:
    """The store that the setting `blobs` names: a bucket, a folder, or the state folder's own.

    Raises:
        SettingsError: it is neither.
    """
    if place.startswith("s3:"):
        from shared.blobs_s3 import S3Blobs, connect  # boto3 only where it is asked for

        return S3Blobs(place, connect(endpoint))
    if "://" in place:
        raise SettingsError(f"blobs: {place!r} is neither a folder nor s3://bucket/prefix")
    return FolderBlobs(Path(place) if place else Path(state) / "blobs")


class FolderBlobs:
    """Blobs as files, `ab/abcdef...`, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise BlobMissing(f"{digest[:80]!r} is no digest")
        return self._folder / digest[:2] / digest

    def put(self, chunks: Iterable[bytes], *, digest: str = "") -> str:
        if digest and self.has(digest):
            return digest
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, fresh = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        try:
            found = _write(fd, chunks)
            if digest and found != digest:
                raise BlobMismatch(f"the content has the digest {found}, not {digest}")
            path = self._path(found)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            os.replace(fresh, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh)
            raise
        return found

    def open(self, digest: str) -> BinaryIO:
        try:
            return self._path(digest).open("rb")
        except FileNotFoundError:
            raise BlobMissing(f"there is no blob {digest}") from None

    def has(self, digest: str) -> bool:
        try:
            os.utime(self._path(digest))
        except (BlobMissing, FileNotFoundError):
            return False
        return True

    def delete(self, digest: str) -> None:
        with contextlib.suppress(BlobMissing):
            self._path(digest).unlink(missing_ok=True)

    def old(self, than_s: float) -> Iterator[str]:
        for path in self._folder.glob("??/*"):
            if _older(path, than_s):
                yield path.name
        for path in self._folder.glob(".new-*"):
            if _older(path, _STALE_S):
                path.unlink(missing_ok=True)

    def local(self, digest: str) -> Path | None:
        path = self._path(digest)
        return path if path.exists() else None

    def shelf(self) -> Shelf:
        return FolderShelf(self._folder)


def _write(fd: int, chunks: Iterable[bytes]) -> str:
    """Write everything to a new file, down to the disk; its digest."""
    digest = hashlib.sha256()
    with os.fdopen(fd, "wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _older(path: Path, than_s: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > than_s
    except FileNotFoundError:
        return False


class BlobCache:
    """Blobs as local files: the store's own where it has some, else copies, bounded in bytes.

    What was used last stays longest. A blob that is larger than the whole cache is kept
    until the next one is asked for. The folder belongs to one process.
    """

    def __init__(self, blobs: Blobs, folder: Path, most_bytes: int) -> None:
        self._blobs = blobs
        self._copies = FolderBlobs(folder)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        #: Digest -> size, the one used last at the end.
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self.copied_bytes = 0
        for digest in list(self._copies.old(-1)):
            path = self._copies.local(digest)
            self._sizes[digest] = path.stat().st_size if path else 0

    def read(self, digest: str) -> bytes:
        """The whole content.

        Raises:
            BlobMissing: the store has no such blob.
        """
        for _ in range(2):
            # Another thread may push it out of the cache between the two steps.
            with contextlib.suppress(FileNotFoundError):
                return self.path(digest).read_bytes()
        return read(self._blobs, digest)

    def path(self, digest: str) -> Path:
        """A file with the content, to be read at once.

        Raises:
            BlobMissing: the store has no such blob.
        """
        if (local := self._blobs.local(digest)) is not None:
            return local
        with self._lock:
            if digest in self._sizes:
                self._sizes.move_to_end(digest)
                if (known := self._copies.local(digest)) is not None:
                    return known
        return self._copy(digest)

    def _copy(self, digest: str) -> Path:
        with self._blobs.open(digest) as stream:
            self._copies.put(iter(lambda: stream.read(_CHUNK), b""), digest=digest)
        path = self._copies.local(digest)
        assert path is not None
        size = path.stat().st_size
        with self._lock:
            self._sizes[digest] = size
            self._sizes.move_to_end(digest)
            self.copied_bytes += size
            while sum(self._sizes.values()) > self._most_bytes and len(self._sizes) > 1:
                oldest, _ = self._sizes.popitem(last=False)
                self._copies.delete(oldest)
        return path
