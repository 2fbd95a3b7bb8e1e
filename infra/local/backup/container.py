"""The file of a backup: a zip with a manifest, in which every member has its SHA-256.

    redis/keys          each key as a length (4 bytes) and MessagePack: name, type, expiry, value
    blobs/<digest>      the files of problems
    named/archive/...   what is archived of submissions
    manifest.json       format, version, schema, when, and each member's size and digest

Nothing of it is ever taken for a path: a blob goes to the store by its digest, a named thing by
its name, and both check what they are given. Reading verifies all of it before anything is
changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from infra.local.backup.snapshot import Row
from infra.local.failure import Failure
from shared import keys
from shared.shelf import NameMissing, check_name

FORMAT = 1
KEYS = "redis/keys"
_MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024
_MOST_MANIFEST = 1 << 30
_DIGEST = re.compile(r"blobs/[0-9a-f]{64}")
#: One key, with its value.
_MOST_ROW = 1 << 30
_ENTRY_ID = re.compile(rb"[0-9]{1,20}-[0-9]{1,20}")
#: How the values of each type are written.
_SHAPES: dict[str, Any] = {
    "string": bytes,
    "hash": list[tuple[bytes, bytes]],
    "list": list[bytes],
    "set": list[bytes],
    "zset": list[tuple[bytes, float]],
    "stream": list[tuple[bytes, list[tuple[bytes, bytes]]]],
}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError)


class Manifest(msgspec.Struct, rename="camel", kw_only=True):
    """What a backup is, and what is in it."""

    format: int
    version: str
    schema: str
    created_ms: int
    server: str
    keys: int
    #: Size and SHA-256 of each member.
    files: dict[str, tuple[int, str]]


class Writer:
    """A backup that is being written; it has its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self.files: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> Self:
        try:
            fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise Failure(f"{self._path} cannot be written: {error.strerror}.") from None
        self._file = os.fdopen(fd, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        return self

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a member."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(name, "w", force_zip64=True) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.files[name] = (size, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and give the file its name."""
        self._zip.writestr(_MANIFEST, msgspec.json.encode(manifest))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self._part, self._path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # the disk is full, which is told already
            self._zip.close()
        self._file.close()
        self._part.unlink(missing_ok=True)


class Reader:
    """A backup that is being read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        try:
            self._zip = zipfile.ZipFile(self._path)
        except OSError as error:
            raise Failure(f"{self._path} cannot be read: {error.strerror}.") from None
        except _BROKEN:
            raise self._damaged("it is no backup, or not all of it") from None
        try:
            self.manifest = self._read_manifest()
        except BaseException:
            self._zip.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def _damaged(self, why: str) -> Failure:
        return Failure(f"The backup {self._path} cannot be used: {why}.")

    def _read_manifest(self) -> Manifest:
        try:
            if self._zip.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
                raise ValueError
            text = self._zip.read(_MANIFEST)
            known = msgspec.json.decode(text)["format"]
        except (*_BROKEN, TypeError):
            raise self._damaged("it has no manifest") from None
        if not isinstance(known, int) or known > FORMAT:
            raise self._damaged(f"its format is {known!r}, this version reads {FORMAT}")
        try:
            return msgspec.json.decode(text, type=Manifest)
        except msgspec.ValidationError:
            raise self._damaged("its manifest is damaged") from None

    def verify(self) -> None:
        """See that all of it is what it was when it was written.

        Raises:
            Failure: it is not.
        """
        names = self._zip.namelist()
        if sorted(names) != sorted([*self.manifest.files, _MANIFEST]):
            raise self._damaged("it does not have what its manifest says")
        for name, (size, digest) in self.manifest.files.items():
            if not _is_ours(name):
                raise self._damaged(f"{name[:80]!r} is nothing that a backup has")
            if self._digest(name) != (size, digest):
                raise self._damaged(f"{name} is damaged")
            if name.startswith("blobs/") and name.removeprefix("blobs/") != digest:
                raise self._damaged(f"{name} is another file")
        try:
            count = sum(1 for _ in self.rows())
        except (*_BROKEN, msgspec.MsgspecError):
            raise self._damaged("its keys are damaged") from None
        if count != self.manifest.keys:
            raise self._damaged("keys are missing")

    def _digest(self, name: str) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in self.chunks(name):
                digest.update(chunk)
                size += len(chunk)
        except (*_BROKEN, RuntimeError):  # a member that asks for a password
            raise self._damaged(f"{name} is damaged") from None
        return size, digest.hexdigest()

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's content."""
        with self._zip.open(name) as member:
            while chunk := member.read(_CHUNK):
                yield chunk

    def rows(self) -> Iterator[Row]:
        """The keys.

        Raises:
            ValueError, MsgspecError: they are damaged.
        """
        decoder = msgspec.msgpack.Decoder(tuple[bytes, str, int, Any])
        with self._zip.open(KEYS) as member:
            while head := member.read(4):
                yield _checked(decoder.decode(_exactly(member, int.from_bytes(head))))


def _checked(row: Row) -> Row:
    """A key that can be put back: a server would refuse others when all that it had is gone."""
    name, kind, at_ms, value = row
    if not name.startswith(keys.PREFIX.encode()) or kind not in _SHAPES or at_ms < 0:
        raise ValueError(name)
    value = msgspec.convert(value, _SHAPES[kind])
    if kind == "zset" and any(score != score for _, score in value):  # not a number
        raise ValueError(name)
    if kind == "stream":
        ids = [entry_id for entry_id, fields in value if fields and _ENTRY_ID.fullmatch(entry_id)]
        places = [tuple(map(int, entry_id.split(b"-"))) for entry_id in ids]
        if len(ids) != len(value) or places != sorted(set(places)):
            raise ValueError(name)
    return name, kind, at_ms, value


def _exactly(member: IO[bytes], size: int) -> bytes:
    data = member.read(size) if size <= _MOST_ROW else b""
    if len(data) != size:
        raise ValueError(size)
    return data


def pack(row: Row) -> bytes:
    """A key as it is written."""
    body = msgspec.msgpack.encode(row)
    return len(body).to_bytes(4) + body


def _is_ours(name: str) -> bool:
    if name == KEYS or _DIGEST.fullmatch(name):
        return True
    try:
        return name.startswith("named/archive") and bool(check_name(name.removeprefix("named/")))
    except NameMissing:
        return False
