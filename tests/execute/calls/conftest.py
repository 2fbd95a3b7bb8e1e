"""One desk for all tests of function problems."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from shared.signatures import LANGUAGES
from tests.execute.calls.desk import Desk


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Desk(tmp_path_factory.mktemp("calls"), LANGUAGES - {"cpp20"}) as opened:
        yield opened


@pytest.fixture
def language(desk: Desk, request: pytest.FixtureRequest) -> str:
    """A language that a test is for; one that is not installed is skipped, but not in CI."""
    name = str(request.param)
    if not desk.has(name):
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not here")
        pytest.skip(f"{name} is not here")
    return name
