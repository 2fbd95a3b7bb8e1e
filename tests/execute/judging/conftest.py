"""One Valkey and one worker with two slots, for all tests of judging."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.valkey import Valkey
from shared.blobs import FolderBlobs
from shared.problems.reader import open_package
from shared.problems.store import store_files
from tests.execute.working import Working, worker
from tests.shared.problems.made import Files, folder


@pytest.fixture(scope="package")
def served(
    tmp_path_factory: pytest.TempPathFactory, blobs_folder: Path
) -> Iterator[tuple[str, Working]]:
    """Their own server: a worker must not take what other tests submit."""
    with Valkey(tmp_path_factory.mktemp("judging")) as server:
        languages = "python,cpp17,cpp20,java"
        folder = str(blobs_folder)
        with worker(server.url, slots=2, ASSAY_LANGUAGES=languages, ASSAY_BLOBS=folder) as working:
            yield server.url, working


@pytest.fixture(scope="package")
def blobs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the worker finds the files of problems."""
    return tmp_path_factory.mktemp("blobs")


#: Stores a package made of these files; gives its digest.
Install = Callable[[Files], str]


@pytest.fixture
def install(blobs_folder: Path, tmp_path: Path) -> Install:
    """For tests with packages of their own."""

    def install(files: Files) -> str:
        with open_package(folder(tmp_path / uuid.uuid4().hex, files)) as opened:
            return store_files(opened, FolderBlobs(blobs_folder))

    return install
