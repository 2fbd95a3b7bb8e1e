"""Waiting for an end: no polling, one connection for all, and no end is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from shared import keys
from shared.errors import InvalidField, NotFound
from shared.identity import LOCAL_TENANT
from shared.services import Services
from shared.settings import Settings
from shared.store import Snapshot
from shared.verdicts import State
from shared.waiting import parse_wait
from tests.in_process import HandWorker
from tests.shared import submissions as subs

LONG_S = 60.0
T = TypeVar("T")


@asynccontextmanager
async def waiting(redis_url: str) -> AsyncIterator[Callable[..., Coroutine[None, None, Snapshot]]]:
    """`until_final` of a process, for the local tenant."""
    async with Services(Settings(redis_url=redis_url)) as services:

        async def wait(
            submission_id: str, wait_s: float = LONG_S, *, is_new: bool = False
        ) -> Snapshot:
            return await services.waiting.until_final(
                submission_id, wait_s, tenant=LOCAL_TENANT, is_new=is_new
            )

        yield wait


@pytest.fixture
def no_recheck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiters do not look for themselves: what wakes them is a bell, or nothing does."""
    monkeypatch.setattr("shared.waiting._RECHECK_S", 1000.0)


def run_soon(work: Coroutine[None, None, T]) -> T:
    """Run it; being answered only because the time to wait was up is not soon."""
    return asyncio.run(asyncio.wait_for(work, LONG_S / 2))


async def eventually(what: Callable[[], bool]) -> None:
    """Give the event loop time until `what` holds."""
    async with asyncio.timeout(30):
        while not what():
            await asyncio.sleep(0.01)


def listeners(hand: HandWorker) -> int:
    """Connections that hear of ends."""
    [(_, count)] = hand.redis.pubsub_numsub(keys.PROBLEM_DONE)
    return int(count)


async def settled(hand: HandWorker) -> None:
    """Until the waiters wait: subscribed, and no longer looking because of that."""
    await eventually(lambda: listeners(hand) == 1)
    await asyncio.sleep(0.3)


def reads(hand: HandWorker) -> int:
    """How often submissions were read since the statistics were reset, by scripts too."""
    stats: Any = hand.redis.info("commandstats")
    return int(stats["cmdstat_hmget"]["calls"])


@pytest.mark.usefixtures("no_recheck")
def test_many_waiters_are_woken_by_their_own_end_over_one_connection(
    redis_url: str, hand: HandWorker
) -> None:
    ids = [subs.submitted(hand.redis) for _ in range(20)]

    async def run() -> list[Snapshot]:
        hand.redis.config_resetstat()
        async with waiting(redis_url) as wait:
            tasks = [asyncio.create_task(wait(submission_id)) for submission_id in ids * 2]
            await settled(hand)
            claims = [hand.claim() for _ in ids]
            assert not any(task.done() for task in tasks)
            for claim in claims:
                hand.finish(claim)
            found = await asyncio.gather(*tasks)
            assert listeners(hand) == 1
            assert reads(hand) <= 600, "3 by each waiter, 24 for each run: nobody polls"
            return list(found)

    assert [snapshot.state for snapshot in run_soon(run())] == [State.FINISHED] * 40


