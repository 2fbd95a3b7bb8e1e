"""What is counted in Redis is counted once, in the buckets that the code names, and never less."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis

from shared import keys, scripts
from shared.claims import Claims
from shared.counts import WAIT_BOUNDS_MS, WORK_BOUNDS_MS, Counting, CountReport, bound_label
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')


def counts(client: redis.Redis) -> dict[str, int]:
    stored: Any = client.hgetall(keys.COUNTS)
    return {name.decode(): int(value) for name, value in stored.items()}


def test_a_report_is_counted_once_however_often_it_is_sent(
    client: redis.Redis, claims: Claims
) -> None:
    report = CountReport(1, {"runs,python,fork": 2, "run,python,sum": 5_000_000_000_000})
    for _ in range(3):  # its reply was lost
        claims.renew(1, {}, [], report)
    claims.renew(1, {}, [])
    claims.renew(1, {}, [], CountReport(2, {"runs,python,fork": 1}))
    subs.claims(client, "other").renew(1, {}, [], CountReport(1, {"runs,python,fork": 10}))
    assert counts(client) == {"runs,python,fork": 13, "run,python,sum": 5_000_000_000_000}


def test_nothing_is_lost_or_doubled_whatever_is_lost_on_the_way(
    client: redis.Redis, claims: Claims
) -> None:
    dice, counting, expected = random.Random(5), Counting(), Counter[str]()
    for _ in range(200):
        for _ in range(dice.randrange(4)):
            counting.add("runs", "python", "fork")
            expected["runs,python,fork"] += 1
        report = counting.report()
        if dice.random() < 0.4:
            continue  # the call was lost
        claims.renew(1, {}, [], report)
        if dice.random() < 0.6:  # else its reply was
            counting.heard(report)
    claims.renew(1, {}, [], counting.report())
    counting.heard(counting.report())
    claims.renew(1, {}, [], counting.report())
    assert counts(client) == expected


def test_what_a_forgotten_worker_had_reported_stays(client: redis.Redis, claims: Claims) -> None:
    claims.renew(1, {}, [], CountReport(1, {"runs,python,fork": 2}))
    seen: Any = client.hget(keys.WORKERS, "w1")
    client.hset(keys.WORKERS, "w1", re.sub(rb"^\d+", b"1", seen))
    client.hset(keys.DRAINING, "w1", 1)
    subs.claims(client, "w2").reap()
    assert not client.exists(keys.WORKERS, keys.COUNTED, keys.DRAINING)
    assert counts(client) == {"runs,python,fork": 2}


@pytest.mark.parametrize("ms", [0, *WORK_BOUNDS_MS, 2.4, 180_000.1, 1e9])
def test_a_time_falls_into_the_first_bucket_that_holds_it(ms: float) -> None:
    counting = Counting()
    counting.took("run", "python", ms=ms)
    fitting = [bound_label(bound) for bound in WORK_BOUNDS_MS if ms <= bound]
    found = dict(counting.report().counts)
    assert found.pop("run,python,sum") == round(ms * 1000)
    assert found == {f"run,python,{(fitting or ['le:inf'])[0]}": 1}


def test_time_in_line_is_counted_by_class_in_the_same_buckets_as_python_has(
    client: redis.Redis, claims: Claims
) -> None:
    lua = (Path(scripts.__file__).parent / "lua" / "_lib.lua").read_text()
    [listed] = re.findall(r"WAIT_BOUNDS = {([^}]*)}", lua)
    assert tuple(int(it) for it in listed.split(",")) == WAIT_BOUNDS_MS
    for waited_ms in (0, 400, 2_000_000):
        submission_id = subs.submitted(client, priority="bulk")
        seconds, _ = client.time()
        client.hset(keys.submission(submission_id), "createdMs", seconds * 1000 - waited_ms)
        claim = claims.claim()
        assert claim is not None
        claims.finish(claim, Verdict.ACCEPTED, b"{}", [FINISHED])
    found = counts(client)
    assert found.pop("verdicts,python,accepted") == 3
    total = found.pop("wait,bulk,sum")
    assert 2_000_400 <= total < 2_100_000
    buckets = {name for name in found if name.startswith("wait,bulk,le:")}
    assert {"wait,bulk,le:inf"} < buckets
    assert sum(found.values()) == 3
    assert buckets <= {f"wait,bulk,{bound_label(it)}" for it in (*WAIT_BOUNDS_MS, float("inf"))}


def test_who_is_back_in_line_waits_from_then_on(client: redis.Redis, claims: Claims) -> None:
    submission_id = subs.submitted(client)
    client.hset(keys.submission(submission_id), "createdMs", 1)
    claim = claims.claim()
    assert claim is not None
    claims.release(claim)
    before = counts(client)["wait,default,sum"]
    claims.claim()
    assert counts(client)["wait,default,sum"] - before < 100_000, "not since 1970"


def test_lost_leases_and_their_judge_error_are_counted(client: redis.Redis, claims: Claims) -> None:
    subs.submitted(client)
    for _ in range(3):
        claims.claim()
        subs.expire_leases(client)
        claims.reap()
    found = counts(client)
    assert (found["leases-lost"], found["verdicts,python,judge-error"]) == (3, 1)
