"""The routes of `submit`: taken means stored, waited for means finished."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from shared import keys
from shared.models import Spec
from shared.verdicts import Verdict
from shared.waiting import Waiting
from tests.in_process import HandWorker, assert_problem, open_client

GOOD = {"code": "print(1)", "language": "py", "problemId": "two-sum"}


def submit(client: TestClient, **fields: Any) -> str:  # noqa: ANN401
    """The id of a submission that was taken."""
    response = client.post("/submit", json=GOOD | fields)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def judge_next(hand: HandWorker, **result: Any) -> threading.Thread:  # noqa: ANN401
    """In a thread: wait for a submission, claim it, finish it."""

    def work() -> None:
        deadline = time.monotonic() + 30
        while (claim := hand.claims.claim()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        hand.finish(claim, **result)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_submission_is_answered_202_when_it_is_stored(
    client: TestClient, hand: HandWorker
) -> None:
    response = client.post("/submit", json=GOOD)
    assert response.status_code == 202
    body = response.json()
    submission_id = body["id"]
    assert body == {
        "id": submission_id,
        "status": "queued",
        "links": {"result": f"/result/{submission_id}", "events": f"/events/{submission_id}"},
    }
    assert response.headers["location"] == f"/result/{submission_id}"
    assert response.headers["content-type"] == "application/json"
    claim = hand.claim()
    assert (claim.submission_id, claim.language, claim.problem_id) == (
        submission_id,
        "python",
        "two-sum",
    )
    assert isinstance(claim.spec, Spec)


def test_wait_is_answered_by_the_result_if_it_comes_in_time(
    client: TestClient, hand: HandWorker
) -> None:
    thread = judge_next(hand, stdout="1\n", exitCode=0)
    response = client.post("/submit?wait=30", json=GOOD)
    thread.join()
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["verdict"], body["stdout"]) == ("finished", "completed", "1\n")
    assert (body["language"], body["problemId"], body["exitCode"]) == ("python", "two-sum", 0)


def test_wait_is_answered_202_with_the_state_of_now_if_it_does_not(
    client: TestClient, hand: HandWorker
) -> None:
    response = client.post("/submit?wait=0.05", json=GOOD)
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert client.get(response.headers["location"]).json()["status"] == "queued"


def test_a_full_queue_is_a_503_that_says_when_to_come_back(redis_url: str) -> None:
    with open_client(redis_url, max_queued=1) as client:
        submit(client)
        response = client.post("/submit", json=GOOD)
    assert_problem(response, 503, "overloaded")
    assert int(response.headers["retry-after"]) > 0


def test_a_full_redis_is_a_503_and_nothing_is_stored(client: TestClient, hand: HandWorker) -> None:
    hand.redis.config_set("maxmemory", 1)
    try:
        response = client.post("/submit", json=GOOD)
    finally:
        hand.redis.config_set("maxmemory", 0)
    assert_problem(response, 503, "overloaded")
    assert hand.redis.zcard(keys.READY) == 0


def test_a_language_is_checked_against_the_living_workers(
    client: TestClient, hand: HandWorker
) -> None:
    hand.announce("javascript")
    response = client.post("/submit", json=GOOD)
    detail = assert_problem(response, 400, "invalid-field", "language")
    assert "javascript" in detail
    submit(client, language="node")


def test_a_waiting_submission_is_cancelled(client: TestClient, hand: HandWorker) -> None:
    submission_id = submit(client)
    response = client.delete(f"/submission/{submission_id}")
    assert response.status_code == 200
    assert response.json() == {"id": submission_id, "status": "cancelled"}
    result = client.get(f"/result/{submission_id}").json()
    assert (result["status"], result["verdict"]) == ("cancelled", None)
    assert hand.claims.claim() is None
    assert client.delete(f"/submission/{submission_id}").json()["status"] == "cancelled"


def test_a_cancel_that_comes_too_late_says_so(client: TestClient, hand: HandWorker) -> None:
    submission_id = submit(client)
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    assert client.delete(f"/submission/{submission_id}").json()["status"] == "finished"
    assert client.get(f"/result/{submission_id}").json()["verdict"] == "accepted"


@pytest.mark.parametrize("name", ["0" * 32, "two-sum", "x", "%00", "ä"])
def test_only_a_submission_s_own_id_cancels(client: TestClient, name: str) -> None:
    submission_id = submit(client)
    assert_problem(client.delete(f"/submission/{name}"), 404, "not-found")
    assert client.get(f"/result/{submission_id}").json()["status"] == "queued"


def test_languages_are_those_of_the_living_workers(client: TestClient, hand: HandWorker) -> None:
    hand.announce("python", "of-another-version")
    [python] = client.get("/languages").json()["languages"]
    assert (python["name"], python["title"], python["version"]) == (
        "python",
        "Python",
        "python 1.2.3",
    )
    assert "py" in python["aliases"]
    assert python["limits"]["cpuTimeMs"] == 5000
    assert python["limits"]["wallTimeMs"] == 11_000
    assert python["startMode"] == "fork"
    assert "main()" in python["starter"]


def test_without_a_worker_all_known_languages_are_listed_without_a_version(
    client: TestClient,
) -> None:
    listed = client.get("/languages").json()["languages"]
    assert {"python", "javascript"} <= {language["name"] for language in listed}
    assert {language["version"] for language in listed} == {None}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/submit", "OPTIONS, POST"),
        ("PUT", "/submit", "OPTIONS, POST"),
        ("GET", f"/submission/{'0' * 32}", "DELETE, OPTIONS"),
        ("POST", "/languages", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    client: TestClient, method: str, path: str, allow: str
) -> None:
    response = client.request(method, path)
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == allow


def test_who_waits_while_redis_goes_away_is_not_told_to_submit_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a Redis that goes away as soon as a submission is stored
    async def away(*_args: object, **_kwargs: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(Waiting, "until_final", away)
    # When somebody submits and waits
    response = client.post("/submit?wait=5", json=GOOD)
    # Then it was taken, for a 503 would make a second one of it
    assert response.status_code == 202, response.text
    assert response.json()["status"] == "queued"
    assert client.get(response.json()["links"]["result"]).status_code == 200


@pytest.mark.parametrize("to", ["public", "anywhere"])
def test_a_webhook_into_a_private_network_is_refused_when_it_is_sent_in(
    redis_url: str, hand: HandWorker, to: str
) -> None:
    url = "http://192.168.0.9/hook"
    item = '{"code": "", "language": "python"}'
    ndjson = {"content-type": "application/x-ndjson"}
    with open_client(redis_url, webhooks_to=to) as client:
        one = client.post("/submit", json=GOOD | {"callbackUrl": url})
        many = client.post(f"/batch?callbackUrl={url}", content=item, headers=ndjson)
    for answer in (one, many):
        if to == "anywhere":
            assert answer.status_code == 202
        else:
            detail = assert_problem(answer, 400, "invalid-field", "callbackUrl")
            assert "192.168.0.9" in detail
    assert (hand.claims.claim() is not None) == (to == "anywhere")
