"""The routes of `result`: what is known, now or at the end, and how the service is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from functions.web.app import PAGES
from infra.local.host import create_app
from shared.settings import Settings
from shared.verdicts import EventType, State, Verdict
from tests.in_process import HandWorker, assert_problem, hand_worker, open_client
from tests.shared import submissions as subs


def test_a_waiting_submission_has_no_verdict_and_nulls_for_what_is_not_known(
    client: TestClient, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis, problem="p1")
    body = client.get(f"/result/{submission_id}").json()
    assert (body["id"], body["problemId"], body["status"]) == (submission_id, "p1", "queued")
    unknown = ["verdict", "stdout", "stderr", "exitCode", "signal", "cpuTimeMs", "wallTimeMs"]
    assert [body[name] for name in [*unknown, "peakMemoryBytes", "finishedMs"]] == [None] * 9
    assert body["truncated"] is False
    assert body["cursor"] == "e1.1"
    assert body["links"]["events"] == f"/events/{submission_id}"


def test_a_waiting_submission_knows_its_place_in_line(client: TestClient, hand: HandWorker) -> None:
    paths = [f"/result/{subs.submitted(hand.redis)}" for _ in range(3)]
    assert [client.get(path).json()["position"] for path in paths] == [0, 1, 2]
    hand.claim()
    assert [client.get(path).json()["position"] for path in paths] == [None, 0, 1]


def test_the_state_follows_the_run(client: TestClient, hand: HandWorker) -> None:
    path = f"/result/{subs.submitted(hand.redis)}"
    claim = hand.claim()
    assert client.get(path).json()["status"] == "preparing"
    hand.claims.progress(claim, [(EventType.RUNNING, b"{}")], State.RUNNING)
    assert client.get(path).json()["status"] == "running"
    hand.finish(
        claim,
        Verdict.RUNTIME_ERROR,
        stdout="out",
        stderr="err",
        exitCode=None,
        signal="SIGSEGV",
        cpuTimeMs=12.5,
        wallTimeMs=20,
        peakMemoryBytes=4096,
        truncated=True,
    )
    body = client.get(path).json()
    assert (body["status"], body["verdict"]) == ("finished", "runtime-error")
    assert (body["stdout"], body["stderr"], body["signal"]) == ("out", "err", "SIGSEGV")
    assert (body["cpuTimeMs"], body["peakMemoryBytes"], body["truncated"]) == (12.5, 4096, True)
    assert body["createdMs"] <= body["startedMs"] <= body["finishedMs"]
    assert body["cursor"] == "e1.4"


def test_a_problem_id_is_answered_by_its_latest_submission(
    client: TestClient, hand: HandWorker
) -> None:
    ids = [subs.submitted(hand.redis, problem="two-sum") for _ in range(2)]
    assert client.get("/result/two-sum").json()["id"] == ids[1]
    assert client.get(f"/result/{ids[0]}").json()["id"] == ids[0]


@pytest.mark.parametrize("name", ["0" * 32, "no-such-problem", "%00", "ä", "*"])
def test_what_is_not_there_is_a_404(client: TestClient, name: str) -> None:
    assert_problem(client.get(f"/result/{name}"), 404, "not-found")


def test_wait_is_answered_at_the_end(client: TestClient, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis, problem="p1")
    claim = hand.claim()

    def end() -> None:
        time.sleep(0.2)
        hand.finish(claim)

    thread = threading.Thread(target=end)
    thread.start()
    body = client.get("/result/p1?wait=30").json()
    thread.join()
    assert (body["id"], body["status"]) == (submission_id, "finished")


def test_wait_that_is_over_is_answered_by_what_is_known(
    client: TestClient, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis)
    for seconds in ("0", "0.05"):
        response = client.get(f"/result/{submission_id}?wait={seconds}")
        assert (response.status_code, response.json()["status"]) == (200, "queued")


def test_wait_for_what_is_not_there_is_a_404_at_once(client: TestClient) -> None:
    assert_problem(client.get("/result/no-such?wait=60"), 404, "not-found")


def test_a_bad_wait_is_refused_by_name(client: TestClient, hand: HandWorker) -> None:
    submission_id = subs.submitted(hand.redis)
    response = client.get(f"/result/{submission_id}?wait=soon")
    assert_problem(response, 400, "invalid-field", "wait")


# The service


def test_status_counts_what_waits_what_runs_and_who_works(
    client: TestClient, hand: HandWorker
) -> None:
    hand.announce("python", slots=3, level="full", user="root")
    for _ in range(3):
        subs.submitted(hand.redis)
    hand.finish(hand.claim())
    hand.claim()
    body = client.get("/status").json()
    assert (body["queued"], body["running"], body["slots"]) == (1, 1, 3)
    assert body["totals"] == {"submitted": 3, "finished": 1, "cancelled": 0}
    assert body["oldestWaitingMs"] >= 0
    assert body["unfinishedBytes"] == 2 * len(subs.spec())
    assert body["isolation"] == {"level": "full", "user": "root"}
    [worker] = body["workers"]
    assert worker["languages"] == [
        {"name": "python", "version": "python 1.2.3", "startMode": "fork"}
    ]


def test_status_of_an_empty_service_is_zeros(client: TestClient) -> None:
    assert client.get("/status").json() == {
        "state": "down",
        "queued": 0,
        "running": 0,
        "slots": 0,
        "oldestWaitingMs": None,
        "delayed": 0,
        "classes": {
            name: {"queued": 0, "oldestWaitingMs": None}
            for name in ("contest", "interactive", "default", "bulk")
        },
        "unfinishedBytes": 0,
        "totals": {"submitted": 0, "finished": 0, "cancelled": 0},
        "archive": {
            "mode": "none",
            "waiting": 0,
            "oldestWaitingMs": None,
            "archived": 0,
            "failed": 0,
            "error": None,
        },
        "isolation": {},
        "workers": [],
    }


def test_isolation_is_claimed_only_where_all_workers_agree(
    client: TestClient, hand: HandWorker, redis_url: str
) -> None:
    hand.announce(level="full", seccomp=True)
    with hand_worker(redis_url, "other") as other:
        other.announce(level="container", seccomp=True)
    assert client.get("/status").json()["isolation"] == {"seccomp": True}


def test_ready_means_that_redis_answers_and_a_worker_lives(
    client: TestClient, hand: HandWorker
) -> None:
    assert_problem(client.get("/readyz"), 503, "unavailable")
    hand.announce("python")
    assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (
        200,
        {"status": "ok"},
    )


def test_without_redis_the_process_is_healthy_and_everything_else_a_503() -> None:
    with open_client("unix:///nowhere/valkey.sock") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for path in ("/readyz", "/status", "/languages", "/result/x", "/result/x?wait=1"):
            response = client.get(path)
            assert_problem(response, 503, "unavailable")
            assert int(response.headers["retry-after"]) > 0
        response = client.post("/submit", json={"code": "", "language": "python"})
        assert_problem(response, 503, "unavailable")


def test_every_route_is_in_the_openapi_description(client: TestClient, redis_url: str) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    app = create_app(Settings(redis_url=redis_url))
    served = {
        (route.path.replace(":path}", "}"), method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
        if route.path not in PAGES and not route.path.startswith("/assets")
    }
    listed = {(path, method) for path, item in described["paths"].items() for method in item}
    assert listed == served | {("/socket", "get")}


def test_the_openapi_description_refers_to_nothing_that_is_not_in_it(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    schemas = described["components"]["schemas"]
    references = {value for value in _leaves(described) if str(value).startswith("#/components/")}
    assert {f"#/components/schemas/{name}" for name in schemas} >= references
    assert "#/components/schemas/SubmitRequest" in references
    limits = schemas["LimitsRequest"]["properties"]
    assert (limits["cpuTimeMs"]["minimum"], limits["cpuTimeMs"]["maximum"]) == (10, 60_000)
    assert schemas["SubmitRequest"]["required"] == ["code", "language"]
    assert schemas["SubmitRequest"]["additionalProperties"] is False


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def test_what_is_really_answered_fits_the_description(client: TestClient, hand: HandWorker) -> None:
    """Each answer has exactly the fields that its schema lists."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    hand.announce("python", level="full")
    submission_id = subs.submitted(hand.redis)
    hand.finish(hand.claim())
    for path, name in (
        ("/languages", "Languages"),
        (f"/result/{submission_id}", "Result"),
        ("/status", "Status"),
        ("/healthz", "Health"),
        ("/result/no-such", "Problem"),
    ):
        fields = set(client.get(path).json())
        assert set(schemas[name].get("required", [])) <= fields, path
        assert fields <= set(schemas[name]["properties"]), path
