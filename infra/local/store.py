"""The store that the settings name, for a command that may come while nothing runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import redis.asyncio

from infra.local.external import redacted
from infra.local.failure import Failure
from infra.local.state import StateFolder, read_runner, state_folder
from infra.local.valkey import Valkey
from shared.connect import async_client
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


def with_store(settings: Settings, action: Callable[[redis.asyncio.Redis], Awaitable[int]]) -> int:
    """Do something with the store of these settings, whether or not Assay runs on it.

    Raises:
        Failure: it does not answer.
    """

    async def run(url: str) -> int:
        async with async_client(url) as client:
            return await action(client)

    with store_url(settings, state_folder(settings)) as url:
        try:
            return asyncio.run(run(url))
        except (redis.RedisError, OSError) as error:
            raise Failure(f"Redis at {redacted(url)} does not answer ({error}).", 2) from None
