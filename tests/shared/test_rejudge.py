"""Judging again: the one way back from the end, with the verdict so far in the history."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import redis

from shared import keys
from shared.answers import Rejudged
from shared.archive import Archive
from shared.blobs import FolderBlobs
from shared.claims import Claim, Claims
from shared.connect import async_client
from shared.errors import Conflict, NotFound
from shared.models import encode
from shared.rejudge import Rejudging
from shared.rejudge_problem import RejudgingProblems
from shared.settings import Settings
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs
from tests.submit.test_problems import ENTRY


def finish(claims: Claims, verdict: Verdict = Verdict.ACCEPTED) -> Claim:
    """Claim what is next, and end it."""
    claim = claims.claim()
    assert claim is not None
    told = encode({"status": "finished", "verdict": verdict})
    assert claims.finish(claim, verdict, b"{}", [(EventType.FINISHED, told)])
    return claim


def history(client: redis.Redis, submission_id: str) -> list[str]:
    """The verdicts of the past."""
    stored = subs.fields(client, submission_id).get("history", "")
    return [past["verdict"] for past in json.loads(f"[{stored}]")]


def test_what_is_judged_again_is_judged_once_more_and_remembers(client: redis.Redis) -> None:
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    first = finish(claims, Verdict.WRONG_ANSWER)

    assert subs.rejudge(client, submission_id) == "queued"

    stored = subs.fields(client, submission_id)
    assert (stored["state"], stored["verdict"], stored["result"]) == ("queued", "", "")
    assert client.ttl(keys.submission(submission_id)) == -1
    assert subs.events(client, submission_id) == [(1, "queued", {"reason": "rejudge"})]
    again = finish(claims)
    assert (again.submission_id, again.attempt, again.spec) == (submission_id, 1, first.spec)
    assert subs.fields(client, submission_id)["verdict"] == "accepted"
    assert history(client, submission_id) == ["wrong-answer"]
    assert client.ttl(keys.submission(submission_id)) > 0


def test_a_repeated_call_changes_nothing(client: redis.Redis) -> None:
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    finish(claims)
    seen = subs.fields(client, submission_id)["finishedMs"]
    assert subs.rejudge(client, submission_id) == "queued"
    # When the reply was lost, and the call comes again: before it was judged, and after
    assert subs.rejudge(client, submission_id, seen=seen) == "running"
    finish(claims)
    client.hset(keys.submission(submission_id), "finishedMs", str(int(seen) + 5))
    assert subs.rejudge(client, submission_id, seen=seen) == "changed"
    assert history(client, submission_id) == ["accepted"]


def test_the_history_is_bounded(client: redis.Redis) -> None:
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    order = [Verdict.COMPLETED, Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.JUDGE_ERROR]
    for verdict in order:
        finish(claims, verdict)
        assert subs.rejudge(client, submission_id) == "queued"

    assert history(client, submission_id) == [str(verdict) for verdict in order[1:]]


def test_the_bytes_of_the_unfinished_are_right_afterwards(client: redis.Redis) -> None:
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    finish(claims)
    subs.rejudge(client, submission_id)
    assert int(client.hget(keys.LOAD, "bytes") or 0) == len(subs.spec())
    finish(claims)
    assert int(client.hget(keys.LOAD, "bytes") or 0) == 0
    assert int(client.hget(keys.share("local"), "running") or 0) == 0


def test_what_a_stale_worker_writes_is_refused(client: redis.Redis) -> None:
    claims = subs.claims(client)
    submission_id = subs.submitted(client)
    claim = finish(claims)
    subs.rejudge(client, submission_id)

    assert not claims.finish(claim, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, b"{}")])
    assert subs.state(client, submission_id) == "queued"


def test_what_cannot_be_judged_again_says_why(client: redis.Redis, redis_url: str) -> None:
    claims = subs.claims(client)
    fed = subs.submitted(client)
    client.hset(keys.submission(fed), "interactive", "1")
    finish(claims)
    cancelled, waiting = subs.submitted(client), subs.submitted(client)
    subs.cancel(client, cancelled)
    reasons = [(cancelled, "not kept"), (waiting, "not finished"), (fed, "sent while it ran")]

    async def ask() -> None:
        async with async_client(redis_url) as connection:
            again = Rejudging(connection)
            for submission_id, why in reasons:
                with pytest.raises(Conflict, match=why):
                    await again.one(submission_id)
            with pytest.raises(NotFound):
                await again.spec(cancelled)

    asyncio.run(ask())


def test_all_of_a_problem_are_judged_again_by_the_package_of_today(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    claims = subs.claims(client)
    old = json.loads(subs.spec()) | {"problemId": ENTRY.id, "package": "o" * 64}
    own = json.loads(subs.spec()) | {"problemId": ENTRY.id}
    ids = [
        subs.submitted(client, problem=ENTRY.id, body=json.dumps(body).encode())
        for body in (old, own, old)
    ]
    for _ in ids:
        finish(claims)
    client.hset(keys.PROBLEMS, ENTRY.id, encode(ENTRY))

    async def ask() -> Rejudged:
        async with async_client(redis_url) as connection:
            archive = Archive(connection, FolderBlobs(tmp_path))
            work = RejudgingProblems(connection, Settings(), archive)
            await work.ask(ENTRY.id)
            await work.go_on(ENTRY.id)
            return await work.told(ENTRY.id)

    assert asyncio.run(ask()) == Rejudged(submissions=2, complete=True)
    states = [subs.state(client, submission_id) for submission_id in ids]
    assert states == ["queued", "finished", "queued"]
    claim = claims.claim()
    assert claim is not None
    assert claim.spec.package == ENTRY.digest
    limits = claim.spec.limits
    assert (limits.cpu_time_ms, limits.memory_bytes) == (ENTRY.time_limit_ms, ENTRY.memory_bytes)
