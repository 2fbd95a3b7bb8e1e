"""How the service is doing, read from Redis in two round trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis.asyncio

from shared import keys
from shared.answers import ClassStatus, Status, Totals
from shared.archive import archive_status
from shared.errors import Unavailable
from shared.priority import Priority
from shared.workers import workers


async def status(client: redis.asyncio.Redis) -> Status:
    """Queue, slots, workers and totals at this moment."""
    alive = await workers(client)
    async with client.pipeline(transaction=False) as pipe:
        pipe.zcard(keys.LEASES)
        pipe.zcard(keys.DELAYED)
        pipe.hgetall(keys.LOAD)
        for rank in range(len(Priority)):
            least, most = keys.ready_range(rank)
            pipe.zcount(keys.READY, least, most)
            pipe.zrangebyscore(keys.READY, least, most, start=0, num=1)
        running, delayed, load, *lines = await pipe.execute()
    counts, heads = lines[::2], [found[0].decode() if found else "" for found in lines[1::2]]
    classes = await _classes(client, counts, heads)
    count = {name.decode(): int(value) for name, value in load.items()}
    ages = [it.oldest_waiting_ms for it in classes.values() if it.oldest_waiting_ms is not None]
    return Status(
        queued=sum(counts),
        running=running,
        slots=sum(worker.slots for worker in alive),
        oldest_waiting_ms=max(ages, default=None),
        delayed=delayed,
        classes=classes,
        unfinished_bytes=count.get("bytes", 0),
        totals=Totals(
            submitted=count.get("submitted", 0),
            finished=count.get("finished", 0),
            cancelled=count.get("cancelled", 0),
        ),
        archive=await archive_status(client),
        isolation=_agreed([worker.isolation for worker in alive]),
        workers=alive,
    )


async def _classes(
    client: redis.asyncio.Redis, counts: Sequence[int], heads: Sequence[str]
) -> dict[str, ClassStatus]:
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for head in heads:
            pipe.hget(keys.submission(head), "createdMs")
        (seconds, microseconds), *created = await pipe.execute()
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    ages = [None if at is None else max(0, now_ms - int(at)) for at in created]
    return {
        name: ClassStatus(queued=count, oldest_waiting_ms=age_ms)
        for name, count, age_ms in zip(Priority, counts, ages, strict=True)
    }


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
