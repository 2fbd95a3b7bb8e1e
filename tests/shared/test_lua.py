"""What the Lua scripts promise: one call, one change, told once, in order."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from shared import keys, scripts
from shared.claims import Claim, Claims
from shared.models import encode
from shared.verdicts import EventType, State, Verdict
from tests.shared import submissions as subs
from tests.shared.submissions import take

OUTPUT = (EventType.OUTPUT, b'{"stream":"stdout","text":"x","encoding":"utf-8"}')
FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as opened:
        yield opened
        opened.config_set("maxmemory", 0)


def finish(claims: Claims, claim: Claim) -> bool:
    return claims.finish(claim, Verdict.ACCEPTED, b'{"exitCode":0}', [FINISHED])


def test_a_submission_is_stored_told_and_rung_in_one_call(client: redis.Redis) -> None:
    submission_id = uuid.uuid4().hex
    with subs.listening(client, keys.events(submission_id)) as hear:
        subs.submitted(client, submission_id=submission_id, problem="two-sum")
        bell = hear()
    assert bell["data"] == b"1:queued:{}"
    assert subs.events(client, submission_id) == [(1, "queued", {})]
    assert client.zrange(keys.READY, 0, -1) == [submission_id.encode()]
    assert client.get(keys.latest("local", "two-sum")) == submission_id.encode()
    rings: Any = client.lrange(keys.dramatiq_queue("execute"), 0, -1)
    [ring] = [name.decode() for name in rings]
    message = json.loads(client.hget(keys.dramatiq_messages("execute"), ring) or b"")
    assert message["message_id"] == message["options"]["redis_message_id"] == ring
    assert client.llen(keys.wake_list("execute")) == 1


def test_a_submit_repeated_after_a_lost_reply_makes_no_second_one(client: redis.Redis) -> None:
    submission_id = subs.submitted(client)
    before = subs.dump(client)
    assert subs.submit(client, submission_id=submission_id) == (submission_id, "queued")
    assert subs.dump(client) == before


@pytest.mark.parametrize(
    ("how", "answer"), [({"max_queued": 1}, "full"), ({"max_bytes": 10}, "full-bytes")]
)
def test_a_full_queue_stores_nothing(client: redis.Redis, how: dict[str, Any], answer: str) -> None:
    subs.submitted(client, problem="first")
    before = subs.dump(client)
    assert subs.submit(client, problem="second", **how)[1] == answer
    assert subs.dump(client) == before


def test_the_oldest_is_claimed_first_and_carries_what_was_submitted(
    client: redis.Redis, claims: Claims
) -> None:
    first = subs.submitted(client, problem="p1", body=subs.spec("first"))
    second = subs.submitted(client)
    claim = take(claims)
    assert (claim.submission_id, claim.attempt, claim.problem_id) == (first, 1, "p1")
    assert claim.spec.code == "first"
    assert take(claims).submission_id == second
    assert claims.claim() is None


def test_a_claim_is_a_lease_in_the_time_of_redis(client: redis.Redis, claims: Claims) -> None:
    subs.submitted(client)
    seconds, _ = client.time()
    claim = take(claims)
    expires_ms = client.zscore(keys.LEASES, claim.submission_id)
    assert expires_ms is not None
    assert 0 < expires_ms - seconds * 1000 <= 10_000


def test_each_claim_has_a_higher_fence_than_any_before(client: redis.Redis, claims: Claims) -> None:
    fences = []
    for _ in range(3):
        subs.submitted(client)
        fences.append(int(take(claims).fence))
    assert fences == sorted(set(fences))


def test_progress_is_told_in_order_without_a_hole(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client)
    claim = take(claims)
    assert claims.progress(claim, [(EventType.RUNNING, b"{}"), OUTPUT], State.RUNNING)
    assert claims.progress(claim, [OUTPUT, OUTPUT])
    assert finish(claims, claim)
    told = ["queued", "preparing", "running", "output", "output", "output", "finished"]
    assert subs.event_types(client, submission_id) == told
    assert subs.fields(client, submission_id)["seq"] == str(len(told))


def test_progress_repeated_after_a_lost_reply_is_told_once(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client)
    claim = take(claims)
    claims.progress(claim, [OUTPUT])
    claim.step -= 1  # the same call again
    assert claims.progress(claim, [OUTPUT])
    assert subs.event_types(client, submission_id).count("output") == 1


def test_a_stale_claim_writes_nothing(client: redis.Redis, claims: Claims) -> None:
    # Given a claim that ran out and was taken over by another worker
    submission_id = subs.submitted(client)
    stale = take(claims)
    subs.expire_leases(client)
    assert claims.reap() == 1
    other = subs.claims(client, "w2")
    held = take(other)
    assert held.submission_id == submission_id
    before = subs.dump(client)
    # When its first holder comes back
    assert not claims.progress(stale, [OUTPUT], State.RUNNING)
    assert not finish(claims, stale)
    assert not claims.release(stale)
    # Then nothing has changed, and the second holder's verdict counts
    assert subs.dump(client) == before
    assert claims.renew(1, {}, [stale]) == [submission_id]
    assert finish(other, held)


def test_a_claim_given_up_is_stale_while_nobody_else_holds_it(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client)
    stale = take(claims)
    assert claims.release(stale)
    assert not claims.progress(stale, [OUTPUT])
    assert not finish(claims, stale)
    assert subs.state(client, submission_id) == "queued"


def test_a_verdict_is_written_once_however_often_it_is_sent(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client)
    claim = take(claims)
    assert finish(claims, claim)
    before = subs.dump(client)
    assert finish(claims, claim), "the same claim is told again that its verdict stands"
    assert subs.dump(client) == before
    assert subs.event_types(client, submission_id).count("finished") == 1
    stored = subs.fields(client, submission_id)
    assert (stored["state"], stored["verdict"]) == ("finished", "accepted")
    assert json.loads(stored["result"]) == {"exitCode": 0}


def test_every_end_is_announced_once(client: redis.Redis, claims: Claims) -> None:
    with subs.listening(client, keys.PROBLEM_DONE) as hear:
        submission_id = subs.submitted(client, problem="p1")
        cancelled_id = subs.submitted(client)
        finish(claims, take(claims))
        subs.cancel(client, cancelled_id)
        subs.cancel(client, cancelled_id)
        messages = []
        while (message := hear()) is not None:
            messages.append(json.loads(message["data"]))
    first, second = messages
    assert first == {
        "problemId": "p1",
        "submissionId": submission_id,
        "status": "finished",
        "verdict": "accepted",
        "language": "python",
        "tenant": "local",
        "attempts": 1,
    }
    assert (second["submissionId"], second["status"]) == (cancelled_id, "cancelled")
    assert second["verdict"] is None
    assert second["problemId"] is None


def test_a_cancelled_submission_takes_no_verdict(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client)
    claim = take(claims)
    assert subs.cancel(client, submission_id) == "cancelled"
    assert claims.renew(1, {}, [claim]) == [submission_id], "its worker learns to kill it"
    assert not finish(claims, claim)
    assert subs.event_types(client, submission_id) == ["queued", "preparing", "cancelled"]


def test_a_cancel_that_comes_too_late_changes_nothing(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client)
    finish(claims, take(claims))
    before = subs.dump(client)
    assert subs.cancel(client, submission_id) == "finished"
    assert subs.cancel(client, "0" * 32) is None
    assert subs.dump(client) == before


def test_what_a_dead_worker_held_is_taken_back_and_runs_again(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client)
    take(claims)
    assert claims.reap() == 0, "its lease still holds"
    subs.expire_leases(client)
    assert claims.reap() == 1
    assert subs.events(client, submission_id)[-1][1:] == ("queued", {"reason": "worker-lost"})
    assert take(claims).attempt == 2


def test_a_renewed_lease_is_not_taken_back(client: redis.Redis, claims: Claims) -> None:
    subs.submitted(client)
    claim = take(claims)
    subs.expire_leases(client)
    assert claims.renew(1, {}, [claim]) == []
    assert claims.reap() == 0


def test_after_three_lost_workers_it_is_a_judge_error(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client)
    for _ in range(3):
        claim = take(claims)
        subs.expire_leases(client)
        assert claims.reap() == 1
    stored = subs.fields(client, submission_id)
    assert (stored["state"], stored["verdict"]) == ("finished", "judge-error")
    assert "lost 3 times" in json.loads(stored["result"])["message"]
    assert subs.event_types(client, submission_id).count("finished") == 1
    assert claims.claim() is None
    # And the worker that comes back too late is told that its verdict was not written
    assert not claims.finish(claim, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, b"{}")])


def test_what_is_given_back_keeps_its_place_and_loses_no_attempt(
    client: redis.Redis, claims: Claims
) -> None:
    first = subs.submitted(client)
    subs.submitted(client)
    for _ in range(5):  # more often than attempts may be lost
        claim = take(claims)
        assert (claim.submission_id, claim.attempt) == (first, 1)
        assert claims.release(claim)
    assert subs.fields(client, first)["lost"] == "0"
    assert subs.events(client, first)[-1][1:] == ("queued", {"reason": "given-back"})


def test_nothing_expires_before_its_end_and_everything_after(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client)
    both = (keys.submission(submission_id), keys.events(submission_id))
    claim = take(claims)
    claims.progress(claim, [OUTPUT], State.RUNNING)
    assert [client.ttl(key) for key in both] == [-1, -1]
    finish(claims, claim)
    assert all(0 < client.ttl(key) <= subs.TTL_S for key in both)


def test_every_byte_that_was_counted_in_is_counted_out(client: redis.Redis, claims: Claims) -> None:
    for _ in range(3):
        subs.submitted(client)
    assert int(client.hget(keys.LOAD, "bytes") or 0) == 3 * len(subs.spec())
    finish(claims, take(claims))
    subs.cancel(client, take(claims).submission_id)
    for _ in range(3):
        take(claims)
        subs.expire_leases(client)
        claims.reap()
    counters: Any = client.hgetall(keys.LOAD)
    load = {name.decode(): int(value) for name, value in counters.items()}
    assert load["bytes"] == 0
    assert (load["submitted"], load["finished"], load["cancelled"]) == (3, 2, 1)
    assert client.zcard(keys.READY) == client.zcard(keys.LEASES) == 0


def test_a_lost_ring_is_made_up_for_by_the_next_sweep(client: redis.Redis, claims: Claims) -> None:
    for _ in range(3):
        subs.submitted(client)
    client.delete(keys.dramatiq_queue("execute"), keys.dramatiq_messages("execute"))
    claims.renew(2, {}, [])
    claims.reap()
    assert client.llen(keys.dramatiq_queue("execute")) == 2, "one for each idle slot"


def test_a_silent_worker_is_forgotten_and_a_beating_one_is_not(
    client: redis.Redis, claims: Claims
) -> None:
    claims.renew(2, {}, [])
    client.hset(keys.WORKERS, "silent", "1 2 {}")
    claims.reap()
    assert client.hkeys(keys.WORKERS) == [b"w1"]


def test_a_full_redis_refuses_submissions_but_takes_verdicts(
    client: redis.Redis, claims: Claims
) -> None:
    # Given one finished, one waiting and one held submission, and no memory left
    held, waiting = subs.submitted(client), subs.submitted(client)
    claim = take(claims)
    before = subs.dump(client)
    client.config_set("maxmemory", 1)
    # When another one comes, it is refused, and nothing of it is stored
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        subs.submit(client, problem="p1")
    assert subs.dump(client) == before
    # Then what was accepted still comes to its end
    assert claims.renew(1, {}, [claim]) == []
    assert claims.progress(claim, [OUTPUT], State.RUNNING)
    assert finish(claims, claim)
    assert take(claims).submission_id == waiting
    assert subs.cancel(client, waiting) == "cancelled"
    assert subs.state(client, held) == "finished"


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_streams_have_no_hole_and_one_end(client: redis.Redis, seed: int) -> None:
    """Workers that stall, return late, cancel and lose their leases, in any order."""
    dice = random.Random(seed)
    workers = [subs.claims(client, f"w{n}") for n in range(3)]
    ids = [subs.submitted(client) for _ in range(4)]
    remembered: list[Claim] = []  # never forgotten: a stale one may speak at any time
    for _ in range(120):
        worker = dice.choice(workers)
        action = dice.choice(["claim", "claim", "tell", "finish", "release", "reap", "cancel"])
        if action == "claim":
            claim = worker.claim()
            remembered += [claim] if claim else []
        elif action == "reap":
            subs.expire_leases(client)
            worker.reap()
        elif action == "cancel" and dice.random() < 0.1:
            subs.cancel(client, dice.choice(ids))
        elif remembered:
            _speak(worker, dice.choice(remembered), action)
    for submission_id in ids:
        kinds = subs.event_types(client, submission_id)
        ends = [kind for kind in kinds if kind in ("finished", "cancelled")]
        stored = subs.fields(client, submission_id)
        terminal = stored["state"] in ("finished", "cancelled")
        assert ends == ([stored["state"]] if terminal else [])
        assert not terminal or kinds[-1] == stored["state"]
        assert bool(stored.get("verdict")) == (stored["state"] == "finished")


def _speak(worker: Claims, claim: Claim, action: str) -> None:
    if action == "tell":
        worker.progress(claim, [OUTPUT], State.RUNNING)
    elif action == "finish":
        worker.finish(claim, Verdict.ACCEPTED, encode({}), [FINISHED])
    elif action == "release":
        worker.release(claim)


def test_a_claim_repeated_after_a_lost_reply_gives_the_same_submission(
    client: redis.Redis,
) -> None:
    # Given two submissions that wait
    subs.submit(client)
    subs.submit(client)
    # When the very same call arrives twice, since its first reply was lost
    rest = (60_000, subs.TTL_S, keys.PROBLEM_DONE)
    call = ("w", 4000, keys.call("n1"), *rest)
    first = scripts.call(client, "claim", *call)
    again = scripts.call(client, "claim", *call)
    # Then it has claimed one submission, once
    assert again == first
    assert client.zcard(keys.READY) == 1
    # And another call gets the other one
    other = scripts.call(client, "claim", "w", 4000, keys.call("n2"), *rest)
    assert other[0] != first[0]
