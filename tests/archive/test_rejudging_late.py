"""Judging a whole problem again: what another package judges when one asks is not forgotten."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis

from shared import keys, rejudge_problem
from shared.answers import Rejudged
from shared.blobs import FolderBlobs
from shared.errors import NotFound
from tests.archive.parts import Parts, with_parts
from tests.archive.test_rejudging import (
    archive_of,
    at_work,
    ended,
    installed,
    judged_again,
    let_go,
    spec,
)
from tests.shared import submissions as subs
from tests.submit.test_problems import ENTRY

WRONG, MENDED = "w" * 64, "m" * 64


def package_of(client: redis.Redis, submission_id: str) -> str:
    return str(json.loads(subs.fields(client, submission_id)["spec"])["package"])


def waiting(client: redis.Redis, package: str, **how: Any) -> str:  # noqa: ANN401
    return subs.submitted(client, problem=ENTRY.id, kind="judged", body=spec(package), **how)


def again_at_once(client: redis.Redis) -> None:
    """As when it has rested."""
    assert client.zcard(keys.REJUDGING) == 1
    client.zadd(keys.REJUDGING, {ENTRY.id: 0})


def test_who_asks_while_a_wrong_package_judges_gets_all_judged_by_the_mended_one(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    async def story(parts: Parts) -> None:
        work = at_work(parts)
        installed(client)
        ids = [ended(client) for _ in range(3)]
        # Given a package that is wrong, by which all are to be judged again; one is under way
        installed(client, digest=WRONG)
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id)
        claims = subs.claims(client)
        under_way = claims.claim()
        assert under_way is not None
        assert under_way.spec.package == WRONG
        # When the mended one is there, and somebody asks anew
        installed(client, digest=MENDED)
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id)
        # Then that is not all yet
        assert await work.told(ENTRY.id) == Rejudged(submissions=0, complete=False)
        assert await work.some() == 0, "it rests"
        again_at_once(client)
        assert await work.some() == 1
        assert not (await work.told(ENTRY.id)).complete
        assert claims.release(under_way)
        assert Counter(judged_again(client)) == Counter(ids)
        again_at_once(client)
        await work.some()
        # And what has ended by the wrong one is judged by the mended one, once
        assert await work.told(ENTRY.id) == Rejudged(submissions=3, complete=True)
        assert Counter(judged_again(client)) == Counter(ids)
        assert {package_of(client, it) for it in ids} == {MENDED}
        assert await work.some() == 0
        # To ask once more judges all of them again, though nothing has changed
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id)
        assert await work.told(ENTRY.id) == Rejudged(submissions=3, complete=True)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_what_the_installed_package_judges_is_not_waited_for(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    async def story(parts: Parts) -> None:
        work = at_work(parts)
        installed(client)
        first = ended(client, body=spec(ENTRY.digest))
        later = waiting(client, ENTRY.digest)
        subs.cancel(client, waiting(client, WRONG))
        own = waiting(client, "")
        # What cannot be judged again neither
        _, [item] = subs.batch_of(client, 1)
        client.hset(keys.submission(item), "problem", ENTRY.id)
        client.hset(keys.submission(item), "spec", spec(WRONG))
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id)
        assert await work.told(ENTRY.id) == Rejudged(submissions=1, complete=True)
        assert Counter(judged_again(client)) == Counter([first, later, own, item])
        assert "history" not in subs.fields(client, later)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_it_takes_one_again_only_when_yet_another_package_is_installed(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    async def story(parts: Parts) -> None:
        work = at_work(parts)
        installed(client, digest=MENDED)
        late = waiting(client, WRONG)
        kept_from_its_end = waiting(client, WRONG, run_at_ms=subs.FAR_MS)
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id)
        assert judged_again(client) == [late]
        for digest in ("1" * 64, MENDED):
            installed(client, digest=digest)
            await work.go_on(ENTRY.id)
            assert judged_again(client) == [late]
            assert package_of(client, late) == digest
            for _ in range(3):
                await work.go_on(ENTRY.id)
                assert judged_again(client) == []
        assert await work.told(ENTRY.id) == Rejudged(submissions=2, complete=False)
        subs.cancel(client, kept_from_its_end)
        await work.go_on(ENTRY.id)
        assert await work.told(ENTRY.id) == Rejudged(submissions=2, complete=True)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_what_ends_while_the_archive_is_read_is_taken_before_redis_lets_it_go(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudge_problem, "_PAGE", 1)
    monkeypatch.setattr(rejudge_problem, "_LOOK_AGAIN_S", 0.0)

    async def story(parts: Parts) -> None:
        work, real, read = at_work(parts), parts.archive.at, 0
        ids = await archive_of(client, parts, 4)
        let_go(client, *ids[2:])
        late = waiting(client, WRONG)

        def at(name: str) -> Any:  # noqa: ANN401
            nonlocal read
            read += 1
            if read == 2:
                judged_again(client)
            if read == 4:
                assert package_of(client, late) == ENTRY.digest
            return real(name)

        await work.ask(ENTRY.id)
        with monkeypatch.context() as patch:
            patch.setattr(parts.archive, "at", at)
            await work.go_on(ENTRY.id)
        assert read == 4
        assert await work.told(ENTRY.id) == Rejudged(submissions=5, complete=True)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_what_the_archive_alone_has_is_judged_again_if_another_package_did_it_later(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    async def story(parts: Parts) -> None:
        work = at_work(parts)
        installed(client)
        by_others, by_it = waiting(client, WRONG), waiting(client, ENTRY.digest)
        await work.ask(ENTRY.id)
        seconds, _ = client.time()
        client.hset(keys.rejudging(ENTRY.id), "askedMs", (seconds - 60) * 1000)
        client.hset(keys.ARCHIVE, "mode", "single")
        judged_again(client)
        await parts.archiver.some()
        let_go(client, by_others, by_it)
        await work.go_on(ENTRY.id)
        assert await work.told(ENTRY.id) == Rejudged(submissions=1, complete=True)
        assert judged_again(client) == [by_others]

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_of_a_problem_that_is_deleted_meanwhile_nothing_is_left(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    async def story(parts: Parts) -> None:
        work = at_work(parts)
        installed(client)
        ended(client)
        await work.ask(ENTRY.id)
        client.hdel(keys.PROBLEMS, ENTRY.id)
        assert await work.some() == 1
        assert not client.exists(keys.rejudging(ENTRY.id), keys.REJUDGING)
        with pytest.raises(NotFound):
            await work.told(ENTRY.id)
        assert await work.some() == 0

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)
