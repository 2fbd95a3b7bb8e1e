"""The way into the archive: nothing is lost on it, nothing is done twice, whatever fails."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import redis

from functions.archive.archiver import Archiver
from shared import keys
from shared.archive import Archive, Record, name_of, pack, unpack
from shared.blobs import BlobDamaged, Blobs, BlobsAway, FolderBlobs
from shared.connect import async_client
from shared.retention import Retention
from shared.settings import Settings
from shared.shelf import NameMissing, NameTaken
from shared.verdicts import Verdict
from tests.in_process import HandWorker
from tests.s3 import FarStore
from tests.shared import submissions as subs


class Works:
    """Archivers of one Redis and one store, called by hand."""

    def __init__(self, redis_url: str, blobs: Blobs) -> None:
        self._url = redis_url
        self.blobs = blobs
        self.shelf = blobs.shelf()

    @contextlib.asynccontextmanager
    async def archiver(self, mode: str = "single", lease_ms: int = 0) -> AsyncIterator[Archiver]:
        """One of a process of its own. Without a lease, what it took is free again at once."""
        async with async_client(self._url) as client:
            settings = Settings(redis_url=self._url, archive=mode)
            retention = Retention(client, settings)
            yield Archiver(Archive(client, self.blobs), settings, retention, lease_ms=lease_ms)

    def run(self, mode: str = "single", lease_ms: int = 60_000) -> int:
        """One round."""

        async def once() -> int:
            async with self.archiver(mode, lease_ms) as archiver:
                return await archiver.some()

        return asyncio.run(once())

    def stored(self, submission_id: str) -> Record:
        """What is in the archive."""
        return unpack(self.shelf.get(name_of("local", submission_id)).content)


@pytest.fixture(params=["folder", "s3"])
def works(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Works:
    far: FarStore | None = request.getfixturevalue("far") if request.param == "s3" else None
    return Works(redis_url, far.blobs() if far else FolderBlobs(tmp_path))


def ended(hand: HandWorker, verdict: Verdict = Verdict.ACCEPTED) -> str:
    """The id of a submission that has a verdict."""
    submission_id = subs.submitted(hand.redis)
    hand.finish(hand.claim(), verdict, stdout="x")
    return submission_id


def waiting(client: redis.Redis) -> int:
    return int(client.zcard(keys.TO_ARCHIVE))


def ttl(client: redis.Redis, submission_id: str) -> int:
    found = {client.ttl(keys.submission(submission_id)), client.ttl(keys.events(submission_id))}
    assert max(found) - min(found) <= 1
    return int(max(found))


def test_redis_lets_nothing_go_before_it_is_archived(works: Works, hand: HandWorker) -> None:
    works.run()  # an archiver has been here
    submission_id = ended(hand)
    assert ttl(hand.redis, submission_id) == -1
    assert works.run() == 1
    assert 0 < ttl(hand.redis, submission_id) <= Settings().result_ttl_s
    record = works.stored(submission_id)
    assert record.fields["verdict"] == "accepted"
    assert record.fields["spec"] == subs.spec().decode()
    assert [kind for _, kind, _ in record.events] == ["queued", "preparing", "finished"]
    assert works.run() == waiting(hand.redis) == 0


def test_one_that_dies_after_any_step_leaves_its_work_to_another(
    works: Works, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.run()
    submission_id = ended(hand)

    class Killed(BaseException):
        pass

    async def dies(*_: object, **__: object) -> None:
        raise Killed

    # Given that it was killed after it had taken it, then after it had written it
    for step in ("_read", "_settle"):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Archiver, step, dies)
            works.run(lease_ms=0)
        assert ttl(hand.redis, submission_id) == -1
        assert waiting(hand.redis) == 1
    # When another one comes, it does the same again, and nothing is there twice
    assert works.run() == 1
    assert waiting(hand.redis) == 0
    assert [it.name for it in works.shelf.names("archive/")] == [name_of("local", submission_id)]
    assert hand.redis.hget(keys.ARCHIVE, "archived") == b"1"


def test_what_is_taken_is_left_alone_until_the_lease_is_over(
    works: Works, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.run()
    ended(hand)

    async def nothing(*_: object, **__: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(Archiver, "_settle", nothing)
        assert works.run(lease_ms=60_000) == 1
    assert works.run() == 0
    assert waiting(hand.redis) == 1


def test_the_older_version_gives_way(works: Works, hand: HandWorker) -> None:
    works.run()
    submission_id = ended(hand, Verdict.WRONG_ANSWER)

    async def story() -> None:
        async with works.archiver() as slow, works.archiver() as quick:
            # Given one that has read the first verdict, and then is slow
            [old] = await slow._read([submission_id])
            # When it is judged again, and archived by another one meanwhile
            assert subs.rejudge(hand.redis, submission_id) == "queued"
            assert await quick.some() == 0
            hand.finish(hand.claim(), Verdict.ACCEPTED)
            assert await quick.some() == 1
            # Then what the slow one writes changes nothing, and settles nothing
            assert slow._write([old]) == []
            hand.redis.zadd(keys.TO_ARCHIVE, {submission_id: 0})
            await slow._settle([old], written=True)

    asyncio.run(story())
    assert works.stored(submission_id).fields["verdict"] == "accepted"
    assert waiting(hand.redis) == 1, "only who has the newest version settles it"


def test_what_is_judged_again_takes_the_place_of_what_was(works: Works, hand: HandWorker) -> None:
    works.run()
    submission_id = ended(hand, Verdict.WRONG_ANSWER)
    works.run()
    assert subs.rejudge(hand.redis, submission_id) == "queued"
    works.run()
    assert ttl(hand.redis, submission_id) == -1
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    works.run()
    assert works.stored(submission_id).fields["verdict"] == "accepted"
    assert len(list(works.shelf.names("archive/"))) == 1


def test_while_the_store_is_away_everything_stays_in_redis(
    redis_url: str, far: FarStore, hand: HandWorker
) -> None:
    works = Works(redis_url, far.blobs())
    works.run()
    ids = [ended(hand) for _ in range(3)]
    far.leave()
    try:
        with pytest.raises(BlobsAway):
            works.run(lease_ms=0)
    finally:
        far.come_back()
    assert waiting(hand.redis) == 3
    assert {ttl(hand.redis, submission_id) for submission_id in ids} == {-1}
    works.run()
    assert waiting(hand.redis) == 0


def test_a_full_disk_is_a_store_that_is_away(
    redis_url: str, tmp_path: Path, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = Works(redis_url, FolderBlobs(tmp_path))
    works.run()
    submission_id = ended(hand)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(BlobsAway, match="No space left"):
        patch.setattr("shared.shelf.os.fsync", full)
        works.run(lease_ms=0)
    assert ttl(hand.redis, submission_id) == -1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert works.run() == 1


def test_one_that_cannot_be_written_holds_up_no_other(
    works: Works, hand: HandWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.run()
    bad, good = ended(hand), ended(hand)
    write = Archive.write

    def refuse(self: Archive, record: Record) -> None:
        if record.id == bad:
            raise NameTaken(bad)
        write(self, record)

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "write", refuse)
        works.run(lease_ms=0)
    assert ttl(hand.redis, good) > 0
    assert ttl(hand.redis, bad) == -1
    assert hand.redis.hget(keys.ARCHIVE, "failed") == b"1"
    works.run()
    assert works.stored(bad).id == bad


def test_who_turns_it_off_gives_all_that_waits_its_time(works: Works, hand: HandWorker) -> None:
    works.run()
    waited = ended(hand)
    works.run("none")
    at_once = ended(hand)
    assert ttl(hand.redis, waited) > 0
    assert ttl(hand.redis, at_once) > 0
    assert list(works.shelf.names("archive/")) == []


def test_what_is_in_it_is_kept_current_also_when_it_is_turned_off(
    works: Works, hand: HandWorker
) -> None:
    works.run()
    submission_id = ended(hand, Verdict.WRONG_ANSWER)
    works.run()
    works.run("none")
    assert subs.rejudge(hand.redis, submission_id) == "queued"
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    assert ttl(hand.redis, submission_id) == -1
    assert works.run("none") == 1
    assert works.stored(submission_id).fields["verdict"] == "accepted"
    assert ttl(hand.redis, submission_id) > 0


def test_large_results_are_taken_few_at_a_time(works: Works, hand: HandWorker) -> None:
    works.run()
    for _ in range(4):
        subs.submitted(hand.redis)
        hand.finish(hand.claim(), stdout="x" * 12 * 1024 * 1024)
    assert works.run() < 4
    while works.run():
        pass
    assert waiting(hand.redis) == 0


@pytest.mark.parametrize("tenant", ["..", "a/b", ".", "ä", "x" * 300, "%", "a:b", ""])
def test_a_tenants_name_is_no_path(tmp_path: Path, tenant: str) -> None:
    shelf = FolderBlobs(tmp_path / "blobs").shelf()
    name = name_of(tenant, "0" * 32)
    shelf.put(name, b"x")
    [path] = [it for it in tmp_path.rglob("0" * 32)]
    assert path.relative_to(tmp_path).parts[:2] == ("blobs", "archive")
    assert len(path.relative_to(tmp_path).parts) == 5
    assert shelf.get(name).content == b"x"


def signed(body: bytes) -> bytes:
    """Something that is what was written, but not by us."""
    return b"assay-archive 1 %s\n%s" % (hashlib.sha256(body).hexdigest().encode(), body)


def test_what_is_damaged_is_told_and_never_served() -> None:
    content = pack(Record(id="1", fields={"tenant": "local"}, events=[(1, "queued", "{}")]))
    assert unpack(content).fields == {"tenant": "local"}
    for damaged in (
        content[:-1],
        content + b"x",
        content.replace(b"archive 1", b"archive 2"),
        b"",
        content[:70] + bytes([content[70] ^ 1]) + content[71:],
        content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        signed(b"no gzip"),
        signed(gzip.compress(b"no JSON")),
        signed(gzip.compress(b"[]")),
        signed(gzip.compress(b"{}")[:-4]),
    ):
        with pytest.raises(BlobDamaged):
            unpack(damaged)


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(NameTaken):
        call()


def test_a_write_is_made_only_over_what_its_writer_has_read(works: Works) -> None:
    shelf, name = works.shelf, "archive/local/ab/1"
    with pytest.raises(NameMissing):
        shelf.get(name)
    refused(lambda: shelf.put(name, b"x", over="another"))
    shelf.put(name, b"one")
    refused(lambda: shelf.put(name, b"two"))
    first = shelf.get(name)
    shelf.put(name, b"two", over=first.version)
    refused(lambda: shelf.put(name, b"three", over=first.version))
    assert shelf.get(name).content == b"two"
    [listed] = shelf.names("archive/local/")
    assert listed.name == name
    assert listed.stored_s > 1_700_000_000
    assert list(shelf.names("archive/loc/")) == []
    shelf.delete(name)
    shelf.delete(name)
    assert list(shelf.names("archive/")) == []


@pytest.mark.parametrize("name", ["x", "../x", "a/../x", "a/.hidden", "/a/b", "a//b", "a/b\n", ""])
def test_what_is_no_name_is_nowhere(works: Works, name: str) -> None:
    for call in (works.shelf.get, works.shelf.delete, lambda it: works.shelf.put(it, b"")):
        with pytest.raises(NameMissing):
            call(name)
