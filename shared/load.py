"""How much there is to do, of the service or of one tenant: read from Redis, never counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import redis.asyncio

from shared import keys
from shared.answers import ClassStatus, Totals
from shared.priority import Priority


@dataclass(frozen=True, kw_only=True)
class Load:
    """What waits and runs at one moment."""

    running: int
    delayed: int
    unfinished_bytes: int
    classes: dict[str, ClassStatus]
    #: Of the whole service only.
    totals: Totals = field(default_factory=lambda: Totals(submitted=0, finished=0, cancelled=0))

    @property
    def queued(self) -> int:
        """Those in line, of all classes."""
        return sum(it.queued for it in self.classes.values())

    @property
    def oldest_waiting_ms(self) -> int | None:
        """Age of the oldest of them."""
        ages = [it.oldest_waiting_ms for it in self.classes.values()]
        return max((age for age in ages if age is not None), default=None)


async def of_all(client: redis.asyncio.Redis) -> Load:
    """The load of the service."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.zcard(keys.LEASES)
        pipe.zcard(keys.DELAYED)
        pipe.hgetall(keys.LOAD)
        for rank in range(len(Priority)):
            least, most = keys.ready_range(rank)
            pipe.zcount(keys.READY, least, most)
            pipe.zrangebyscore(keys.READY, least, most, start=0, num=1)
        running, delayed, load, *lines = await pipe.execute()
    count = {name.decode(): int(value) for name, value in load.items()}
    return Load(
        running=running,
        delayed=delayed,
        unfinished_bytes=count.get("bytes", 0),
        classes=await _classes(client, lines[::2], lines[1::2]),
        totals=Totals(
            submitted=count.get("submitted", 0),
            finished=count.get("finished", 0),
            cancelled=count.get("cancelled", 0),
        ),
    )


async def of_tenant(client: redis.asyncio.Redis, tenant: str) -> Load:
    """What one tenant has in it."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.hmget(keys.share(tenant), ["waiting", "running", "bytes"])
        for priority in Priority:
            line = keys.line(priority, tenant)
            pipe.zcard(line)
            pipe.zrange(line, 0, 0)
        share, *lines = await pipe.execute()
    waiting, running, unfinished_bytes = (int(value or 0) for value in share)
    classes = await _classes(client, lines[::2], lines[1::2])
    return Load(
        running=running,
        delayed=max(0, waiting - sum(it.queued for it in classes.values())),
        unfinished_bytes=unfinished_bytes,
        classes=classes,
    )


async def _classes(
    client: redis.asyncio.Redis, counts: Sequence[int], heads: Sequence[Sequence[bytes]]
) -> dict[str, ClassStatus]:
    """Each class, by how many wait in it and which of them is the first."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        for head in heads:
            since = ["queuedMs", "createdMs"]  # the first if it is back in line, or was delayed
            pipe.hmget(keys.submission(head[0].decode() if head else ""), since)
        (seconds, microseconds), *times = await pipe.execute()
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    began = [queued or created for queued, created in times]
    ages = [None if at is None else max(0, now_ms - int(at)) for at in began]
    return {
        name: ClassStatus(queued=count, oldest_waiting_ms=age_ms)
        for name, count, age_ms in zip(Priority, counts, ages, strict=True)
    }
