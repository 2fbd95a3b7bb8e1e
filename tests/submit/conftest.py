from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.in_process import HandWorker, hand_worker, open_client


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    with open_client(redis_url) as opened:
        yield opened


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    with hand_worker(redis_url) as worker:
        yield worker
