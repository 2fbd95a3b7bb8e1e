"""Fixtures for the tests of `notify`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from infra.local.valkey import Valkey
from shared.connect import blocking_client
from tests.notify.wire import ServerProcess


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the empty test server."""
    with blocking_client(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def server(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server process for all tests that need no other."""
    log = tmp_path_factory.mktemp("notify") / "log"
    with ServerProcess(valkey.url, log=log) as server:
        yield server
        server.stop()
        # Whatever the tests did, no request failed unexpectedly.
        assert "Traceback" not in log.read_text()