@pytest.mark.usefixtures("no_recheck")
def test_a_cancelled_submission_has_ended_too(redis_url: str, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            task = asyncio.create_task(wait(submission_id))
            await settled(hand)
            subs.cancel(hand.redis, submission_id)
            return await task

    assert run_soon(run()).state is State.CANCELLED


def test_an_end_before_the_wait_is_answered_at_once(redis_url: str, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)
    hand.finish(hand.claim())

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            return await wait(submission_id)

    assert run_soon(run()).state is State.FINISHED


@pytest.mark.usefixtures("no_recheck")
def test_an_end_while_the_connection_was_away_is_not_missed(
    redis_url: str, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis)
    claim = hand.claim()

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            task = asyncio.create_task(wait(submission_id))
            await settled(hand)
            hand.redis.client_kill_filter(_type="pubsub")
            hand.finish(claim)
            return await task

    assert run_soon(run()).state is State.FINISHED


def test_an_end_that_nobody_announced_is_seen_all_the_same(
    redis_url: str, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            task = asyncio.create_task(wait(submission_id))
            await settled(hand)
            await asyncio.sleep(0.1)
            hand.redis.hset(
                keys.submission(submission_id),
                mapping={"state": "finished", "verdict": "completed", "result": "{}"},
            )
            return await task

    assert run_soon(run()).state is State.FINISHED


def test_strangers_on_the_channel_harm_nobody(redis_url: str, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            task = asyncio.create_task(wait(submission_id))
            await settled(hand)
            for text in (b"", b"[]", b"\xff", b'{"submissionId":1}', b'{"submissionId":"x"}'):
                hand.redis.publish(keys.PROBLEM_DONE, text)
            lie = b'{"submissionId":"%s","status":"finished"}' % submission_id.encode()
            hand.redis.publish(keys.PROBLEM_DONE, lie)
            await asyncio.sleep(0.1)
            assert not task.done(), "a message only wakes: the store decides"
            hand.finish(hand.claim())
            return await task

    assert run_soon(run()).state is State.FINISHED


def test_when_time_is_up_the_answer_is_what_is_known(redis_url: str, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> Snapshot:
        async with waiting(redis_url) as wait:
            return await wait(submission_id, 0.05)

    assert run_soon(run()).state is State.QUEUED


@pytest.mark.usefixtures("no_recheck")
def test_who_has_just_stored_it_looks_once_and_misses_no_end(
    redis_url: str, hand: HandWorker
) -> None:
    # Given a process that listens already
    first, second = subs.submitted(hand.redis), subs.submitted(hand.redis)

    async def run() -> list[Snapshot]:
        async with waiting(redis_url) as wait:
            listening = asyncio.create_task(wait(first))
            await settled(hand)
            # When one waits for what was stored just now, and another one's end was heard of
            # before he began to
            hand.redis.config_resetstat()
            task = asyncio.create_task(wait(second, is_new=True))
            await asyncio.sleep(0.1)
            assert "cmdstat_hmget" not in hand.redis.info("commandstats"), "nobody has looked"
            claims = [hand.claim(), hand.claim()]
            hand.finish(claims[1])
            found = [await task]
            hand.finish(claims[0])
            await listening
            return [*found, await wait(first, is_new=True)]

    # Then both are told of it
    assert [it.state for it in run_soon(run())] == [State.FINISHED] * 2


@pytest.mark.usefixtures("no_recheck")
def test_a_shutdown_sends_waiters_away_with_what_is_known(redis_url: str, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> Snapshot:
        async with Services(Settings(redis_url=redis_url)) as services:
            task = asyncio.create_task(
                services.waiting.until_final(submission_id, LONG_S, tenant=LOCAL_TENANT)
            )
            await settled(hand)
            services.begin_shutdown()
            late = services.waiting.until_final(
                submission_id, LONG_S, tenant=LOCAL_TENANT, is_new=True
            )
            assert (await late).state is State.QUEUED
            return await asyncio.wait_for(task, 30)

    assert run_soon(run()).state is State.QUEUED


def test_nobody_waits_for_what_is_not_there_or_somebody_else_s(
    redis_url: str, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis)

    async def run() -> None:
        async with Services(Settings(redis_url=redis_url)) as services:
            for wanted, tenant in (("0" * 32, LOCAL_TENANT), (submission_id, "other")):
                with pytest.raises(NotFound):
                    await services.waiting.until_final(wanted, LONG_S, tenant=tenant)

    run_soon(run())


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, None), ("0", 0.0), ("1.5", 1.5), ("60", 60.0), ("007", 7.0)]
)
def test_seconds_are_read_with_their_fraction(text: str | None, seconds: float | None) -> None:
    assert parse_wait(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "60.1", "61", "1e1", "inf", "nan", "1_0", "0x1", "1.", ".5", "٣", "1,5"]
)
def test_what_is_no_number_of_seconds_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_wait(text)
    assert refused.value.field == "wait"
