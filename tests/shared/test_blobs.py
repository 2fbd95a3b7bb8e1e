"""Blobs: whole or not there, once, checked; the worker's cache stays within its bytes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.blobs import BlobCache, BlobMismatch, BlobMissing, FolderBlobs, open_blobs, read


class Far(FolderBlobs):
    """A store on another machine: it has no local files."""

    opened = 0

    def open(self, digest: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
        self.opened += 1
        return super().open(digest)

    def local(self, digest: str) -> Path | None:
        return None


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_content_is_found_by_its_digest(tmp_path: Path) -> None:
    blobs = open_blobs("", str(tmp_path))
    digest = blobs.put([b"hel", b"lo"])
    assert digest == digest_of(b"hello")
    assert read(blobs, digest) == b"hello"
    assert blobs.put([b"hello"]) == blobs.put([], digest=digest) == digest
    local = blobs.local(digest)
    assert local is not None and tmp_path / "blobs" in local.parents
    blobs.delete(digest)
    blobs.delete(digest)
    assert not blobs.has(digest)
    with pytest.raises(BlobMissing):
        read(blobs, digest)


def test_what_is_not_what_it_should_be_is_not_stored(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    with pytest.raises(BlobMismatch):
        blobs.put([b"other"], digest=digest_of(b"hello"))

    def breaks() -> Iterator[bytes]:
        yield b"hel"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        blobs.put(breaks())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_what_is_no_digest_is_not_there(tmp_path: Path, name: str) -> None:
    blobs = FolderBlobs(tmp_path)
    with pytest.raises(BlobMissing):
        blobs.open(name)
    assert not blobs.has(name)
    blobs.delete(name)


def test_what_is_old_is_listed_and_what_is_asked_for_is_young_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    old, young = blobs.put([b"old"]), blobs.put([b"young"])
    for digest in (old, young):
        path = blobs.local(digest)
        assert path is not None
        os.utime(path, (0, 0))
    (tmp_path / ".new-crashed").touch()
    os.utime(tmp_path / ".new-crashed", (0, 0))
    blobs.put([b"young"])
    assert blobs.has(young)
    assert list(blobs.old(60)) == [old]
    assert not (tmp_path / ".new-crashed").exists()


def test_many_writers_of_the_same_content(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    content = [b"x" * 100_000] * 10
    threads = [threading.Thread(target=blobs.put, args=(content,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_cache_in_front_of_local_files_copies_nothing(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    cache = BlobCache(blobs, tmp_path / "cache", 100)
    digest = blobs.put([b"hello"])
    assert cache.path(digest) == blobs.local(digest)
    assert cache.read(digest) == b"hello"
    assert cache.copied_bytes == 0


def test_a_cache_keeps_what_was_used_last_within_its_bytes(tmp_path: Path) -> None:
    blobs = Far(tmp_path / "blobs")
    cache = BlobCache(blobs, tmp_path / "cache", 100)
    a, b, c = (blobs.put([letter * 40]) for letter in (b"a", b"b", b"c"))
    for digest in (a, b, a, c):
        assert len(cache.read(digest)) == 40
    assert blobs.opened == 3
    cache.read(a)
    assert blobs.opened == 3, "a was used after b, so b went"
    cache.read(b)
    assert blobs.opened == 4
    large = blobs.put([b"x" * 1000])
    assert len(cache.read(large)) == 1000
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [large], "the last one stays, however large"
    # Another process of this worker's goes on with the same folder
    again = BlobCache(blobs, tmp_path / "cache", 100)
    assert len(again.read(large)) == 1000
    assert again.copied_bytes == 0
    with pytest.raises(BlobMissing):
        cache.read("0" * 64)
