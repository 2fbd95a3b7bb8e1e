"""What every kind of blob store must do, and what only a far one can meet."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared import blobs_s3
from shared.blobs import (
    BlobCache,
    BlobDamaged,
    BlobMismatch,
    BlobMissing,
    Blobs,
    BlobsAway,
    FolderBlobs,
    open_blobs,
    read,
)
from shared.blobs_s3 import S3Blobs, connect
from shared.errors import from_exception
from shared.settings import SettingsError
from tests.s3 import BUCKET, PLACE, SECRET, FarStore, far_store, key_of

#: Goes up in parts: more than two of them.
LARGE = [bytes([number]) * 1024 * 1024 for number in range(17)]


@pytest.fixture(scope="module")
def server() -> Iterator[FarStore]:
    with far_store() as store:
        yield store


@pytest.fixture
def far(server: FarStore) -> FarStore:
    server.empty()
    return server


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, far: FarStore) -> Blobs:
    return FolderBlobs(tmp_path) if request.param == "folder" else far.blobs()


def digest_of(*content: bytes) -> str:
    return hashlib.sha256(b"".join(content)).hexdigest()


def listed(blobs: Blobs) -> list[str]:
    return sorted(blobs.old(-60))


def test_content_is_found_by_its_digest_until_it_is_deleted(blobs: Blobs) -> None:
    digest = blobs.put([b"hel", b"lo"])
    assert digest == digest_of(b"hello")
    assert blobs.put([b"hello"]) == blobs.put([], digest=digest) == digest
    assert read(blobs, digest) == b"hello"
    assert blobs.put([]) == digest_of(b"")
    assert read(blobs, digest_of(b"")) == b""
    assert listed(blobs) == sorted([digest, digest_of(b"")])
    assert list(blobs.old(60)) == []
    blobs.delete(digest)
    blobs.delete(digest)
    assert not blobs.has(digest)
    with pytest.raises(BlobMissing) as missing:
        read(blobs, digest)
    assert from_exception(missing.value).document()["status"] == 404


def test_what_is_large_goes_and_comes_in_pieces(blobs: Blobs) -> None:
    digest = digest_of(*LARGE)
    assert blobs.put(iter(LARGE), digest=digest) == digest
    assert blobs.put(iter(LARGE)) == digest
    with blobs.open(digest) as stream:
        assert [stream.read(1024 * 1024) for _ in LARGE] == LARGE
        assert stream.read(1) == b""


def test_what_is_not_what_it_should_be_is_not_stored(blobs: Blobs) -> None:
    with pytest.raises(BlobMismatch):
        blobs.put([b"other"], digest=digest_of(b"hello"))

    def breaks() -> Iterator[bytes]:
        yield b"hel"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        blobs.put(breaks())
    assert listed(blobs) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_what_is_no_digest_is_not_there(blobs: Blobs, name: str) -> None:
    with pytest.raises(BlobMissing):
        blobs.open(name)
    assert not blobs.has(name)
    blobs.delete(name)


@pytest.mark.parametrize("content", [[b"small"], LARGE], ids=["small", "large"])
def test_of_many_writers_of_the_same_content_each_succeeds(
    blobs: Blobs, content: list[bytes]
) -> None:
    stored: list[str] = []
    ready = threading.Barrier(3)

    def chunks() -> Iterator[bytes]:
        ready.wait(60)  # all of them have seen that it is not there
        yield from content

    def write() -> None:
        stored.append(blobs.put(chunks(), digest=digest_of(*content)))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored == [digest_of(*content)] * 3
    assert read(blobs, stored[0]) == b"".join(content)


@pytest.mark.parametrize("content", [[b"small"], LARGE], ids=["small", "large"])
def test_nobody_writes_over_what_is_there(far: FarStore, content: list[bytes]) -> None:
    """The condition is the store's: also who believes that nothing is there changes nothing."""
    blobs = far.blobs()
    digest = digest_of(*content)
    far.damage(digest)
    far.age(digest)
    where = {"Bucket": BUCKET, "Key": key_of(digest)}
    before = far.client.head_object(**where)["LastModified"]
    assert blobs.put(content) == digest
    assert far.client.get_object(**where)["Body"].read() == b"damaged"
    assert far.client.head_object(**where)["LastModified"] > before, "young again"
    assert far.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_what_is_old_is_listed_and_what_is_asked_for_is_young_again(far: FarStore) -> None:
    blobs = far.blobs()
    old, young = blobs.put([b"old"]), blobs.put([b"young"])
    far.client.put_object(Bucket=BUCKET, Key="problems/notes.txt", Body=b"not ours")
    upload = {"Bucket": BUCKET, "Key": key_of("0" * 64)}
    far.client.create_multipart_upload(**upload)
    for digest in (old, young):
        far.age(digest)
    assert blobs.has(young)
    assert list(blobs.old(60)) == [old]
    assert far.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_an_upload_that_fails_leaves_no_parts(
    far: FarStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(far.endpoint, attempts=1)
    monkeypatch.setattr(client, "upload_part", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        S3Blobs(PLACE, client).put(LARGE)
    assert far.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_a_damaged_object_is_told_and_never_served(
    far: FarStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blobs = far.blobs()
    digest = blobs.put([b"hello"])
    far.damage(digest)
    with pytest.raises(BlobDamaged) as damaged:
        blobs.open(digest)
    assert from_exception(damaged.value).document()["status"] == 500
    assert digest in caplog.text
    with pytest.raises(BlobDamaged):
        BlobCache(blobs, tmp_path, 1000).read(digest)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_store_that_is_away_is_told_and_used_again_when_it_is_back(
    far: FarStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    blobs = far.blobs()
    digest = blobs.put([b"hello"])
    far.leave()
    try:
        for call in (
            lambda: blobs.put([b"more"]),
            lambda: blobs.open(digest),
            lambda: blobs.has(digest),
            lambda: blobs.delete(digest),
            lambda: list(blobs.old(0)),
        ):
            with pytest.raises(BlobsAway) as away:
                call()
            problem = from_exception(away.value)
            assert (problem.status, problem.slug) == (503, "unavailable")
            assert problem.retry_after_s > 0
    finally:
        far.come_back()
    assert read(blobs, digest) == b"hello"
    assert SECRET not in caplog.text
    assert "Signature" not in caplog.text


def test_a_bucket_that_is_not_there_is_no_missing_blob(far: FarStore) -> None:
    blobs = S3Blobs("s3://another-bucket", connect(far.endpoint, attempts=1))
    for call in (lambda: blobs.put([b"x"]), lambda: blobs.open("0" * 64)):
        with pytest.raises(BlobsAway):
            call()


def test_the_setting_chooses(far: FarStore, tmp_path: Path) -> None:
    assert isinstance(open_blobs("", str(tmp_path)), FolderBlobs)
    assert isinstance(open_blobs(str(tmp_path), ""), FolderBlobs)
    blobs = open_blobs(f"s3://{BUCKET}", "", far.endpoint)
    digest = blobs.put([b"hello"])
    assert far.keys() == [f"{digest[:2]}/{digest}"], "laid out as in a folder"
    for place in ("s3://", "s3:bucket", "s3://Bucket", "s3://bucket//x", "gs://bucket"):
        with pytest.raises(SettingsError, match="blobs: "):
            open_blobs(place, "", far.endpoint)
    with pytest.raises(SettingsError, match="blobs_endpoint: "):
        open_blobs(PLACE, "", "no address")


def test_who_has_a_folder_pays_for_no_client() -> None:
    code = (
        "import sys; from infra.local.host import create_app; from shared.settings import Settings;"
        "create_app(Settings(redis_url='redis://127.0.0.1:1')); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_was_stored_lately_is_not_copied_each_time(
    far: FarStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(far.endpoint, attempts=1)
    blobs = S3Blobs(PLACE, client)
    digest = blobs.put([b"hello"])
    monkeypatch.setattr(client, "copy_object", lambda **_: 1 / 0)
    assert blobs.has(digest)
    monkeypatch.setattr(blobs_s3, "_REFRESH", timedelta(hours=-1))
    with pytest.raises(ZeroDivisionError):
        blobs.has(digest)
