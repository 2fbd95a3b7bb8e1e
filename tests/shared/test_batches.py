"""What a batch promises: counted where states change, told once, ended once."""

from __future__ import annotations

import random
from typing import Any

import pytest
import redis

from shared import keys, scripts
from shared.batches import item_id
from shared.claims import Claim, Claims
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs
from tests.shared.submissions import take

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')


def finish(claims: Claims, verdict: Verdict = Verdict.ACCEPTED) -> str:
    claim = take(claims)
    assert claims.finish(claim, verdict, b"{}", [FINISHED])
    return claim.submission_id


def counted(client: redis.Redis, batch_id: str) -> dict[str, int]:
    """What the submissions of a batch say themselves."""
    found = dict.fromkeys(("queued", "running", "finished", "cancelled"), 0)
    total = int(subs.batch_fields(client, batch_id)["total"])
    for index in range(total):
        state = subs.state(client, item_id(batch_id, index))
        found["running" if state == "preparing" else state] += 1
    return found


def cancel(client: redis.Redis, batch_id: str, count: int = 50) -> int | None:
    left: int | None = scripts.call(
        client, "batch_cancel", batch_id, subs.TTL_S, keys.PROBLEM_DONE, count
    )
    return left


def test_a_batch_ends_with_its_last_submission_and_not_before(
    client: redis.Redis, claims: Claims
) -> None:
    batch_id, ids = subs.batch_of(client, 3)
    ended = [finish(claims), finish(claims, Verdict.WRONG_ANSWER)]
    assert subs.batch_fields(client, batch_id)["state"] == "running"
    assert client.ttl(keys.batch(batch_id)) == -1
    ended.append(finish(claims))
    stored = subs.batch_fields(client, batch_id)
    assert stored["state"] == "finished"
    assert (stored["total"], stored["finished"], stored["queued"]) == ("3", "3", "0")
    assert (stored["verdict:accepted"], stored["verdict:wrong-answer"]) == ("2", "1")
    listed: Any = client.lrange(keys.batch_ended(batch_id), 0, -1)
    assert [name.decode() for name in listed] == ended
    assert sorted(ended) == sorted(ids)
    kept = [keys.batch(batch_id), keys.batch_ended(batch_id), keys.events(batch_id)]
    assert all(0 < client.ttl(key) <= subs.TTL_S for key in kept)


def test_one_stream_tells_of_each_end_and_of_the_end_of_all(
    client: redis.Redis, claims: Claims
) -> None:
    batch_id, ids = subs.batch_of(client, 2)
    first = finish(claims)
    subs.cancel(client, next(name for name in ids if name != first))
    story = subs.events(client, batch_id)
    assert [(seq, kind) for seq, kind, _ in story] == [(1, "item"), (2, "item"), (3, "finished")]
    assert story[0][2]["submissionId"] == first
    assert (story[0][2]["index"], story[0][2]["clientId"]) == (0, "c0")
    assert story[2][2]["verdicts"] == {"accepted": 1}
    assert (story[2][2]["finished"], story[2][2]["cancelled"]) == (1, 1)


def test_a_batch_of_many_does_not_flood_its_tenants_stream(
    client: redis.Redis, claims: Claims
) -> None:
    subs.batch_of(client, 600)
    for _ in range(600):
        finish(claims)
    told = subs.events(client, keys.tenant_events("local"))
    assert {kind for _, kind, _ in told} == {"batch"}
    assert 10 <= len(told) <= 52
    assert told[-1][2]["status"] == "finished"


def test_a_chunk_sent_again_after_a_lost_reply_adds_nothing(client: redis.Redis) -> None:
    batch_id = subs.batch_opened(client)
    assert subs.batch_added(client, batch_id, 3) == ["queued"] * 3
    before = subs.dump(client)
    before.pop(keys.FILLING.encode())  # it is known that somebody still fills it
    assert subs.batch_added(client, batch_id, 3) == ["queued"] * 3
    after = subs.dump(client)
    after.pop(keys.FILLING.encode())
    assert after == before


def test_what_there_is_no_room_for_is_refused_item_by_item(client: redis.Redis) -> None:
    batch_id = subs.batch_opened(client)
    answers = subs.batch_added(client, batch_id, 3, bounds=(100, 10**9, 2, 10**9))
    assert answers == ["queued", "queued", "tenant-full"]
    assert subs.batch_fields(client, batch_id)["total"] == "2"


