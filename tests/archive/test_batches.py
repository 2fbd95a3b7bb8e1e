"""A batch is answered when Redis has let it go, and no caller notices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from functions.archive import batches as batches_of
from functions.archive.batches import BatchArchiver
from functions.result.batch import Results
from shared import keys, scripts
from shared.archive import name_of
from shared.batches import Batches, item_id
from shared.blobs import Blobs, BlobsAway, FolderBlobs
from shared.store import Store
from shared.waiting import Waiting
from tests.archive.batches import by_hand, ended, let_go, sent
from tests.archive.keeping import Keeping, keeping, steady
from tests.archive.parts import Parts, records, with_parts
from tests.in_process import assert_problem
from tests.s3 import FarStore


def told(service: Keeping, batch_id: str) -> dict[str, Any]:
    """Everything that can be asked of a batch, as it is answered."""
    events, as_page = f"/events/{batch_id}", {"accept": "application/json"}
    whole = service.http.get(events).text
    ids = [line[4:] for line in whole.splitlines() if line.startswith("id: ")]
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "summary": (f"/batch/{batch_id}", {}),
        "results": (f"/batch/{batch_id}/results", {}),
        "the rest": (f"/batch/{batch_id}/results?after=2", {}),
        "at once": (f"/batch/{batch_id}/results?follow=false", {}),
        "nothing more": (f"/batch/{batch_id}/results?after=99", {}),
        "events": (events, {}),
        "behind": (events, {"last-event-id": ids[1]}),
        "at the end": (events, {"last-event-id": ids[-1]}),
        "elsewhere": (events, {"last-event-id": "0.1"}),
        "page": (f"{events}?after={ids[0]}&wait=1", as_page),
        "no submission": (f"/result/{batch_id}", {}),
        "no code": (f"/submission/{batch_id}/code", {}),
    }
    answers = {name: service.http.get(path, headers=head) for name, (path, head) in asked.items()}
    cancelled = service.http.delete(f"/batch/{batch_id}")
    return {
        "cancelled": (cancelled.status_code, cancelled.text),
        **{name: (it.status_code, steady(it.text)) for name, it in answers.items()},
    }


def test_everything_is_answered_as_before_when_redis_has_let_go(
    redis_url: str, tmp_path: Path, place: dict[str, str]
) -> None:
    with keeping(redis_url, tmp_path, archive="all", **place) as service:
        batch_id, items = ended(service)
        before = told(service, batch_id)
        wrong = {name: status for name, (status, _) in before.items() if status != 200}
        assert wrong == {"at the end": 204, "no submission": 404, "no code": 404}
        let_go(service, batch_id, items)
        assert told(service, batch_id) == before
        assert service.redis.exists(keys.batch(batch_id), keys.events(batch_id)) == 0
        assert_problem(service.http.get(f"/batch/{item_id('x', 1)}"), 404, "not-found")


def test_where_items_are_not_archived_the_batch_is_and_names_them(service: Keeping) -> None:
    batch_id, items = ended(service)
    before = service.http.get(f"/batch/{batch_id}").json()
    let_go(service, batch_id, items)
    assert service.http.get(f"/batch/{batch_id}").json() == before
    lines = service.http.get(f"/batch/{batch_id}/results").text.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"position": n + 1, "id": it, "index": n, "clientId": f"c-{n}", "result": None}
        for n, it in enumerate(items)
    ]


def test_one_that_was_cancelled_is_kept_too(service: Keeping) -> None:
    batch_id, items = sent(service)
    assert service.http.delete(f"/batch/{batch_id}").json()["status"] == "cancelled"
    let_go(service, batch_id, items)
    summary = service.http.get(f"/batch/{batch_id}").json()
    assert (summary["status"], summary["cancelled"]) == ("cancelled", 3)


@pytest.mark.parametrize("mode", ["", "none"])
def test_where_nothing_is_archived_it_has_its_time_in_redis(
    client: redis.Redis, redis_url: str, mode: str
) -> None:
    batch_id, _ = by_hand(client, redis_url, mode=mode)
    assert client.ttl(keys.batch(batch_id)) > 0
    assert client.zcard(keys.BATCHES_TO_ARCHIVE) == 0


def test_who_turns_it_off_gives_all_that_waits_its_time(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    batch_id, _ = by_hand(client, redis_url)

    async def story(parts: Parts) -> None:
        await BatchArchiver(parts.archive, parts.settings, parts.retention).some()
        assert list(parts.archive.shelf.names("archive/")) == []
        assert client.ttl(keys.batch(batch_id)) > 0

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story, archive="none")


def test_one_that_dies_after_any_step_leaves_its_work_to_another(
    client: redis.Redis, redis_url: str, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, items = by_hand(client, redis_url)

    class Killed(BaseException):
        pass

    async def dies(*_: object, **__: object) -> None:
        raise Killed

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        for step in ("read", "settle"):
            with monkeypatch.context() as patch, pytest.raises(Killed):
                patch.setattr(BatchArchiver, step, dies)
                await archiver.some(lease_ms=0)
            assert client.ttl(keys.batch(batch_id)) == -1
        assert await archiver.some() == 1
        assert await archiver.some() == 0
        assert records(parts) == [name_of("local", batch_id)]
        assert client.hget(keys.ARCHIVE, "archived") == b"1"
        ttls = {client.ttl(key(batch_id)) for key in (keys.batch, keys.events, keys.batch_ended)}
        assert max(ttls) - min(ttls) <= 1
        assert min(ttls) > 0
        record = await parts.archive.find_batch(batch_id, "local")
        assert record is not None
        assert sorted(record.ended) == sorted(items)

    with_parts(redis_url, blobs, story)


def test_while_the_store_is_away_it_stays_in_redis(
    client: redis.Redis, redis_url: str, far: FarStore
) -> None:
    batch_id, _ = by_hand(client, redis_url)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        far.leave()
        try:
            with pytest.raises(BlobsAway):
                await archiver.some(lease_ms=0)
            assert client.ttl(keys.batch(batch_id)) == -1
        finally:
            far.come_back()
        assert await archiver.some() == 1
        assert client.ttl(keys.batch(batch_id)) > 0

    with_parts(redis_url, far.blobs(), story)


@pytest.mark.parametrize("step", ["look", "ended"])
def test_a_reader_is_answered_to_the_end_when_redis_lets_go_in_the_middle(
    client: redis.Redis,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    batch_id, _ = by_hand(client, redis_url, 40)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        await archiver.some()
        store = Store(parts.archive.client, parts.settings, parts.archive)
        batches = Batches(store.client, parts.settings, parts.archive)
        then = getattr(batches, step)

        async def late(*how: Any, **more: Any) -> Any:  # noqa: ANN401
            found = await then(*how, **more)
            client.delete(keys.batch(batch_id), keys.batch_ended(batch_id))
            return found

        monkeypatch.setattr(batches, step, late)
        waiting = Waiting(store, redis_url)
        lines = Results(batches, store, waiting).lines(
            batch_id, tenant="local", after=0, follow=True
        )
        positions = [json.loads(line)["position"] async for line in lines]
        assert positions == list(range(1, 41))
        waiting.close()
        await waiting.aclose()

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_ten_thousand_are_read_in_pages(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, items = by_hand(client, redis_url, 7)
    monkeypatch.setattr(batches_of, "_PAGE", 3)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        record = await archiver.read(batch_id)
        assert record is not None
        assert sorted(record.ended) == sorted(items)
        assert [number for number, _, _ in record.events] == list(range(1, 9))

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_it_is_kept_as_long_as_its_tenant_says(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    batch_id, _ = by_hand(client, redis_url)
    client.hset(keys.tenant("local"), "retention_days", 10)

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        await archiver.some()
        [listed] = parts.archive.shelf.names("archive/")
        assert await parts.sweeper.expire(listed.stored_s + 9 * 86_400) == 0
        assert await parts.sweeper.expire(listed.stored_s + 11 * 86_400) == 1
        assert await parts.archive.find_batch(batch_id, "local") is None

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_the_archiver_is_asked_of_batches_that_are_no_more(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    client.zadd(keys.BATCHES_TO_ARCHIVE, {"0" * 32: 0})

    async def story(parts: Parts) -> None:
        archiver = BatchArchiver(parts.archive, parts.settings, parts.retention)
        assert await archiver.some() == 1
        assert client.zcard(keys.BATCHES_TO_ARCHIVE) == 0

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
    assert scripts.call(client, "batch_changed", "0" * 32, "local", 60) == 0
