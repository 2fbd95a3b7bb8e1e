"""Hubs and readers for the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from typing import Any, TypeVar

import redis

from functions.notify.events import Event, parse_cursor
from functions.notify.hub import Hub
from shared.connect import async_client
from shared.identity import LOCAL_TENANT
from shared.settings import Settings
from shared.store import Store

T = TypeVar("T")

#: Nothing here takes so long; a machine under load must not fail a test.
PATIENCE_S = 40.0


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine, but not for ever."""

    async def bounded() -> T:
        async with asyncio.timeout(PATIENCE_S):
            return await main

    return asyncio.run(bounded())


@asynccontextmanager
async def hub_on(
    url: str,
    *,
    sweep_s: float = 3600.0,
    kind: type[Hub] = Hub,
    max_streams: int = 5000,
    tenant_max_streams: int = 4000,
) -> AsyncIterator[Hub]:
    """A hub of its own. Unless asked for, it does not sweep: repairs must have a reason."""
    settings = Settings(
        redis_url=url, max_streams=max_streams, tenant_max_streams=tenant_max_streams
    )
    client = async_client(url)
    hub = kind(Store(client, settings), sweep_s=sweep_s)
    try:
        yield hub
    finally:
        await hub.aclose()
        await client.aclose()


async def follow(
    hub: Hub,
    submission_id: str,
    after: str | None = None,
    *,
    into: list[Event] | None = None,
    tenant: str = LOCAL_TENANT,
) -> list[Event]:
    """All events to the end of the stream; also put into `into` as they come."""
    seen: list[Event] = [] if into is None else into
    cursor = parse_cursor(after, field="after")
    with closing(await hub.follow(submission_id, cursor, tenant=tenant)) as reader:
        while not reader.has_ended and not reader.is_closing:
            seen.extend(await reader.read(1.0))
    return seen


async def until(what: Callable[[], object]) -> None:
    """Wait for something that will come; `run` limits the patience."""
    while not what():
        await asyncio.sleep(0.005)


def ids(events: list[Event]) -> list[str]:
    return [event.id for event in events]


def kinds(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def subscribers(client: redis.Redis, channel: str) -> int:
    """How many connections are subscribed to a channel."""
    counted = client.pubsub_numsub(channel)
    return int(counted[0][1])


def kill_pubsub(client: redis.Redis) -> None:
    """Cut every pub/sub connection of the server."""
    client.client_kill_filter(_type="pubsub")
