"""What tests of the core stand on: a client of the emptied store, and a worker's hand in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from shared.claims import Claims
from tests.shared import submissions as subs


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture
def claims(client: redis.Redis) -> Claims:
    return subs.claims(client)
