"""Fixtures for the tests of accounts: one app, an admin, a worker that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.access.people import Person
from tests.in_process import HandWorker, hand_worker, open_client


@pytest.fixture
def admin(redis_url: str) -> Iterator[Person]:
    """Whoever sits at this machine."""
    with open_client(redis_url) as client:
        yield Person(client, "local")


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    """The workers' side."""
    with hand_worker(redis_url) as worker:
        worker.announce("python")
        yield worker
