"""What is deleted of a batch is gone from everywhere: an item, or all of it."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
import redis

from functions.archive.batches import BatchArchiver
from functions.archive.whole import WholeBatches
from shared import keys
from shared.blobs import Blobs, FolderBlobs
from shared.store import Store
from tests.archive.batches import archived, by_hand, ended, let_go, sent
from tests.archive.keeping import keeping
from tests.archive.parts import Parts, everywhere, records, with_parts
from tests.in_process import assert_problem
from tests.s3 import FarStore
from tests.shared import submissions as subs


@pytest.mark.parametrize("moment", ["ended", "archived", "let go"])
def test_what_a_batch_told_of_a_deleted_item_is_gone(
    redis_url: str, tmp_path: Path, moment: str
) -> None:
    marker = secrets.token_hex(8)
    with keeping(redis_url, tmp_path, archive="all") as service:
        batch_id, items = ended(service, 3, marker)
        if moment != "ended":
            archived(service)
        if moment == "let go":
            let_go(service, batch_id, items)
        answer = service.http.delete(f"/submission/{items[1]}/record")
        assert answer.json() == {"id": items[1], "archive": "removed"}
        archived(service)

        left = everywhere(service.redis, tmp_path)
        assert f"{marker}-1".encode() not in left
        assert f"{marker}-2".encode() in left
        for name in (keys.batch(batch_id), keys.batch_ended(batch_id), keys.events(batch_id)):
            service.redis.delete(name)
        lines = service.http.get(f"/batch/{batch_id}/results").text.splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["id"] for row in rows] == items
        assert [row["result"] is None for row in rows] == [False, True, False]
        assert service.http.get(f"/batch/{batch_id}").json()["total"] == 3
        kinds = [
            line[7:]
            for line in service.http.get(f"/events/{batch_id}").text.splitlines()
            if line.startswith("event: ")
        ]
        assert kinds == ["item", "reset"]


@pytest.mark.parametrize("when", ["before it is written", "after it is written"])
def test_an_archiver_that_has_read_a_batch_before_gives_way(
    client: redis.Redis, redis_url: str, blobs: Blobs, when: str
) -> None:
    batch_id, items = by_hand(client, redis_url)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        old = await archiver.read(batch_id)
        assert old is not None
        if when.startswith("after"):
            await archiver.some()
            client.delete(keys.batch(batch_id), keys.batch_ended(batch_id), keys.events(batch_id))
        await parts.forgetting.submission(items[0], tenant="local")
        if when.startswith("before"):
            await archiver.some()
        parts.archive.write(old)
        await archiver.settle(old, written=True)
        record = await parts.archive.find_batch(batch_id, "local")
        assert record is not None
        assert not any(items[0] in data for _, _, data in record.events)
        assert items[0] in record.ended

    with_parts(redis_url, blobs, story)


def test_who_dies_while_he_forgets_an_item_is_followed_by_another(
    client: redis.Redis, redis_url: str, blobs: Blobs
) -> None:
    batch_id, items = by_hand(client, redis_url)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        await archiver.some()
        # Only the first step was done
        assert await parts.forgetting.in_redis(items[0], "local")
        notes: Any = client.zrange(keys.FORGOTTEN, 0, -1)
        client.zadd(keys.FORGOTTEN, dict.fromkeys(notes, 1))
        assert await parts.sweeper.forget_due() == 1
        assert client.zcard(keys.FORGOTTEN) == 0
        await archiver.some()
        assert items[0] not in repr(client.xrange(keys.events(batch_id)))
        record = await parts.archive.find_batch(batch_id, "local")
        assert record is not None
        assert items[0] not in repr(record.events)

    with_parts(redis_url, blobs, story)


def test_that_of_a_tenant_that_is_gone_is_buried_by_who_wrote_it(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    tenant = f"user-{'a' * 20}"
    client.hset(keys.ARCHIVE, "mode", "single")
    client.hset(keys.MEMBERS, tenant, "Ada")
    batch_id, items = subs.batch_of(client, 1, tenant=tenant)
    subs.cancel(client, items[0])

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        old = await archiver.read(batch_id)
        assert old is not None
        client.hdel(keys.MEMBERS, tenant)
        client.delete(keys.batch(batch_id))
        await parts.forgetting.tenant(tenant)
        parts.archive.write(old)
        await archiver.settle(old, written=True)
        assert records(parts) == []
        assert client.zcard(keys.BATCHES_TO_ARCHIVE) == 0

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


@pytest.mark.parametrize("mode", ["all", "single"])
@pytest.mark.parametrize("moment", ["runs", "ended", "let go"])
def test_a_whole_batch_can_be_deleted(
    redis_url: str, tmp_path: Path, moment: str, mode: str
) -> None:
    marker = secrets.token_hex(8)
    with keeping(redis_url, tmp_path, archive=mode) as service:
        service.redis.hset(keys.OUTLET, mapping={"url": "sns:nowhere", "tenant": "local"})
        others = ended(service, 2, "other")[0]
        batch_id, items = (sent if moment == "runs" else ended)(service, 3, marker)
        assert marker.encode() in everywhere(service.redis, tmp_path)
        if moment == "runs":
            service.worker.claim()
        elif moment == "let go":
            let_go(service, batch_id, items)

        answer = service.http.delete(f"/batch/{batch_id}/record")

        assert (answer.status_code, answer.json()) == (200, {"id": batch_id, "archive": "removed"})
        archived(service)
        left = everywhere(service.redis, tmp_path)
        assert marker.encode() not in left
        for name in (batch_id, *items):
            notes = f"{name}:local".encode()
            graves, calls = f"{name[:2]}/{name}".encode(), f"b'{name}'".encode()
            spared = sum(left.count(it) for it in (notes, graves, calls))
            assert left.count(name.encode()) == spared
            assert_problem(service.http.get(f"/events/{name}"), 404, "not-found")
        assert_problem(service.http.get(f"/batch/{batch_id}"), 404, "not-found")
        assert_problem(service.http.delete(f"/batch/{batch_id}/record"), 404, "not-found")
        assert service.http.get(f"/batch/{others}").json()["finished"] == 2
        lines = service.http.get(f"/batch/{others}/results").text.splitlines()
        assert all(json.loads(line)["result"] for line in lines)


def test_who_dies_while_he_deletes_a_batch_goes_on_when_asked_again(
    client: redis.Redis, redis_url: str, far: FarStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, items = by_hand(client, redis_url, 4, mode="all")

    class Killed(BaseException):
        pass

    async def story(parts: Parts) -> None:
        await BatchArchiver(parts.archive, parts.settings, parts.retention).some()
        await parts.archiver.some()
        store = Store(parts.archive.client, parts.settings, parts.archive)
        whole = WholeBatches(store, parts.archive, parts.forgetting)
        monkeypatch.setattr("functions.archive.whole.CHUNK", 2)
        done, real = 0, whole._items

        async def dies(*how: Any) -> bool:  # noqa: ANN401
            nonlocal done
            done += 1
            if done == 2:
                raise Killed
            return await real(*how)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(whole, "_items", dies)
            await whole.forget(batch_id, tenant="local")
        assert (await store.read_many(items, tenant="local")).count(None) == 2
        # And while the store of files is away, it is removed when that is back
        far.leave()
        try:
            assert (await whole.forget(batch_id, tenant="local")).archive == "pending"
        finally:
            far.come_back()
        assert (await store.read_many(items, tenant="local")).count(None) == 4
        assert client.exists(keys.batch(batch_id)) == 0
        notes: Any = client.zrange(keys.FORGOTTEN, 0, -1)
        client.zadd(keys.FORGOTTEN, dict.fromkeys(notes, 1))
        await parts.sweeper.forget_due()
        assert records(parts) == []

    with_parts(redis_url, far.blobs(), story, archive="all")
