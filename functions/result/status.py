"""How the service is doing, read from Redis in two round trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis.asyncio

from shared import keys
from shared.answers import Status, Totals
from shared.errors import Unavailable
from shared.workers import workers


async def status(client: redis.asyncio.Redis) -> Status:
    """Queue, slots, workers and totals at this moment."""
    alive = await workers(client)
    async with client.pipeline(transaction=False) as pipe:
        pipe.zcard(keys.READY)
        pipe.zcard(keys.LEASES)
        pipe.hgetall(keys.LOAD)
        pipe.zrange(keys.READY, 0, 0)
        queued, running, load, oldest = await pipe.execute()
    count = {name.decode(): int(value) for name, value in load.items()}
    return Status(
        queued=queued,
        running=running,
        slots=sum(worker.slots for worker in alive),
        oldest_waiting_ms=await _age_ms(client, oldest[0].decode()) if oldest else None,
        unfinished_bytes=count.get("bytes", 0),
        totals=Totals(
            submitted=count.get("submitted", 0),
            finished=count.get("finished", 0),
            cancelled=count.get("cancelled", 0),
        ),
        isolation=_agreed([worker.isolation for worker in alive]),
        workers=alive,
    )


async def _age_ms(client: redis.asyncio.Redis, submission_id: str) -> int | None:
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.hget(keys.submission(submission_id), "createdMs")
        (seconds, microseconds), created_ms = await pipe.execute()
    if created_ms is None:
        return None
    return max(0, int(seconds) * 1000 + int(microseconds) // 1000 - int(created_ms))


def _agreed(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not facts:
        return {}
    first, *others = facts
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }


async def check_ready(client: redis.asyncio.Redis) -> None:
    """See whether a submission taken now would be judged.

    Raises:
        Unavailable: Redis does not answer, or no worker is alive.
    """
    await client.ping()
    if not await workers(client):
        raise Unavailable("no worker is alive; submissions are taken and wait", retry_after_s=2)
