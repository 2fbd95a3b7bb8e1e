"""Who holds a claim, and whom a renewal may stop: the run it is about, and no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
import redis

from functions.execute import leases as module
from functions.execute.leases import Leases
from shared.claims import Claim, Claims
from shared.connect import blocking_client
from shared.counts import NO_REPORT, CountReport
from shared.verdicts import EventType, Verdict
from tests.infra.eventually import eventually
from tests.shared import submissions as subs

FINISHED = (EventType.FINISHED, b'{"status":"finished","verdict":"completed"}')


class Watched(Claims):
    """Claims that tell how often they were renewed, and let a test step in at the worst time."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(client, "worker", 600)
        self.renewals = 0
        self.before_answer: Callable[[], None] = lambda: None

    def renew(
        self, slots: int, facts: object, held: Iterable[Claim], report: CountReport = NO_REPORT
    ) -> list[str]:
        lost = super().renew(slots, facts, held, report)
        self.before_answer()
        self.renewals += 1
        return lost


@pytest.fixture
def claims(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(module, "RENEW_INTERVAL_S", 0.05)
    with blocking_client(redis_url) as client:
        yield Watched(client)


@pytest.fixture
def leases(claims: Watched) -> Iterator[Leases]:
    made = Leases(claims, 1, dict)
    made.start()
    yield made
    made.stop()


def claimed(claims: Watched) -> Claim:
    subs.submitted(claims.client)
    claim = claims.claim()
    assert claim is not None
    return claim


def some_renewals(claims: Watched) -> None:
    """Until what is held now has been renewed more than once."""
    enough = claims.renewals + 3
    eventually(lambda: claims.renewals >= enough)


def test_what_is_held_stays_held(claims: Watched, leases: Leases) -> None:
    claim = claimed(claims)
    stopped = threading.Event()
    leases.hold(claim, stopped.set)
    claims.client.zadd("assay:leases", {claim.submission_id: 1})  # as if long ago

    some_renewals(claims)

    assert not stopped.is_set()
    assert claims.client.zscore("assay:leases", claim.submission_id) != 1


def test_work_on_a_lost_claim_is_stopped(claims: Watched, leases: Leases) -> None:
    claim = claimed(claims)
    stopped = threading.Event()
    leases.hold(claim, stopped.set)

    assert subs.cancel(claims.client, claim.submission_id) == "cancelled"

    eventually(stopped.is_set)


def test_work_that_ends_while_a_renewal_is_under_way_stops_nothing(
    claims: Watched, leases: Leases
) -> None:
    """The renewal's answer calls a finished claim lost; its cell may have been lent again."""
    claim = claimed(claims)
    stopped = threading.Event()
    held = leases.hold(claim, stopped.set)
    assert held is not None
    assert claims.finish(claim, Verdict.COMPLETED, b"{}", [FINISHED])
    claims.before_answer = lambda: leases.drop(held)

    some_renewals(claims)

    assert not stopped.is_set()


def test_who_stops_holds_nothing_new_and_waits_for_what_is_held(
    claims: Watched, leases: Leases
) -> None:
    held = leases.hold(claimed(claims), lambda: None)
    assert held is not None

    leases.hold_no_more()

    assert leases.hold(claimed(claims), lambda: None) is None
    assert not leases.wait_until_idle(0.05)
    leases.drop(held)
    assert leases.wait_until_idle(0.05)


def test_to_give_back_is_told_to_each_holder(claims: Watched, leases: Leases) -> None:
    stopped = [threading.Event(), threading.Event()]
    held = [leases.hold(claimed(claims), event.set) for event in stopped]

    leases.give_back_all()

    assert all(event.is_set() for event in stopped)
    assert all(item is not None and item.give_back for item in held)
