"""The workers that are alive, and what each one says it can run.

Each worker's heartbeat (`shared/lua/renew.lua`) writes its field of `keys.WORKERS`:
`<seen_ms> <slots> <facts>`, in Redis time, so the clocks of the machines do not matter.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any

import msgspec
import redis.asyncio

from shared import keys
from shared.models import Stored

#: A worker beats once a second; one that missed ten is counted as gone.
ALIVE_MS = 10_000
_CACHE_S = 1.0


class WorkerState(StrEnum):
    """What a worker is about."""

    WORKING = "working"
    #: It finishes what it holds, and takes nothing more.
    DRAINING = "draining"
    #: The same, and it holds nothing any more.
    DRAINED = "drained"
    #: It is about to end.
    STOPPING = "stopping"


class LanguageFacts(Stored):
    """A language that a worker has tried out."""

    name: str
    version: str = ""
    #: How its programs are started as a rule: by exec, or forked.
    start_mode: str = "exec"


class _Facts(Stored):
    languages: list[LanguageFacts] = msgspec.field(default_factory=list)
    isolation: dict[str, Any] = msgspec.field(default_factory=dict)
    state: WorkerState = WorkerState.WORKING
    #: All that it has; what it announces beside its heartbeat are those it works with.
    slots: int = 0
    busy: int = 0
    version: str = ""


class WorkerFacts(Stored, omit_defaults=False, kw_only=True):
    """One living worker."""

    id: str
    state: WorkerState = WorkerState.WORKING
    version: str = ""
    #: Those that take submissions: none while it drains.
    slots: int
    all_slots: int = 0
    #: Submissions that it holds.
    busy: int = 0
    seen_ms_ago: int
    languages: list[LanguageFacts]
    isolation: dict[str, Any]


async def workers(client: redis.asyncio.Redis) -> list[WorkerFacts]:
    """The living workers, in the order of their names."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.hgetall(keys.WORKERS)
        (seconds, microseconds), announced = await pipe.execute()
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    read = (_read(name.decode(), value, now_ms) for name, value in sorted(announced.items()))
    return [worker for worker in read if worker is not None and worker.seen_ms_ago <= ALIVE_MS]


def _read(name: str, value: bytes, now_ms: int) -> WorkerFacts | None:
    try:
        seen_ms, slots, facts_json = value.split(b" ", 2)
        facts = msgspec.json.decode(facts_json, type=_Facts)
        return WorkerFacts(
            id=name,
            state=facts.state,
            version=facts.version,
            slots=int(slots),
            all_slots=facts.slots or int(slots),
            busy=facts.busy,
            seen_ms_ago=max(0, now_ms - int(seen_ms)),
            languages=facts.languages,
            isolation=facts.isolation,
        )
    except (ValueError, msgspec.DecodeError):
        return None  # of another version: it cannot be relied on, but it harms nobody


class Workers:
    """`workers()`, asked for at most once a second."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._known: list[WorkerFacts] = []
        self._stale_at = 0.0

    async def alive(self) -> list[WorkerFacts]:
        """The living workers, as of a second ago or less."""
        if time.monotonic() >= self._stale_at:
            self._known = await workers(self._client)
            self._stale_at = time.monotonic() + _CACHE_S
        return self._known
