"""What is forgotten stays forgotten, however late somebody comes who has read it before."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import Any

import pytest
import redis

from functions.archive import archiver
from shared import keys
from shared.archive import GRAVE, Record, bring_back, name_of
from shared.blobs import Blobs, FolderBlobs
from shared.errors import NotFound
from shared.shelf import NameTaken
from shared.store import Store
from shared.verdicts import Verdict
from tests.archive.parts import Parts, records, with_parts
from tests.in_process import hand_worker
from tests.shared import submissions as subs


def ended(client: redis.Redis, redis_url: str) -> str:
    """The id of a submission that waits to be archived."""
    client.hset(keys.ARCHIVE, "mode", "single")
    submission_id = subs.submitted(client)
    with hand_worker(redis_url) as hand:
        hand.finish(hand.claim(), Verdict.ACCEPTED)
    return submission_id


async def grown_old(parts: Parts, client: redis.Redis, notes: str) -> None:
    """As if the time of such notes had come, and the sweeper, too."""
    due: Any = client.zrange(notes, 0, -1)
    for note in due:
        client.zadd(notes, {note: 1})
    await parts.sweeper.forget_due()
    await parts.sweeper.level_due()


#: What an archiver does to one submission, and what happens to it meanwhile, in their orders.
ARCHIVING, FORGETTING = ("take", "write", "settle"), ("forget", "minutes later", "forget again")
ORDERS = sorted({it for it in itertools.permutations("AAAFFF")})


@pytest.mark.parametrize("order", ORDERS, ids="".join)
@pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
def test_in_whatever_order_an_archiver_sleeps_and_somebody_forgets(
    client: redis.Redis, redis_url: str, tmp_path: Path, order: tuple[str, ...], dies: bool
) -> None:
    submission_id = ended(client, redis_url)
    blobs = FolderBlobs(tmp_path / "blobs")

    async def story(parts: Parts) -> None:
        taken: list[Record] = []
        archiving, forgetting = iter(ARCHIVING), iter(FORGETTING)
        for who in order:
            step = next(archiving) if who == "A" else next(forgetting)
            if step == "take":
                taken = await parts.archiver._read([submission_id])
            elif step == "write":
                assert parts.archiver._write(taken) == []
            elif step == "settle" and not dies:
                await parts.archiver._settle(taken, written=True)
            elif step == "minutes later":
                await grown_old(parts, client, keys.FORGOTTEN)
            elif step.startswith("forget"):
                with contextlib.suppress(NotFound):
                    await parts.forgetting.submission(submission_id, tenant="local")
        assert records(parts) == []
        assert await parts.archive.find(submission_id, "local") is None
        # And at last, nothing is left of it at all
        await grown_old(parts, client, keys.FORGOTTEN)
        await grown_old(parts, client, keys.BURIED)
        assert list(parts.archive.shelf.names("archive/")) == []
        assert client.exists(keys.FORGOTTEN, keys.BURIED, keys.TO_ARCHIVE) == 0

    with_parts(redis_url, blobs, story)


def test_a_grave_takes_the_place_of_any_version_and_lets_nobody_write(
    client: redis.Redis, redis_url: str, blobs: Blobs
) -> None:
    submission_id = ended(client, redis_url)

    async def story(parts: Parts) -> None:
        [record] = await parts.archiver._read([submission_id])
        newer = Record(id=record.id, fields=record.fields | {"rev": "7", "shared": "1"}, events=[])
        for first in ([], [record], [record, newer]):
            for it in first:
                parts.archive.write(it)
            for _ in range(2):
                parts.archive.bury(submission_id, "local")
            for it in (record, newer):
                parts.archive.write(it)
            [grave] = [*parts.archive.shelf.names("archive/")]
            assert parts.archive.shelf.get(grave.name).content == GRAVE
            assert list(parts.archive.shelf.names("archive-shared/")) == []
            assert await parts.archive.find(submission_id, "other", or_shared=True) is None
            parts.archive.remove(submission_id, "local")

    with_parts(redis_url, blobs, story)


def test_a_writer_that_comes_between_two_steps_of_burying_is_second(
    client: redis.Redis, redis_url: str, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission_id = ended(client, redis_url)

    async def story(parts: Parts) -> None:
        [record] = await parts.archiver._read([submission_id])
        shelf, put = parts.archive.shelf, parts.archive.shelf.put
        left = [record, Record(id=record.id, fields=record.fields | {"rev": "9"}, events=[])]

        def late(name: str, content: bytes, *, over: str = "") -> None:
            if content == GRAVE and left:
                it = left.pop(0)
                monkeypatch.setattr(shelf, "put", put)
                parts.archive.write(it)
                monkeypatch.setattr(shelf, "put", late)
            put(name, content, over=over)

        monkeypatch.setattr(shelf, "put", late)
        parts.archive.bury(submission_id, "local")
        assert left == []
        assert records(parts) == []

        # One who never comes to write is told as much, and the note stays
        def never(name: str, content: bytes, *, over: str = "") -> None:
            raise NameTaken(name)

        parts.archive.remove(submission_id, "local")
        monkeypatch.setattr(shelf, "put", never)
        answer = await parts.forgetting.submission(submission_id, tenant="local")
        assert answer.archive == "pending"
        assert client.zscore(keys.FORGOTTEN, f"{submission_id}:local")

    with_parts(redis_url, blobs, story)


def test_nobody_brings_back_what_he_has_read_before_it_was_forgotten(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    submission_id = ended(client, redis_url)

    async def story(parts: Parts) -> None:
        await parts.archiver.some()
        client.delete(keys.submission(submission_id), keys.events(submission_id))
        record = await parts.archive.find(submission_id, "local")
        assert record is not None
        await parts.forgetting.submission(submission_id, tenant="local")
        for _ in range(2):
            await bring_back(parts.archive.client, record)
            assert client.exists(keys.submission(submission_id)) == 0
            await grown_old(parts, client, keys.FORGOTTEN)
        with pytest.raises(NotFound):
            await Store(parts.archive.client, parts.settings, parts.archive).share(
                submission_id, shared=True, tenant="local"
            )

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_what_was_taken_too_long_ago_is_left_to_the_next_one(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission_id = ended(client, redis_url)

    async def story(parts: Parts) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(archiver, "_LATE_S", -1.0)
            await parts.archiver.some()
        assert list(parts.archive.shelf.names("archive/")) == []
        assert client.ttl(keys.submission(submission_id)) == -1
        client.zadd(keys.TO_ARCHIVE, {submission_id: 0})
        await parts.archiver.some()
        assert records(parts) == [name_of("local", submission_id)]

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_the_record_of_a_tenant_that_is_gone_is_buried_by_who_wrote_it(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    tenant = f"user-{'a' * 20}"
    client.hset(keys.ARCHIVE, "mode", "single")
    client.hset(keys.MEMBERS, tenant, "Ada")
    submission_id = subs.submitted(client, tenant=tenant)
    subs.cancel(client, submission_id)

    async def story(parts: Parts) -> None:
        taken = await parts.archiver._read([submission_id])
        await parts.archiver.some()
        client.delete(keys.submission(submission_id), keys.events(submission_id))
        client.hdel(keys.MEMBERS, tenant)
        await parts.forgetting.tenant(tenant)
        assert parts.archiver._write(taken) == []
        await parts.archiver._settle(taken, written=True)
        assert records(parts) == []
        await grown_old(parts, client, keys.FORGOTTEN)
        await grown_old(parts, client, keys.BURIED)
        assert list(parts.archive.shelf.names("archive/")) == []

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
