"""A deleted account: it opens nothing, what runs is cancelled, and nothing of it is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.access.leaving import Leaving
from shared import keys
from shared.archive import Archive
from shared.blobs import open_blobs
from shared.connect import async_client
from shared.models import encode
from shared.settings import Settings
from shared.store import Store
from shared.verdicts import EventType, State, Verdict
from tests.access.people import Person, joined
from tests.in_process import HandWorker, assert_problem
from tests.shared import submissions as subs

#: For half a minute, and it opens nothing; for one, in case the reply of a worker's call was
#: lost; until no archiver can be writing what was forgotten.
FLEETING = tuple(it.encode() for it in (keys.ticket(""), keys.call(""), keys.FORGOTTEN))


def left_of(hand: HandWorker, *names: str) -> list[str]:
    """What is stored anywhere with one of these in its key or its value."""
    found = []
    for key in hand.redis.scan_iter():
        if key.startswith(FLEETING):
            continue
        kind: Any = hand.redis.type(key)
        readers: dict[bytes, Callable[[Any], Any]] = {
            b"string": hand.redis.get,
            b"hash": hand.redis.hgetall,
            b"set": hand.redis.smembers,
            b"list": lambda name: hand.redis.lrange(name, 0, -1),
            b"zset": lambda name: hand.redis.zrange(name, 0, -1),
            b"stream": hand.redis.xrange,
            b"none": lambda _name: "",  # its time was over while we looked
        }
        value = readers[kind](key)
        if any(name in f"{key!r} {value!r}" for name in names):
            found.append(key.decode())
    return found


def busy(hand: HandWorker, tenant: str) -> list[str]:
    """One of each state: finished, running, waiting, held back, told to somebody, in a batch."""
    ids = [subs.submitted(hand.redis, tenant=tenant, problem="p", kind="judged")]
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    ids.append(subs.submitted(hand.redis, tenant=tenant))
    hand.claims.progress(hand.claim(), [], State.RUNNING)
    ids.append(subs.submitted(hand.redis, tenant=tenant, once=keys.once(tenant, "k"), digest="d"))
    ids.append(subs.submitted(hand.redis, tenant=tenant, run_at_ms=subs.FAR_MS))
    hand.redis.hset(keys.submission(ids[2]), "callback", "https://example.org/hook")
    batch, items = subs.batch_of(hand.redis, 3, tenant=tenant)
    subs.batch_opened(hand.redis, tenant=tenant)
    hand.redis.hset(keys.tenant(tenant), "weight", 2)
    hand.redis.set(keys.webhook_secret(tenant), "s")
    failed = {"id": f"submission_{ids[0]}", "url": "u", "attempts": 1, "error": "", "atMs": 1}
    hand.redis.lpush(keys.failed_deliveries(tenant), encode(failed))
    return [*ids, batch, *items]


def test_nothing_of_it_is_left_and_others_keep_theirs(admin: Person, hand: HandWorker) -> None:
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    tenant, others = ada.tenant, bob.tenant
    ids = busy(hand, tenant)
    kept = subs.submitted(hand.redis, tenant=others, problem="p")
    ada.post("/ticket")
    with subs.listening(hand.redis, keys.control("hand")) as heard:
        assert admin.ask("DELETE", "/accounts/ADA").status_code == 204
        told = heard()
    assert told is not None, "the worker is told to stop what it runs"
    assert told["data"] == f"cancel:{ids[1]}".encode()
    assert left_of(hand, tenant, *ids) == []
    assert bob.get(f"/result/{kept}").json()["status"] == "queued"
    assert hand.claim().submission_id == kept, "nothing of hers stands in the line"
    assert hand.claims.claim() is None
    assert {it["name"] for it in admin.get("/accounts").json()["accounts"]} == {"bob"}
    load: dict[bytes, bytes] = hand.redis.hgetall(keys.LOAD)  # type: ignore[assignment]
    assert int(load[b"bytes"]) == len(subs.spec())


def test_it_opens_nothing_at_once_whoever_takes_the_name_afterwards(
    admin: Person, hand: HandWorker
) -> None:
    ada = joined(admin, "ada")
    mine = subs.submitted(hand.redis, tenant=ada.tenant)
    ticket = ada.post("/ticket").json()["ticket"]
    link = admin.post("/accounts/ada/login").json()["url"]
    admin.ask("DELETE", "/accounts/ada")
    second = joined(admin, "ada")
    for path in ("/me", "/submissions", f"/result/{mine}", f"/events/me?ticket={ticket}"):
        assert_problem(ada.get(path), 401, "unauthorized")
    body = {"token": link.partition("=")[2]}
    assert_problem(Person(admin.client).post("/session", body), 401, "unauthorized")
    assert second.get("/submissions").json()["submissions"] == []
    assert_problem(second.get(f"/result/{mine}"), 404, "not-found")


def test_nothing_of_it_comes_in_by_a_connection_that_is_still_open(
    admin: Person, hand: HandWorker
) -> None:
    ada = joined(admin, "ada")
    tenant = ada.tenant
    headers = {"cookie": ada.cookie, "host": "127.0.0.1"}
    with ada.client.websocket_connect("/socket", headers=headers) as socket:
        admin.ask("DELETE", "/accounts/ada")
        for command in ({"submit": {"code": "", "language": "python"}}, {"subscribe": "me"}):
            socket.send_text(json.dumps(command))
            assert json.loads(socket.receive_text())["error"]["status"] == 401
    # Even a request that was let in just before: the store refuses its tenant
    assert subs.submit(hand.redis, tenant=tenant)[1] == "gone"
    batch = subs.batch_opened(hand.redis, tenant=tenant)
    assert subs.batch_added(hand.redis, batch, 2) == ["gone", "gone"]


def test_a_worker_that_finishes_too_late_writes_nothing(admin: Person, hand: HandWorker) -> None:
    ada = joined(admin, "ada")
    subs.submitted(hand.redis, tenant=ada.tenant, problem="p", kind="judged")
    claim = hand.claim()
    admin.ask("DELETE", "/accounts/ada")
    before = subs.dump(hand.redis)
    assert not hand.claims.progress(claim, [(EventType.RUNNING, b"{}")], State.RUNNING)
    assert not hand.finish(claim, Verdict.ACCEPTED)
    assert subs.dump(hand.redis) == before
    assert hand.redis.zcard(keys.SOLVERS) == 0


def test_what_a_dead_process_left_is_removed_by_the_next_one(
    admin: Person, hand: HandWorker, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = joined(admin, "ada")
    tenant = ada.tenant
    ids = busy(hand, tenant)

    async def dies(*_: object) -> None:
        raise OSError("Redis is away")

    with monkeypatch.context() as patch:
        patch.setattr(Leaving, "_remove_submissions", dies)
        assert admin.ask("DELETE", "/accounts/ada").status_code == 204
    assert_problem(ada.get("/me"), 401, "unauthorized")
    assert hand.redis.smembers(keys.LEAVING) == {tenant.encode()}
    assert left_of(hand, *ids)

    async def next_one() -> None:
        async with async_client(redis_url) as client:
            store, blobs = Store(client, Settings()), open_blobs("", str(tmp_path))
            work = asyncio.create_task(Leaving(store, Archive(client, blobs)).run())
            while await client.exists(keys.LEAVING):
                await asyncio.sleep(0.01)
            work.cancel()

    asyncio.run(asyncio.wait_for(next_one(), 60))
    assert left_of(hand, tenant, *ids) == []
