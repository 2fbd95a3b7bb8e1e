"""An older store is brought up to date, or refused; it is never misread.

`schema2.json` is what the scripts of schema 2 left in a real store: one submission for each way a
life can have gone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from shared import keys, scripts
from shared.connect import async_client
from shared.errors import Conflict, Unavailable
from shared.migrations import migrate
from shared.schema import RESTORING, SCHEMA_VERSION, check_schema
from shared.settings import Settings
from shared.store import Store
from shared.verdicts import EventType, Verdict
from tests.shared import submissions as subs

OLD = json.loads((Path(__file__).parent / "schema2.json").read_text())
NAMES: dict[str, str] = OLD["names"]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of a store of schema 2, whose workers are gone for long."""
    with redis.Redis.from_url(redis_url) as opened:
        for key, (kind, ttl_s, value) in OLD["keys"].items():
            write(opened, key, kind, value)
            if ttl_s > 0:
                opened.expire(key, ttl_s)
        opened.hset(keys.PROBLEMS, "adding", "{}")
        yield opened


def write(client: redis.Redis, key: str, kind: str, value: Any) -> None:  # noqa: ANN401
    if kind == "string":
        client.set(key, value)
    elif kind == "hash":
        client.hset(key, mapping=value)
    elif kind == "list":
        client.rpush(key, *value)
    elif kind == "set":
        client.sadd(key, *value)
    elif kind == "zset":
        client.zadd(key, {member: score for member, score in value})
    else:
        for entry_id, fields in value:
            client.xadd(key, dict(fields), id=entry_id)


def history(client: redis.Redis, tenant: str) -> list[str]:
    rows: Any = client.zrange(keys.history(tenant), 0, -1)
    return [row.decode() for row in rows]


def check(client: redis.Redis) -> None:
    assert migrate(client) == SCHEMA_VERSION, "there is nothing more to do"
    assert client.get(keys.SCHEMA) == b"%d" % SCHEMA_VERSION
    assert client.exists(keys.MIGRATING) == 0
    # What has ended waits for the archive, and nothing else does
    ended = ("accepted", "wrong", "own", "again", "cancelled")
    waiting: Any = client.zrange(keys.TO_ARCHIVE, 0, -1)
    assert {it.decode() for it in waiting} == {NAMES[name] for name in ended}
    for name in ended:
        assert client.ttl(keys.submission(NAMES[name])) == -1
        assert client.ttl(keys.events(NAMES[name])) == -1
    assert client.ttl(keys.submission(NAMES["item"])) > 0
    # Everything but the batch's is in its tenant's history, in the order it came
    order = ("accepted+", "wrong+", "own-", "cancelled-", "running-", "waiting+", "delayed-")
    assert [row[:33] for row in history(client, "local")] == [
        NAMES[name[:-1]] + name[-1] for name in order
    ]
    assert history(client, "acme") == [f"{NAMES['again']}+adding"]
    # The standings have the local tenant's accepted run, once
    assert client.zrange(keys.SOLVERS, 0, -1, withscores=True) == [(b"local", 1.0)]
    assert client.hget(keys.TRIED, "adding") == b"2"
    assert client.hget(keys.PASSED, "adding") == b"1"
    assert subs.fields(client, NAMES["accepted"])["cpuTimeMs"] == "12.5"


def test_a_store_of_schema_2_is_brought_up_to_date(client: redis.Redis, redis_url: str) -> None:
    assert migrate(client) == 2
    check(client)

    async def read(name: str) -> dict[str, Any]:
        async with async_client(redis_url) as connection:
            store = Store(connection, Settings(redis_url=redis_url))
            await store.check_schema()
            found = await store.snapshot(NAMES[name], tenant="acme" if name == "again" else "local")
            return {"verdict": found.result.verdict, "past": len(found.result.history)}

    assert asyncio.run(read("again")) == {"verdict": "accepted", "past": 1}
    assert asyncio.run(read("running")) == {"verdict": None, "past": 0}
    # What waited is judged, and what ran is taken back from its dead worker
    subs.expire_leases(client)
    claims = subs.claims(client)
    assert claims.reap() == 1
    for name in ("running", "waiting"):
        claim = claims.claim()
        assert claim is not None
        assert claim.submission_id == NAMES[name]
        assert claims.finish(claim, Verdict.ACCEPTED, b"{}", [(EventType.FINISHED, b"{}")])
    assert client.hget(keys.PASSED, "adding") == b"2"


def test_one_that_was_killed_anywhere_is_repeated(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    real = scripts.call

    def dying(after: int) -> Callable[..., Any]:
        steps = iter(range(after))

        def call(*args: Any) -> Any:  # noqa: ANN401
            if next(steps, None) is None:
                raise Killed
            return real(*args)

        return call

    for after in (0, 3, 6):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(scripts, "call", dying(after))
            migrate(client)
        client.delete(keys.MIGRATING)  # as when its time is over
        assert client.get(keys.SCHEMA) == b"2"
    assert migrate(client) == 2
    check(client)


def test_nothing_is_migrated_while_something_runs(client: redis.Redis) -> None:
    before = subs.dump(client)
    client.set(keys.MIGRATING, "somebody")
    with pytest.raises(Conflict, match="somebody else"):
        migrate(client)
    client.delete(keys.MIGRATING)
    worker = subs.claims(client, "old")
    worker.renew(1, {}, [])
    with pytest.raises(Conflict, match="workers are alive"):
        migrate(client)
    assert client.exists(keys.MIGRATING) == 0
    client.hdel(keys.WORKERS, "old")
    assert {k: v for k, v in subs.dump(client).items() if k in before} == before


@pytest.mark.parametrize("found", ["1", "0", "99", "-2", "x", RESTORING, "²"])
def test_what_is_not_known_is_refused_and_left_as_it_is(client: redis.Redis, found: str) -> None:
    client.set(keys.SCHEMA, found)
    before = subs.dump(client)
    for refuse in (migrate, check_schema):
        with pytest.raises(Unavailable):
            refuse(client)
    assert subs.dump(client) == before


def test_processes_refuse_an_older_store_and_say_what_to_do(
    client: redis.Redis, redis_url: str
) -> None:
    with pytest.raises(Unavailable, match="migrate"):
        check_schema(client)

    async def ask() -> None:
        async with async_client(redis_url) as connection:
            await Store(connection, Settings(redis_url=redis_url)).check_schema()

    with pytest.raises(Unavailable, match="migrate"):
        asyncio.run(ask())
    assert client.get(keys.SCHEMA) == b"2"


def test_an_empty_store_is_of_this_version(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as opened:
        assert migrate(opened) == SCHEMA_VERSION
        check_schema(opened)