def test_a_batch_that_is_being_filled_does_not_end_when_all_so_far_has(
    client: redis.Redis, claims: Claims
) -> None:
    batch_id = subs.batch_opened(client)
    subs.batch_added(client, batch_id, 1)
    finish(claims)
    assert subs.batch_fields(client, batch_id)["state"] == "filling"
    subs.batch_added(client, batch_id, 1, first=1)
    scripts.call(client, "batch_seal", batch_id, 7, subs.TTL_S)
    finish(claims)
    stored = subs.batch_fields(client, batch_id)
    assert (stored["state"], stored["finished"], stored["rejected"]) == ("finished", "2", "7")


def test_a_batch_whose_filler_died_is_sealed_by_the_sweep(
    client: redis.Redis, claims: Claims
) -> None:
    batch_id = subs.batch_opened(client)
    subs.batch_added(client, batch_id, 1)
    finish(claims)
    claims.reap()
    assert subs.batch_fields(client, batch_id)["state"] == "filling"
    client.zadd(keys.FILLING, {batch_id: 1})
    claims.reap()
    assert subs.batch_fields(client, batch_id)["state"] == "finished"
    assert subs.batch_added(client, batch_id, 2) == ["queued", "closed"]


def test_a_cancelled_batch_is_cancelled_in_pieces_and_ends_once(
    client: redis.Redis, claims: Claims
) -> None:
    # Given a batch of which one has finished and one runs
    batch_id, _ = subs.batch_of(client, 7)
    finish(claims)
    running = take(claims)
    # When it is cancelled, as often as it takes, and once more
    assert [cancel(client, batch_id, 4) for _ in range(3)] == [2, 0, 0]
    # Then everything has ended, the run included, and the batch's end was told once
    assert claims.renew(1, {}, [running]) == [running.submission_id]
    stored = subs.batch_fields(client, batch_id)
    assert (stored["state"], stored["finished"], stored["cancelled"]) == ("cancelled", "1", "6")
    assert [kind for _, kind, _ in subs.events(client, batch_id)].count("cancelled") == 1
    assert claims.claim() is None
    assert cancel(client, "0" * 32) is None


def test_a_batch_whose_canceller_died_is_cancelled_all_the_same(
    client: redis.Redis, claims: Claims
) -> None:
    # Given a batch that runs, and a host that was lost after the first piece of its cancel
    batch_id, _ = subs.batch_of(client, 150)
    running = take(claims)
    assert cancel(client, batch_id, 1) == 149
    # Then nothing of it is begun any more: a claim ends what it comes upon
    other = subs.submitted(client, priority="bulk")
    begun = [claims.claim(), claims.claim()]
    assert [it.submission_id for it in begun if it] == [other]
    # And the sweep finishes it, the run included, but not while its canceller may live
    assert claims.reap() == 0
    assert client.zscore(keys.FILLING, batch_id)
    client.zadd(keys.FILLING, {batch_id: 1}, xx=True)
    while client.zscore(keys.FILLING, batch_id):
        claims.reap()
    stored = subs.batch_fields(client, batch_id)
    assert (stored["state"], stored["cancelled"]) == ("cancelled", "150")
    assert claims.renew(1, {}, [running]) == [running.submission_id]


def test_a_batch_cancelled_while_it_is_filled_takes_nothing_more(client: redis.Redis) -> None:
    batch_id = subs.batch_opened(client)
    subs.batch_added(client, batch_id, 2)
    assert cancel(client, batch_id) == 0
    assert subs.batch_added(client, batch_id, 3)[2] == "closed"
    scripts.call(client, "batch_seal", batch_id, 0, subs.TTL_S)
    assert subs.batch_fields(client, batch_id)["state"] == "cancelled"


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_the_counters_are_what_the_submissions_say(
    client: redis.Redis, seed: int
) -> None:
    dice = random.Random(seed)
    worker = subs.claims(client)
    batch_id, ids = subs.batch_of(client, 12)
    held: list[Claim] = []
    for _ in range(80):
        action = dice.choice(["claim", "claim", "finish", "release", "reap", "cancel"])
        if action == "claim" and (claim := worker.claim()):
            held.append(claim)
        elif action == "reap":
            subs.expire_leases(client)
            worker.reap()
        elif action == "cancel" and dice.random() < 0.2:
            subs.cancel(client, dice.choice(ids))
        elif action == "finish" and held:
            worker.finish(dice.choice(held), Verdict.ACCEPTED, b"{}", [FINISHED])
        elif action == "release" and held:
            worker.release(dice.choice(held))
        stored = subs.batch_fields(client, batch_id)
        seen = counted(client, batch_id)
        assert {name: int(stored[name]) for name in seen} == seen
        is_over = seen["finished"] + seen["cancelled"] == len(ids)
        assert (stored["state"] == "finished") == is_over
