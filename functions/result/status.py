"""How the service is doing, read from Redis in a few round trips.

The operator is told of all of it. Any other caller is told what is his own, and of the rest
only whether there is room: how much others submit, and on which machines it runs, is not his.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis.asyncio

from shared import load
from shared.answers import Status
from shared.archive import archive_status
from shared.identity import Caller, is_operator
from shared.settings import Settings
from shared.workers import workers


async def status(client: redis.asyncio.Redis, settings: Settings, caller: Caller) -> Status:
    """Queue, slots, workers and totals at this moment, as far as they are the caller's."""
    alive = await workers(client)
    whole = await load.of_all(client)
    slots = sum(worker.slots for worker in alive)
    sees_all = is_operator(caller)
    shown = whole if sees_all else await load.of_tenant(client, caller.tenant)
    return Status(
        state=_state(whole, slots, settings),
        queued=shown.queued,
        running=shown.running,
        slots=slots,
        oldest_waiting_ms=shown.oldest_waiting_ms,
        delayed=shown.delayed,
        classes=shown.classes,
        unfinished_bytes=shown.unfinished_bytes,
        totals=whole.totals if sees_all else None,
        archive=await archive_status(client) if sees_all else None,
        isolation=_agreed([worker.isolation for worker in alive]),
        workers=alive if sees_all else None,
    )


def _state(whole: load.Load, slots: int, settings: Settings) -> str:
    if not slots:
        return "down"
    full = whole.queued + whole.delayed >= settings.max_queued
    if full or whole.unfinished_bytes >= settings.max_queued_bytes:
        return "full"
    return "busy" if whole.queued else "idle"


def _agreed(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if not facts:
        return {}
    first, *others = facts
    return {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
