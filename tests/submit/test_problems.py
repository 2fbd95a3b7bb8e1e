"""Submissions to installed problems, through the real app: stored with what judges them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import redis
from starlette.testclient import TestClient

from shared import keys
from shared.models import Spec, encode
from shared.problems.answers import ProblemEntry
from tests.in_process import assert_problem, hand_worker, open_client

DIGEST = "d" * 64
ENTRY = ProblemEntry(
    id="adding",
    digest=DIGEST,
    name="Adding",
    names={"en": "Adding"},
    difficulty="",
    tags=[],
    type=["pass-fail"],
    languages=["python"],
    time_limit_ms=1500,
    memory_bytes=1 << 29,
    code_bytes=1000,
)


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    with open_client(redis_url) as opened:
        redis.Redis.from_url(redis_url).hset(keys.PROBLEMS, ENTRY.id, encode(ENTRY))
        yield opened


def stored(client: TestClient, redis_url: str, **body: Any) -> Spec:  # noqa: ANN401
    """What a worker would get."""
    full = {"code": "print(1)", "language": "python", "problemId": "adding", **body}
    answer = client.post("/submit", json=full)
    assert answer.status_code == 202, answer.text
    key = keys.submission(answer.json()["id"])
    spec = redis.Redis.from_url(redis_url).hget(key, "spec")
    assert isinstance(spec, bytes)
    return msgspec.json.decode(spec, type=Spec)


def test_an_installed_problem_names_its_package_and_its_limits(
    client: TestClient, redis_url: str
) -> None:
    spec = stored(client, redis_url)

    assert (spec.package, spec.problem_id, spec.reveal) == (DIGEST, "adding", False)
    assert (spec.limits.cpu_time_ms, spec.limits.wall_time_ms) == (1500, 4000)
    assert spec.limits.memory_bytes == 1 << 29


def test_a_problem_without_a_time_limit_is_judged_with_the_provisional_one(
    client: TestClient, redis_url: str
) -> None:
    entry = msgspec.structs.replace(ENTRY, time_limit_ms=None)
    redis.Redis.from_url(redis_url).hset(keys.PROBLEMS, entry.id, encode(entry))

    limits = stored(client, redis_url).limits

    assert (limits.cpu_time_ms, limits.wall_time_ms) == (10_000, 21_000)


@pytest.mark.parametrize(
    "body",
    [
        {"problemId": "other"},
        {"stdin": "1"},
        {"expectedOutput": ""},
        {"tests": [{"stdin": "1"}]},
    ],
)
def test_what_brings_its_own_input_is_a_run_of_ones_own(
    client: TestClient, redis_url: str, body: dict[str, Any]
) -> None:
    assert stored(client, redis_url, **body).package == ""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "bash"}, "language"),
        ({"limits": {"cpuTimeMs": 60_000}}, "limits"),
        ({"args": ["x"]}, "args"),
        ({"files": [{"name": "a", "content": ""}]}, "files"),
        ({"collect": ["a"]}, "collect"),
        ({"comparison": {"mode": "exact"}}, "comparison"),
        ({"code": "#" * 1001}, "code"),
        ({"package": DIGEST}, "package"),
        ({"reveal": True}, "reveal"),
    ],
)
def test_a_contestant_does_not_choose_how_a_problem_judges(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    full = {"code": "print(1)", "language": "python", "problemId": "adding", **body}
    assert_problem(client.post("/submit", json=full), 400, "invalid-field", field)


def test_a_finished_submission_is_judged_again_over_http(
    client: TestClient, redis_url: str
) -> None:
    body = {"code": "print(1)", "language": "python"}
    submission_id = client.post("/submit", json=body).json()["id"]
    path = f"/submission/{submission_id}"
    assert client.get(f"{path}/code").json() == {"id": submission_id, **body}
    assert_problem(client.post(f"{path}/rejudge"), 409, "conflict")
    with hand_worker(redis_url) as hand:
        hand.finish(hand.claim())

    assert client.post(f"{path}/rejudge").status_code == 202

    told = client.get(f"/result/{submission_id}").json()
    assert (told["status"], told["verdict"]) == ("queued", None)
    assert [past["verdict"] for past in told["history"]] == ["completed"]
    assert_problem(client.get("/problems/adding/rejudge"), 404, "not-found")
    none = {"submissions": 0, "complete": True}
    assert client.post("/problems/adding/rejudge").json() == none
    assert client.get("/problems/adding/rejudge").json() == none
    assert_problem(client.post("/problems/unknown/rejudge"), 404, "not-found")
    assert_problem(client.post("/submission/unknown/rejudge"), 404, "not-found")
