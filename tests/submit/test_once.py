"""`Idempotency-Key`: sent twice, taken once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from shared import keys
from tests.in_process import HandWorker, assert_problem

BODY = {"code": "print(1)", "language": "python"}


def submit(client: TestClient, key: str, query: str = "", **fields: Any) -> Any:  # noqa: ANN401
    return client.post(f"/submit{query}", json=BODY | fields, headers={"idempotency-key": key})


def test_the_same_again_is_the_same_submission_as_it_is_now(
    client: TestClient, hand: HandWorker
) -> None:
    first = submit(client, "k").json()
    assert submit(client, "k").json() == first
    claim = hand.claim()
    assert submit(client, "k").json() == first | {"status": "preparing"}
    hand.finish(claim)
    assert submit(client, "k").json() == first | {"status": "finished"}
    ended = submit(client, "k", "?wait=1")
    assert (ended.status_code, ended.json()["id"]) == (200, first["id"])
    assert hand.redis.zcard(keys.READY) == 0


def test_duplicates_at_the_same_time_get_the_same_id(client: TestClient, hand: HandWorker) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: submit(client, "k"), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert hand.redis.zcard(keys.READY) == 1


def test_the_same_key_with_another_body_is_a_conflict(client: TestClient, hand: HandWorker) -> None:
    submit(client, "k")
    assert_problem(submit(client, "k", code="print(2)"), 409, "conflict")
    assert hand.redis.zcard(keys.READY) == 1


def test_another_key_and_no_key_are_another_submission(client: TestClient) -> None:
    ids = [submit(client, key).json()["id"] for key in ("k", "K")]
    ids += [client.post("/submit", json=BODY).json()["id"] for _ in range(2)]
    assert len(set(ids)) == 4


def test_a_key_is_the_tenants_own_and_forgotten_after_a_day(
    client: TestClient, hand: HandWorker
) -> None:
    submit(client, "k")
    [name] = hand.redis.scan_iter(keys.once("*", "*"))
    assert name.decode().startswith(keys.once("local", ""))
    assert 86_000 < hand.redis.ttl(name) <= 86_400


def test_what_was_refused_may_be_sent_again_with_its_key(
    client: TestClient, hand: HandWorker
) -> None:
    hand.redis.hset(keys.tenant("local"), "most_waiting", 1)
    submit(client, "first")
    assert_problem(submit(client, "k"), 429, "rate-limited")
    assert_problem(submit(client, "k", language="klingon"), 400, "invalid-field", "language")
    hand.claim()
    assert submit(client, "k").status_code == 202


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\t", "\u00e9"])
def test_what_can_be_no_key_is_refused_by_name(client: TestClient, key: str) -> None:
    answer = client.post("/submit", json=BODY, headers={b"idempotency-key": key.encode("latin-1")})
    assert_problem(answer, 400, "invalid-field", "Idempotency-Key")


def test_a_key_whose_result_is_gone_is_a_conflict_and_nothing_runs(
    client: TestClient, hand: HandWorker
) -> None:
    submission_id = submit(client, "k").json()["id"]
    hand.finish(hand.claim())
    hand.redis.delete(keys.submission(submission_id))
    assert_problem(submit(client, "k"), 409, "conflict")
    assert hand.redis.zcard(keys.READY) == 0
