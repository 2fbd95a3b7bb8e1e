"""When a submission is to run: what may be asked for, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.testclient import TestClient

from shared import keys
from shared.errors import InvalidField
from shared.identity import Caller, Role
from shared.models import SubmitRequest
from shared.place import allowed
from shared.priority import Priority
from shared.taking.place import place
from tests.in_process import HandWorker, assert_problem

NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
NOW_MS = NOW.timestamp() * 1000


def asked(**fields: object) -> SubmitRequest:
    return SubmitRequest(code="", language="python", **fields)  # type: ignore[arg-type]


def test_who_says_nothing_waits_in_the_middle_and_for_as_long_as_it_takes() -> None:
    found = place(asked(), NOW_MS)
    assert found.priority is Priority.DEFAULT
    assert (found.run_at_ms, found.queue_timeout_ms) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-02T12:00:00Z",
        "2030-01-02t12:00z",
        "2030-01-02T13:30:00.000+01:30",
        "2030-01-02T11:00:00-01:00",
    ],
)
def test_a_time_is_the_same_in_every_zone(text: str) -> None:
    assert place(asked(run_at=text), NOW_MS).run_at_ms == NOW_MS + 86_400_000


def test_a_month_ahead_is_the_most() -> None:
    month = (NOW + timedelta(days=30)).astimezone(timezone(timedelta(hours=5)))
    assert place(asked(run_at=month.isoformat()), NOW_MS).run_at_ms is not None
    with pytest.raises(InvalidField, match="30 days"):
        place(asked(run_at=(month + timedelta(seconds=1)).isoformat()), NOW_MS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2030-01-02",
        "2030-01-02T12:00:00",
        "2030-13-02T12:00:00Z",
        "2030-01-02T25:00:00Z",
        "2030-01-02T12:00:00+99:00",
        "2030-W01-2T12:00Z",
        "٢٠٣٠-01-02T12:00:00Z",
        "2030-01-02T12:00:00Z\n",
        "1893585600000",
    ],
)
def test_what_is_no_time_with_an_offset_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        place(asked(run_at=text), NOW_MS)
    assert caught.value.field == "runAt"


@pytest.mark.parametrize("timeout_ms", [0, -1, 30 * 86_400_000 + 1, 10**30])
def test_a_queue_timeout_out_of_range_is_refused_by_name(timeout_ms: int) -> None:
    with pytest.raises(InvalidField) as caught:
        place(asked(queue_timeout_ms=timeout_ms), NOW_MS)
    assert caught.value.field == "queueTimeoutMs"


def test_only_an_admin_may_be_in_any_class() -> None:
    assert allowed(Caller("a", frozenset({Role.SUBMIT, Role.READ}))) == "interactive,default,bulk"
    assert allowed(Caller("a", frozenset(Role))) == "*"


def test_what_was_asked_for_is_what_the_line_knows(client: TestClient, hand: HandWorker) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"code": "print(1)", "language": "python"}
    for fields in ({"runAt": soon}, {"priority": "bulk"}, {"queueTimeoutMs": 60_000}):
        assert client.post("/submit", json=body | fields).status_code == 202
    told = client.get("/status").json()
    assert (told["queued"], told["delayed"]) == (2, 1)
    waiting = {name: line["queued"] for name, line in told["classes"].items()}
    assert waiting == {"contest": 0, "interactive": 0, "default": 1, "bulk": 1}
    assert told["classes"]["bulk"]["oldestWaitingMs"] >= 0
    assert hand.redis.zcard(keys.DEADLINES) == 1


@pytest.mark.parametrize("value", ["urgent", "", 1, "BULK"])
def test_a_class_that_is_none_is_refused_by_name(client: TestClient, value: object) -> None:
    answer = client.post("/submit", json={"code": "", "language": "python", "priority": value})
    assert_problem(answer, 400, "invalid-field", "priority")


def test_a_tenant_with_too_much_is_told_to_come_back_later(
    client: TestClient, hand: HandWorker
) -> None:
    hand.redis.hset(keys.tenant("local"), "most_waiting", 1)
    body = {"code": "print(1)", "language": "python"}
    assert client.post("/submit", json=body).status_code == 202
    answer = client.post("/submit", json=body)
    assert_problem(answer, 429, "rate-limited")
    assert int(answer.headers["retry-after"]) > 0
    hand.finish(hand.claim())
    assert client.post("/submit", json=body).status_code == 202
