"""Who is next: classes, shares between tenants, caps, times; and who may come in."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import redis

from shared import keys
from shared.claims import Claim, Claims
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs
from tests.shared.submissions import take

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')
QUEUE = keys.dramatiq_queue("execute")


def end(client: redis.Redis, claims: Claims, claim: Claim, slot_ms: int = 100) -> None:
    """The claim ends with a verdict, as if it had held its slot for so long."""
    seconds, micros = client.time()
    began_ms = seconds * 1000 + micros // 1000 - slot_ms
    client.hset(keys.submission(claim.submission_id), "claimedMs", began_ms)
    assert claims.finish(claim, Verdict.ACCEPTED, b"{}", [FINISHED])


def test_the_class_decides_before_the_age(client: redis.Redis, claims: Claims) -> None:
    order = ("bulk", "default", "contest", "interactive")
    ids = {name: subs.submitted(client, priority=name) for name in order}
    taken = [take(claims).submission_id for _ in ids]
    assert taken == [ids[name] for name in ("contest", "interactive", "default", "bulk")]


def test_a_class_that_was_passed_over_long_enough_gets_one_slot(
    client: redis.Redis, claims: Claims
) -> None:
    # Given bulk work that was passed over, long ago
    bulk = [subs.submitted(client, priority="bulk") for _ in range(2)]
    upper = [subs.submitted(client, priority="interactive") for _ in range(3)]
    assert take(claims).submission_id == upper[0]
    assert client.hexists(keys.CLASSES, "bulk:passed")
    client.hset(keys.CLASSES, "bulk:passed", 1)
    # When slots come free, then one goes to it, and the next are the upper class's again
    assert [take(claims).submission_id for _ in range(3)] == [bulk[0], *upper[1:]]


def test_a_run_that_took_long_is_not_being_passed_over(client: redis.Redis, claims: Claims) -> None:
    # Given bulk work that is served all the time, each run of it an hour long
    subs.submitted(client, priority="bulk")
    subs.submitted(client, priority="bulk")
    end(client, claims, take(claims), slot_ms=3_600_000)
    # When something interactive comes, then it is next
    interactive = subs.submitted(client, priority="interactive")
    assert take(claims).submission_id == interactive


def test_one_interactive_beside_ten_thousand_in_bulk_waits_for_one_run_at_most(
    client: redis.Redis, claims: Claims
) -> None:
    batch_id = subs.batch_opened(client, tenant="reward")
    for first in range(0, 10_000, 500):
        subs.batch_added(client, batch_id, 500, first=first)
    running = take(claims)
    interactive = subs.submitted(client, priority="interactive", max_queued=20_000, max_bytes=10**8)
    end(client, claims, running)
    assert take(claims).submission_id == interactive
    assert take(claims).tenant == "reward"


def test_three_tenants_share_the_slots_by_weight_and_not_by_number(
    client: redis.Redis, claims: Claims
) -> None:
    # Given tenants with weights 1, 2 and 4, of whom the light one sent most and sent first;
    # and the runs of the one with 2 take twice as long
    weights, slot_ms = {"a": 1, "b": 2, "c": 4}, {"a": 100, "b": 200, "c": 100}
    for name, weight in weights.items():
        client.hset(keys.tenant(name), "weight", weight)
        for _ in range(200 if name == "a" else 120):
            subs.submitted(client, tenant=name)
    # When two slots are kept busy
    had: Counter[str] = Counter()
    busy = [take(claims), take(claims)]
    for _ in range(160):
        done = busy.pop(0)
        had[done.tenant] += slot_ms[done.tenant]
        end(client, claims, done, slot_ms[done.tenant])
        busy.append(take(claims))
    # Then the time on slots is shared 1 : 2 : 4, within a few runs
    fair = {name: sum(had.values()) * weight / 7 for name, weight in weights.items()}
    assert had == pytest.approx(fair, abs=1000)


def test_who_was_idle_has_saved_nothing_up(client: redis.Redis, claims: Claims) -> None:
    # Given one tenant that has worked alone for long
    for _ in range(60):
        subs.submitted(client, tenant="busy")
    for _ in range(30):
        end(client, claims, take(claims), 1000)
    # When another one comes with as much, then they take turns from now on
    for _ in range(30):
        subs.submitted(client, tenant="idle")
    tenants = []
    for _ in range(20):
        claim = take(claims)
        tenants.append(claim.tenant)
        end(client, claims, claim, 1000)
    assert Counter(tenants)["busy"] in range(8, 13)


def test_a_tenant_at_its_cap_waits_and_others_do_not(client: redis.Redis, claims: Claims) -> None:
    # Given a tenant that may run one at a time and has three in line, in two classes
    client.hset(keys.tenant("a"), "most_running", 1)
    mine = [subs.submitted(client, tenant="a") for _ in range(2)]
    last = subs.submitted(client, tenant="a", priority="bulk")
    assert take(claims).submission_id == mine[0]
    # Then slots go to others, and to nobody when there are none
    other = subs.submitted(client, tenant="b", priority="bulk")
    held = take(claims)
    assert held.submission_id == other
    assert claims.claim() is None
    # And each way that its slot can become free lets the next one begin
    subs.cancel(client, mine[0])
    given_back = take(claims)
    assert given_back.submission_id == mine[1]
    assert claims.claim() is None
    claims.release(given_back)
    assert take(claims).submission_id == mine[1]
    subs.expire_leases(client)
    claims.reap()
    end(client, claims, take(claims))
    assert {take(claims).submission_id for _ in range(2)} == {other, last}


def test_a_cap_that_is_raised_or_lowered_holds_from_the_next_end_on(
    client: redis.Redis, claims: Claims
) -> None:
    for _ in range(5):
        subs.submitted(client, tenant="a")
    client.hset(keys.tenant("a"), "most_running", 1)
    first = take(claims)
    client.hset(keys.tenant("a"), "most_running", 2)
    end(client, claims, first)
    second, _third = take(claims), take(claims)
    assert claims.claim() is None
    client.hset(keys.tenant("a"), "most_running", 1)
    end(client, claims, second)
    assert claims.claim() is None


def test_a_cap_that_is_raised_wakes_a_slot_at_the_next_sweep(
    client: redis.Redis, claims: Claims
) -> None:
    # Given a tenant at its cap, whose one run takes long, with work in two classes
    client.hset(keys.tenant("a"), "most_running", 1)
    waiting = [subs.submitted(client, tenant="a", priority=name) for name in ("default", "bulk")]
    running = subs.submitted(client, tenant="a", priority="interactive")
    assert take(claims).submission_id == running
    claims.renew(2, {}, [])
    claims.reap()
    assert claims.claim() is None
    client.delete(QUEUE)
    # When the cap is raised, and then taken away, and nothing else happens
    for cap, next_one in zip((2, 0), waiting, strict=True):
        client.hset(keys.tenant("a"), "most_running", cap)
        claims.renew(3, {}, [])
        claims.reap()
        # Then a sweep is enough
        assert client.llen(QUEUE) > 0
        assert take(claims).submission_id == next_one
        client.delete(QUEUE)
    claims.reap()
    assert not client.exists(keys.CAPPED)


def test_no_more_wake_ups_wait_than_there_are_slots(client: redis.Redis, claims: Claims) -> None:
    claims.renew(2, {}, [])
    claims.reap()
    for _ in range(5):
        subs.submitted(client)
    assert client.llen(QUEUE) == client.llen(keys.wake_list("execute")) == 2


def test_what_is_late_is_never_begun_however_much_is_late_with_it(
    client: redis.Redis, claims: Claims
) -> None:
    # Given more that waited too long than one claim ends, and behind them one that has time
    for _ in range(130):
        subs.submitted(client, queue_timeout_ms=1)
    good = subs.submitted(client)
    time.sleep(0.02)
    # Then it is the only one that is begun
    assert take(claims).submission_id == good
    assert claims.claim() is None
    assert int(client.hget(keys.LOAD, "finished") or 0) == 130


def test_spoilt_settings_of_one_tenant_stop_nobody(client: redis.Redis, claims: Claims) -> None:
    spoilt: dict[Any, Any] = {
        "weight": "heavy",
        "most_running": "",
        "most_waiting": "-",
        "priorities": "\0",
    }
    client.hset(keys.tenant("a"), mapping=spoilt)
    subs.submitted(client, tenant="a")
    subs.submitted(client, tenant="b")
    assert {take(claims).tenant, take(claims).tenant} == {"a", "b"}


def test_what_is_held_back_comes_at_its_time_and_not_before(
    client: redis.Redis, claims: Claims
) -> None:
    # Given one that shall run later and one that was sent afterwards
    later = subs.submitted(client, run_at_ms=subs.FAR_MS)
    assert client.llen(QUEUE) == 0, "nobody is woken for it"
    now = subs.submitted(client)
    assert take(claims).submission_id == now
    assert claims.claim() is None
    # When its time has come, then the next sweep wakes a worker, who gets it
    client.zadd(keys.DELAYED, {later: 1})
    client.delete(QUEUE)
    claims.renew(2, {}, [])
    claims.reap()
    assert client.llen(QUEUE) == 1
    assert take(claims).submission_id == later
    # And a worker that asks by itself needs no sweep
    due = subs.submitted(client, run_at_ms=subs.FAR_MS)
    client.zadd(keys.DELAYED, {due: 1})
    assert take(claims).submission_id == due


def test_a_time_that_has_passed_is_now(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client, run_at_ms=1)
    assert take(claims).submission_id == submission_id


@pytest.mark.parametrize("by", ["sweep", "claim"])
@pytest.mark.parametrize("run_at_ms", ["", subs.FAR_MS])
def test_what_waited_too_long_ends_without_having_run(
    client: redis.Redis, claims: Claims, by: str, run_at_ms: int | str
) -> None:
    submission_id = subs.submitted(client, queue_timeout_ms=50_000, run_at_ms=run_at_ms)
    claims.reap()
    assert subs.state(client, submission_id) == "queued"
    client.zadd(keys.DEADLINES, {submission_id: 1})
    with subs.listening(client, keys.PROBLEM_DONE) as hear:
        assert claims.claim() is None if by == "claim" else claims.reap() == 0
        assert b"queue-timeout" in hear()["data"]
    stored = subs.fields(client, submission_id)
    assert (stored["state"], stored["verdict"]) == ("finished", "queue-timeout")
    assert (stored["attempts"], subs.event_types(client, submission_id)[-1]) == ("0", "finished")
    left = [client.zcard(key) for key in (keys.READY, keys.DELAYED, keys.DEADLINES)]
    assert left == [0, 0, 0]


def test_what_was_begun_in_time_does_not_time_out_in_line(
    client: redis.Redis, claims: Claims
) -> None:
    submission_id = subs.submitted(client, queue_timeout_ms=50_000)
    take(claims)
    assert client.zcard(keys.DEADLINES) == 0
    subs.expire_leases(client)
    claims.reap()
    assert client.zcard(keys.DEADLINES) == 0
    assert take(claims).submission_id == submission_id


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ({"tenant_max": 1}, "tenant-full"),
        ({"tenant_max_bytes": 200}, "tenant-full-bytes"),
        ({"priority": "contest", "allowed": "default"}, "priority"),
        ({"priority": "fault", "allowed": "default"}, "priority"),
    ],
)
def test_what_is_refused_is_not_stored(
    client: redis.Redis, how: dict[str, str], answer: str
) -> None:
    subs.submitted(client, tenant="a")
    before = subs.dump(client)
    assert subs.submit(client, tenant="a", **how)[1] == answer  # type: ignore[arg-type]
    assert subs.dump(client) == before


def test_a_tenants_own_limits_come_before_the_settings(client: redis.Redis) -> None:
    own: dict[Any, Any] = {"most_waiting": 2, "priorities": "bulk"}
    client.hset(keys.tenant("a"), mapping=own)
    assert subs.submit(client, tenant="a", allowed="default")[1] == "priority"
    for answer in ("queued", "queued", "tenant-full"):
        assert (
            subs.submit(client, tenant="a", priority="bulk", allowed="", tenant_max=1)[1] == answer
        )
    assert subs.submit(client, tenant="b", tenant_max=1)[1] == "queued"


def test_a_share_is_forgotten_a_day_after_its_last_work(
    client: redis.Redis, claims: Claims
) -> None:
    share = keys.share("a")
    subs.submitted(client, tenant="a")
    subs.submitted(client, tenant="a")
    end(client, claims, take(claims))
    assert client.ttl(share) == -1
    end(client, claims, take(claims))
    assert 0 < client.ttl(share) <= 86_400
    subs.submitted(client, tenant="a")
    assert client.ttl(share) == -1
