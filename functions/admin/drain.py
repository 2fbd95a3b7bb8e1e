"""Drain a worker: it finishes what it holds and takes nothing more, until it is told to go on.

The wish is kept in Redis, where `claim.lua` looks, so it holds from this moment on. The
worker hears of it with its next heartbeat and says how far it is. The wish goes with the
worker: one that is started anew has another id.
"""

from __future__ import annotations

import time
from typing import Any

import redis.asyncio

from shared import keys
from shared.errors import NotFound
from shared.operations import Drained
from shared.workers import WorkerFacts, WorkerState, workers


async def drain(client: redis.asyncio.Redis, worker_id: str, *, draining: bool) -> Drained:
    """Tell a worker to take nothing more, or to go on.

    Raises:
        NotFound: no such worker is alive.
    """
    alive = {worker.id: worker for worker in await workers(client)}
    if worker_id not in alive:
        raise NotFound(f"no worker {worker_id!r} is alive")
    if draining:
        await client.hsetnx(keys.DRAINING, worker_id, str(int(time.time() * 1000)))
    else:
        await client.hdel(keys.DRAINING, worker_id)
    return Drained(id=worker_id, draining=draining, state=state_of(alive[worker_id], draining))


async def wishes(client: redis.asyncio.Redis) -> frozenset[str]:
    """The workers that were told to take nothing more."""
    told: Any = await client.hkeys(keys.DRAINING)
    return frozenset(name.decode() for name in told)


def state_of(worker: WorkerFacts, draining: bool) -> WorkerState:
    """What a worker is about: what it has last said, or what it has been told since then."""
    if draining and worker.state is WorkerState.WORKING:
        return WorkerState.DRAINING
    if not draining and worker.state in (WorkerState.DRAINING, WorkerState.DRAINED):
        return WorkerState.WORKING
    return worker.state
