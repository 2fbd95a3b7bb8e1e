"""Both ways to start, next to each other, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execute.start_modes.twins import Twins


@pytest.fixture(scope="package")
def twins() -> Iterator[Twins]:
    """Under a pinned hash seed."""
    pair = Twins()
    yield pair
    pair.close()


@pytest.fixture(scope="package")
def chance() -> Iterator[Twins]:
    """Under no pinned hash seed, as in service."""
    pair = Twins({})
    yield pair
    pair.close()
