"""One Valkey and one worker with two slots, for the tests that do them no harm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.valkey import Valkey
from tests.execute.core import Core
from tests.execute.working import Working, worker


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Working]]:
    """Their own server: a worker must not take what other tests submit."""
    with Valkey(tmp_path_factory.mktemp("served")) as server:
        with worker(server.url, slots=2) as working:
            yield server.url, working


@pytest.fixture
def core(served: tuple[str, Working]) -> Iterator[Core]:
    """The store of that server."""
    with Core(served[0]) as opened:
        yield opened
