"""What the operator sees and does, and that nobody else does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from starlette.testclient import TestClient

from functions.admin.letters import MOST_SHOWN
from shared import keys
from shared.connect import async_client
from shared.credentials import Credentials
from shared.identity import LOCAL_TENANT, Role
from shared.models import encode
from shared.verdicts import Verdict
from shared.webhooks import FailedDelivery
from tests.in_process import HandWorker, assert_problem, hand_worker, open_client
from tests.infra.eventually import eventually
from tests.notify.test_webhooks import Receiver
from tests.shared import submissions as subs

ROUTES = [
    ("GET", "/admin/overview"),
    ("POST", "/admin/workers/hand/drain"),
    ("DELETE", "/admin/workers/hand/drain"),
    ("POST", "/admin/dead-letters/submission_1/replay"),
    ("DELETE", "/admin/dead-letters/submission_1"),
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody's server, which answers what it is told to."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def key_of(redis_url: str, tenant: str, *roles: Role) -> dict[str, str]:
    """The header of a new key."""

    async def make() -> str:
        async with async_client(redis_url) as client:
            return (await Credentials(client).create_key(tenant, frozenset(roles))).secret

    return {"authorization": f"Bearer {asyncio.run(make())}"}


def give_up(client: redis.Redis, number: int = 1, tenant: str = LOCAL_TENANT) -> str:
    """A webhook that was given up; its id."""
    letter = FailedDelivery(
        id=f"submission_{tenant}{number}",
        url="https://hooks.example/in?token=secret",
        attempts=12,
        error="it was answered by 500",
        at_ms=number,
    )
    client.lpush(keys.failed_deliveries(tenant), encode(letter))
    client.zadd(keys.FAILING, {tenant: number})
    return letter.id


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_an_admin_of_the_local_tenant_is_the_operator(
    client: TestClient, hand: HandWorker, redis_url: str, method: str, path: str
) -> None:
    hand.announce("python")
    before = subs.dump(hand.redis)
    for tenant, roles in (
        ("acme", tuple(Role)),
        (LOCAL_TENANT, (Role.READ, Role.SUBMIT)),
    ):
        headers = key_of(redis_url, tenant, *roles)
        assert_problem(client.request(method, path, headers=headers), 403, "forbidden")
    hand.redis.delete(keys.API_KEYS)
    assert subs.dump(hand.redis) == before
    headers = key_of(redis_url, LOCAL_TENANT, Role.ADMIN)
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == (404 if "dead-letters" in path else 200)


def test_the_overview_has_queue_slots_workers_and_languages(
    client: TestClient, hand: HandWorker, redis_url: str
) -> None:
    hand.announce("python", "cpp17", slots=3, level="full", user="root")
    for priority in ("default", "default", "bulk"):
        subs.submitted(hand.redis, tenant="acme", priority=priority)
    hand.claim()
    with hand_worker(redis_url, "other") as other:
        other.announce("python", slots=2, level="container")
    seen = client.get("/admin/overview").json()
    assert (seen["queue"]["queued"], seen["queue"]["running"]) == (2, 1)
    assert seen["queue"]["classes"]["bulk"]["queued"] == 1
    assert seen["queue"]["classes"]["bulk"]["oldestWaitingMs"] >= 0
    assert (seen["slots"], seen["busy"]) == (5, 1)
    assert seen["totals"] == {"submitted": 3, "finished": 0, "cancelled": 0}
    assert [(it["id"], it["isolation"]) for it in seen["workers"]] == [
        ("hand", "full"),
        ("other", "container"),
    ]
    assert seen["workers"][0]["facts"]["user"] == "root"
    assert {it["name"]: it["versions"] for it in seen["languages"]} == {
        "cpp17": {"cpp17 1.2.3": 1},
        "python": {"python 1.2.3": 2},
    }


def test_judge_errors_are_listed_with_what_their_result_says(
    client: TestClient, hand: HandWorker
) -> None:
    first = subs.submitted(hand.redis, tenant="acme", problem="p1")
    hand.finish(hand.claim(), Verdict.JUDGE_ERROR, message="the checker crashed")
    second = subs.submitted(hand.redis)
    hand.finish(hand.claim(), Verdict.JUDGE_ERROR, message="the engine failed")
    subs.submitted(hand.redis)
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    hand.redis.delete(keys.submission(second))
    newest, oldest = client.get("/admin/overview").json()["judgeErrors"]
    assert (oldest["submissionId"], oldest["tenant"], oldest["problemId"]) == (first, "acme", "p1")
    assert (oldest["message"], oldest["worker"]) == ("the checker crashed", "hand")
    assert (newest["submissionId"], newest["message"]) == (second, None)


def test_lost_workers_are_a_judge_error_too_and_the_list_is_bounded(
    client: TestClient, hand: HandWorker
) -> None:
    submission_id = subs.submitted(hand.redis)
    for _ in range(3):
        hand.claim()
        subs.expire_leases(hand.redis)
        hand.claims.reap()
    [error] = client.get("/admin/overview").json()["judgeErrors"]
    assert error["submissionId"] == submission_id
    assert error["message"] == "the worker was lost 3 times while running this"
    for _ in range(MOST_SHOWN):
        subs.submitted(hand.redis)
        hand.finish(hand.claim(), Verdict.JUDGE_ERROR)
    assert len(client.get("/admin/overview").json()["judgeErrors"]) == MOST_SHOWN


def test_dead_letters_of_all_tenants_are_listed_newest_first_without_their_secrets(
    client: TestClient, hand: HandWorker
) -> None:
    ids = [give_up(hand.redis, at, tenant) for at, tenant in ((1, "acme"), (2, "b"), (3, "acme"))]
    seen = client.get("/admin/overview").json()
    assert [it["id"] for it in seen["deadLetters"]] == ids[::-1]
    assert [it["tenant"] for it in seen["deadLetters"]] == ["acme", "b", "acme"]
    assert {it["url"] for it in seen["deadLetters"]} == {"https://hooks.example/in"}
    assert seen["webhooks"] == {"waiting": 0, "dead": 3}


def test_a_dead_letter_that_is_replayed_is_due_now_with_all_attempts_before_it(
    client: TestClient, hand: HandWorker
) -> None:
    kept, letter = give_up(hand.redis, 1, "acme"), give_up(hand.redis, 2, "acme")
    answer = client.post(f"/admin/dead-letters/{letter}/replay")
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")
    name = letter.replace("_", ":", 1)
    assert hand.redis.hgetall(keys.delivery(name)) == {
        b"url": b"https://hooks.example/in?token=secret",
        b"tenant": b"acme",
        b"attempts": b"0",
    }
    assert hand.redis.zscore(keys.DELIVERIES, name) is not None
    seen = client.get("/admin/overview").json()
    assert [it["id"] for it in seen["deadLetters"]] == [kept]
    assert seen["webhooks"] == {"waiting": 1, "dead": 1}
    assert_problem(client.post(f"/admin/dead-letters/{letter}/replay"), 404, "not-found")


def test_a_dead_letter_that_is_replayed_is_heard_at_last(
    hand: HandWorker, redis_url: str, receiver: Receiver
) -> None:
    receiver.answers = [500] * 100
    with open_client(redis_url, webhooks_to="anywhere") as client:
        # Given a webhook that is refused for the last time
        body = {"code": "", "language": "python", "callbackUrl": receiver.url}
        submission_id = client.post("/submit", json=body).json()["id"]
        name = f"submission:{submission_id}"
        hand.finish(hand.claim())

        def is_given_up() -> bool:
            if hand.redis.exists(keys.delivery(name)):  # after eleven attempts, due now
                hand.redis.hset(keys.delivery(name), "attempts", 11)
                hand.redis.zadd(keys.DELIVERIES, {name: 0}, xx=True)
            return bool(client.get("/webhooks").json()["failed"])

        eventually(is_given_up)
        hand.redis.delete(keys.delivery(name))
        refused = len(receiver.heard)
        receiver.answers.clear()
        # When the operator sends it again
        letter = name.replace(":", "_")
        client.post(f"/admin/dead-letters/{letter}/replay").raise_for_status()
        # Then it is told once more, by the same name, and is no dead letter any more
        eventually(lambda: len(receiver.heard) > refused)
        eventually(lambda: not hand.redis.exists(keys.delivery(name)))
        assert client.get("/webhooks").json()["failed"] == []
    assert {headers["webhook-id"] for headers, _ in receiver.heard} == {letter}


def test_a_dead_letter_that_is_dropped_is_gone(client: TestClient, hand: HandWorker) -> None:
    letter = give_up(hand.redis, 1, "acme")
    assert client.delete(f"/admin/dead-letters/{letter}").status_code == 204
    assert client.get("/admin/overview").json()["webhooks"] == {"waiting": 0, "dead": 0}
    assert_problem(client.delete(f"/admin/dead-letters/{letter}"), 404, "not-found")
    assert hand.redis.exists(keys.FAILING) == 0


def test_a_worker_that_drains_is_given_nothing_until_it_takes_work_again(
    client: TestClient, hand: HandWorker
) -> None:
    hand.announce("python")
    subs.submitted(hand.redis)
    answer = client.post("/admin/workers/hand/drain").json()
    assert answer == {"id": "hand", "draining": True, "state": "draining"}
    [seen] = client.get("/admin/overview").json()["workers"]
    assert seen["state"] == "draining", "though it has not heard of it yet"
    assert hand.claims.claim() is None
    hand.announce("python")
    assert hand.claims.draining
    answer = client.delete("/admin/workers/hand/drain").json()
    assert (answer["draining"], answer["state"]) == (False, "working")
    assert hand.claims.claim() is not None


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_worker_that_is_not_there_cannot_be_drained(client: TestClient, method: str) -> None:
    answer = client.request(method, "/admin/workers/nobody/drain")
    assert_problem(answer, 404, "not-found")


@contextmanager
def tenant_client(redis_url: str, tenant: str) -> Iterator[TestClient]:
    with open_client(redis_url) as client:
        client.headers.update(key_of(redis_url, tenant, *Role))
        yield client


def test_status_tells_a_tenant_what_is_his_own_and_whether_there_is_room(
    hand: HandWorker, redis_url: str
) -> None:
    hand.announce("python", slots=2, level="full")
    for tenant in ("acme", "other", "other", "acme"):
        subs.submitted(hand.redis, tenant=tenant)
    subs.submitted(hand.redis, tenant="acme", run_at_ms=subs.FAR_MS)
    hand.claim()
    with tenant_client(redis_url, "acme") as client:
        seen = client.get("/status").json()
    assert (seen["totals"], seen["workers"]) == (None, None)
    assert (seen["queued"], seen["running"], seen["delayed"]) == (1, 1, 1)
    assert seen["unfinishedBytes"] == 3 * len(subs.spec())
    assert seen["classes"]["default"]["queued"] == 1
    assert (seen["state"], seen["slots"]) == ("busy", 2)
    assert "hand" not in str(seen)
    with tenant_client(redis_url, "nobody") as client:
        seen = client.get("/status").json()
    assert (seen["queued"], seen["running"], seen["oldestWaitingMs"]) == (0, 0, None)
    assert seen["state"] == "busy"


@pytest.mark.parametrize(
    ("waiting", "settings", "state"),
    [(0, {}, "idle"), (1, {}, "busy"), (1, {"max_queued": 1}, "full")],
)
def test_the_state_says_whether_there_is_room(
    hand: HandWorker, redis_url: str, waiting: int, settings: dict[str, int], state: str
) -> None:
    hand.announce("python")
    for _ in range(waiting):
        subs.submitted(hand.redis)
    with open_client(redis_url, **settings) as client:
        assert client.get("/status").json()["state"] == state
