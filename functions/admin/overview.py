"""The whole service at one moment, for its operator. Every list in it is bounded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec
import redis.asyncio

from functions.admin.drain import state_of, wishes
from functions.admin.letters import Letters
from shared import keys, load
from shared.archive import archive_status
from shared.models import Stored
from shared.operations import (
    JudgeError,
    LanguageOverview,
    Overview,
    QueueOverview,
    WebhooksOverview,
    WorkerOverview,
)
from shared.version import VERSION
from shared.workers import WorkerFacts, workers


async def overview(client: redis.asyncio.Redis) -> Overview:
    """Queue, workers, languages, and what went wrong."""
    alive = await workers(client)
    whole = await load.of_all(client)
    letters, draining = Letters(client), await wishes(client)
    return Overview(
        version=VERSION,
        queue=QueueOverview(
            queued=whole.queued,
            running=whole.running,
            delayed=whole.delayed,
            oldest_waiting_ms=whole.oldest_waiting_ms,
            unfinished_bytes=whole.unfinished_bytes,
            classes=whole.classes,
        ),
        slots=sum(worker.slots for worker in alive),
        busy=whole.running,
        totals=whole.totals,
        workers=[_worker(worker, worker.id in draining) for worker in alive],
        languages=_languages(alive),
        archive=await archive_status(client),
        judge_errors=await _judge_errors(client),
        webhooks=WebhooksOverview(
            waiting=await client.zcard(keys.DELIVERIES), dead=await letters.count()
        ),
        dead_letters=await letters.newest(),
    )


def _worker(worker: WorkerFacts, draining: bool) -> WorkerOverview:
    return WorkerOverview(
        id=worker.id,
        state=state_of(worker, draining),
        version=worker.version,
        slots=worker.all_slots,
        busy=worker.busy,
        seen_ms_ago=worker.seen_ms_ago,
        isolation=str(worker.isolation.get("level", "unknown")),
        facts=worker.isolation,
        languages=worker.languages,
    )


def _languages(alive: Sequence[WorkerFacts]) -> list[LanguageOverview]:
    versions: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for worker in alive:
        for language in worker.languages:
            versions[language.name][language.version] += 1
    return [LanguageOverview(name=name, versions=dict(versions[name])) for name in sorted(versions)]


class _Said(Stored):
    message: str | None = None


async def _judge_errors(client: redis.asyncio.Redis) -> list[JudgeError]:
    rows = await client.lrange(keys.JUDGE_ERRORS, 0, -1)
    errors = [msgspec.json.decode(row, type=JudgeError) for row in rows]
    async with client.pipeline(transaction=False) as pipe:
        for error in errors:
            pipe.hmget(keys.submission(error.submission_id), ["verdict", "result"])
        stored = await pipe.execute()
    for error, (verdict, result) in zip(errors, stored, strict=True):
        if verdict == b"judge-error" and result:  # else it was judged again, or is gone
            error.message = msgspec.json.decode(result, type=_Said).message
    return errors
