"""The store that the settings name, for a command that may come while nothing runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from infra.local.state import StateFolder, read_runner
from infra.local.valkey import Valkey
from shared.settings import Settings


@contextlib.contextmanager
def store_url(settings: Settings, state: Path) -> Iterator[str]:
    """Its URL; the embedded one of a state folder is started for the moment if it does not run."""
    url = settings.redis_url or str(read_runner(state).get("redisUrl", ""))
    if url:
        yield url
        return
    with StateFolder(state), Valkey(state) as server:
        yield server.url
