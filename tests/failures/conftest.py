"""The test server's store, empty. Each test starts the workers it is about to lose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execute.core import Core


@pytest.fixture
def core(redis_url: str) -> Iterator[Core]:
    with Core(redis_url) as opened:
        yield opened
