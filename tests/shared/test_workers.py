"""Which workers are alive is told by Redis's clock and by what they announced."""

from __future__ import annotations

import asyncio

import pytest

from shared import keys
from shared.connect import async_client
from shared.workers import WorkerFacts, Workers, workers
from tests.in_process import HandWorker


def read(redis_url: str) -> list[WorkerFacts]:
    """Ask once."""

    async def ask() -> list[WorkerFacts]:
        async with async_client(redis_url) as client:
            return await workers(client)

    return asyncio.run(ask())


def test_a_worker_that_beats_is_alive_with_all_it_announced(
    redis_url: str, hand: HandWorker
) -> None:
    hand.announce("python", "javascript", slots=3, level="full")
    [worker] = read(redis_url)
    assert (worker.id, worker.slots, worker.isolation) == ("hand", 3, {"level": "full"})
    assert [(it.name, it.version) for it in worker.languages] == [
        ("python", "python 1.2.3"),
        ("javascript", "javascript 1.2.3"),
    ]
    assert 0 <= worker.seen_ms_ago < 10_000


def test_a_worker_that_is_silent_for_ten_seconds_is_gone(redis_url: str, hand: HandWorker) -> None:
    seconds, _ = hand.redis.time()
    for name, ago_s in (("late", 5), ("silent", 11)):
        seen_ms = (seconds - ago_s) * 1000
        hand.redis.hset(keys.WORKERS, name, f"{seen_ms} 2 {{}}")
    assert [worker.id for worker in read(redis_url)] == ["late"]


@pytest.mark.parametrize("value", [b"", b"x", b"1 2", b"99999999999999 x {}", b"9999999999999 1 ["])
def test_what_cannot_be_read_is_no_worker(redis_url: str, hand: HandWorker, value: bytes) -> None:
    hand.redis.hset(keys.WORKERS, "other-version", value)
    hand.announce("python")
    assert [worker.id for worker in read(redis_url)] == ["hand"]


def test_redis_is_asked_once_for_many_callers_in_a_second(redis_url: str, hand: HandWorker) -> None:
    async def ask_often() -> list[int]:
        async with async_client(redis_url) as client:
            known = Workers(client)
            counts = [len(await known.alive())]
            hand.announce("python")
            counts += [len(await known.alive()) for _ in range(100)]
            while counts[-1] == 0:  # and once more when the second is over
                await asyncio.sleep(0.05)
                counts.append(len(await known.alive()))
            return counts

    counts = asyncio.run(asyncio.wait_for(ask_often(), 30))
    assert counts[:2] == [0, 0]
    assert counts[-1] == 1
