"""What told of a submission goes with it: what waits, is under way, or was given up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis

from functions.access.leaving import Leaving
from functions.notify.deliveries import MOST_ATTEMPTS, Deliveries
from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.blobs import FolderBlobs
from shared.models import encode
from shared.store import Store
from shared.verdicts import Verdict
from shared.webhooks import FailedDelivery
from tests.archive.parts import Parts, with_parts
from tests.in_process import hand_worker
from tests.shared import submissions as subs
from tests.support import emptied

HOOK = "http://127.0.0.1:1/hook"
TENANT = f"user-{'a' * 20}"


@pytest.fixture
def redis_url(own_valkey: Valkey) -> str:
    """Of a store that no other sender looks into, as the servers of other tests do."""
    return emptied(own_valkey)


def told(client: redis.Redis, url: str, tenant: str = "local") -> tuple[str, list[str]]:
    """The id of a submission that has ended twice, and the names of all that is told of it."""
    client.hset(keys.OUTLET, mapping={"url": "sns:nowhere", "tenant": "local"})
    client.hset(keys.MEMBERS, TENANT, "Ada")
    submission_id = subs.submitted(client, tenant=tenant)
    client.hset(keys.submission(submission_id), "callback", HOOK)
    with hand_worker(url) as hand:
        hand.finish(hand.claim(), Verdict.ACCEPTED)
        epoch = subs.fields(client, submission_id)["epoch"]
        assert subs.rejudge(client, submission_id) == "queued"
        client.hset(keys.submission(submission_id), "epoch", "e2")
        hand.finish(hand.claim(), Verdict.WRONG_ANSWER)
    names = [f"event:{submission_id}-{epoch}", f"event:{submission_id}-e2"]
    names.append(f"submission:{submission_id}")
    assert sorted(in_line(client)) == sorted(names)
    return submission_id, names


def in_line(client: redis.Redis) -> list[str]:
    found: Any = client.zrange(keys.DELIVERIES, 0, -1)
    return [name.decode() for name in found]


def give_up(client: redis.Redis, name: str, owner: str) -> int:
    """Lay one of them down among the failed ones, as a sender does."""
    body: Any = client.hget(keys.delivery(name), "body")
    failed = FailedDelivery(
        id=name.replace(":", "_"),
        url=HOOK,
        attempts=1,
        error="",
        at_ms=1,
        body=(body or b"").decode(),
    )
    answer: Any = scripts.call(
        *(client, "give_up", name, keys.failed_deliveries(owner)),
        *(encode(failed), 1000, keys.FAILING, owner, 1),
    )
    return int(answer)


def left_of(client: redis.Redis, word: str) -> list[str]:
    """The keys that tell of something, but for the notes that it is forgotten."""
    readers: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1),
        b"stream": client.xrange,
    }
    fleeting = (keys.FORGOTTEN.encode(), keys.BURIED.encode(), keys.call("").encode())
    names: Any = client.scan_iter()
    return [
        name.decode()
        for name in names
        if not name.startswith(fleeting)
        and word in f"{name!r} {readers[client.type(name)](name)!r}"  # type: ignore[index]
    ]


@pytest.mark.parametrize("fate", ["waits", "was given up", "some of each"])
def test_no_webhook_event_or_dead_letter_is_left(
    client: redis.Redis, redis_url: str, tmp_path: Path, fate: str
) -> None:
    other, others = told(client, redis_url)
    for name in others:
        assert give_up(client, name, "local") == 1
    client.delete(keys.DELIVERIES)
    submission_id, names = told(client, redis_url)
    for name in {"waits": [], "was given up": names}.get(fate, names[:2]):
        assert give_up(client, name, "local") == 1
    client.zadd(keys.DELIVERIES, {f"event:{other}-again": 1})

    async def story(parts: Parts) -> None:
        await parts.forgetting.submission(submission_id, tenant="local")

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
    assert left_of(client, submission_id) == []
    assert in_line(client) == [f"event:{other}-again"]
    assert client.llen(keys.failed_deliveries("local")) == 3, "others keep theirs"
    assert client.zcard(keys.FAILING) == 1


def test_the_last_dead_letter_takes_its_tenant_off_the_list(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    submission_id, names = told(client, redis_url)
    for name in names:
        give_up(client, name, "local")

    async def story(parts: Parts) -> None:
        await parts.forgetting.submission(submission_id, tenant="local")

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
    assert client.exists(keys.FAILING, keys.failed_deliveries("local"), keys.DELIVERIES) == 0


def test_what_is_under_way_comes_back_in_no_form(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission_id, names = told(client, redis_url)
    for name in names:
        client.hset(keys.delivery(name), "attempts", MOST_ATTEMPTS - 1)

    async def story(parts: Parts) -> None:
        # Given a sender that is in the middle of each, for the last time
        counted: list[str] = []
        client_ = parts.archive.client
        store = Store(client_, parts.settings, parts.archive)
        deliveries = Deliveries(store, count=counted.append)
        asked, gate = asyncio.Event(), asyncio.Event()
        waiting = 0

        async def slow(*_: object) -> str:
            nonlocal waiting
            waiting += 1
            if waiting == len(names):
                asked.set()
            await gate.wait()
            return "it was answered by 500"

        monkeypatch.setattr(deliveries, "_tell", slow)
        sending = asyncio.create_task(deliveries.send_due())
        await asked.wait()
        # When it is forgotten, and only then the answers come
        await parts.forgetting.submission(submission_id, tenant="local")
        gate.set()
        assert await sending == len(names)
        assert counted == []

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
    assert left_of(client, submission_id) == []


def test_the_outlet_is_told_nothing_more_of_an_account_that_left(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    other, _ = told(client, redis_url)
    submission_id, names = told_of_ada(client, redis_url)
    assert give_up(client, names[0], "local") == 1
    client.hdel(keys.MEMBERS, TENANT)
    client.sadd(keys.LEAVING, TENANT)

    async def story(parts: Parts) -> None:
        await Leaving(
            Store(parts.archive.client, parts.settings, parts.archive), parts.archive
        ).remove(TENANT)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
    assert left_of(client, submission_id) == []
    assert left_of(client, TENANT) == []
    assert len(in_line(client)) == 3
    assert all(other in name for name in in_line(client))


def told_of_ada(client: redis.Redis, url: str) -> tuple[str, list[str]]:
    """The same, of an account; others are told of meanwhile."""
    before = in_line(client)
    rest = {name: client.zscore(keys.DELIVERIES, name) for name in before}
    client.delete(keys.DELIVERIES)
    found = told(client, url, TENANT)
    client.zadd(keys.DELIVERIES, {name: float(str(at)) for name, at in rest.items()})
    return found
