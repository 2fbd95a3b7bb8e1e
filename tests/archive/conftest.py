"""A service that archives, in this process, and the stores it archives to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from functions.archive import archiver
from shared.blobs import Blobs, FolderBlobs
from tests.archive.keeping import Keeping, keeping
from tests.s3 import PLACE, FarStore, far_store


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archivers of this process look often: a second for each wait is most of these tests."""
    monkeypatch.setattr(archiver, "LOOK_S", 0.05)


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Iterator[FarStore]:
    with far_store() as store:
        yield store


@pytest.fixture
def far(server: FarStore) -> FarStore:
    server.empty()
    return server


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of a store of files, of each kind."""
    if request.param == "folder":
        return {}
    far: FarStore = request.getfixturevalue("far")
    return {"blobs": "s3://assay-tests/problems", "blobs_endpoint": far.endpoint}


@pytest.fixture
def service(redis_url: str, tmp_path: Path) -> Iterator[Keeping]:
    """A service whose store of files is a folder."""
    with keeping(redis_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def far_service(redis_url: str, tmp_path: Path, far: FarStore) -> Iterator[Keeping]:
    """A service whose store of files is a bucket."""
    with keeping(redis_url, tmp_path, blobs=PLACE, blobs_endpoint=far.endpoint) as opened:
        yield opened


@pytest.fixture(params=["service", "far_service"])
def any_service(request: pytest.FixtureRequest) -> Keeping:
    """A service with each kind of store."""
    opened: Keeping = request.getfixturevalue(request.param)
    return opened


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """Each kind of store."""
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    far: FarStore = request.getfixturevalue("far")
    return far.blobs()
