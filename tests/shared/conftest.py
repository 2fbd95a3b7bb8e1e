"""What tests of the core stand on: a client of the emptied store, claims in it, a served edge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from shared.claims import Claims
from tests.shared import submissions as subs
from tests.shared.edge import EDGE, HASTY, Served, serving


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened


@pytest.fixture
def claims(client: redis.Redis) -> Claims:
    return subs.claims(client)


@pytest.fixture(scope="module")
def one() -> Iterator[Served]:
    """A server with the edge's usual patience."""
    with serving(EDGE) as server:
        yield server


@pytest.fixture
def served(one: Served) -> Served:
    """The patient one; nothing is left of the test before."""
    one.await_open(0)
    return one


@pytest.fixture(scope="module")
def hasty() -> Iterator[Served]:
    """The one without patience."""
    with serving(HASTY) as server:
        yield server
