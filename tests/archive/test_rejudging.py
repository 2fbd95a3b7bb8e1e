"""Judging a whole problem again reaches all that is kept, once, whatever fails on the way."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from shared import keys, rejudge_problem, scripts
from shared.answers import Rejudged
from shared.blobs import Blobs, BlobsAway, FolderBlobs
from shared.errors import NotFound
from shared.models import encode
from shared.rejudge import Rejudging
from shared.rejudge_problem import RejudgingProblems
from shared.verdicts import EventType, Verdict
from tests.access.people import Person, joined
from tests.archive.batches import archived
from tests.archive.keeping import keeping
from tests.archive.parts import Parts, with_parts
from tests.in_process import assert_problem
from tests.infra.eventually import eventually
from tests.s3 import FarStore
from tests.shared import submissions as subs
from tests.submit.test_problems import ENTRY

OLD = "o" * 64


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for room looks often."""
    monkeypatch.setattr(rejudge_problem, "_LOOK_S", 0.05)


def installed(client: redis.Redis, **other: Any) -> None:  # noqa: ANN401
    entry = msgspec.structs.replace(ENTRY, **other)
    client.hset(keys.PROBLEMS, entry.id, encode(entry))


def spec(package: str = OLD) -> bytes:
    known = json.loads(subs.spec()) | {"problemId": ENTRY.id}
    return json.dumps(known | ({"package": package} if package else {})).encode()


def ended(client: redis.Redis, verdict: Verdict = Verdict.ACCEPTED, **how: Any) -> str:  # noqa: ANN401
    """The id of a submission that has a verdict and waits to be archived."""
    client.hsetnx(keys.ARCHIVE, "mode", "single")
    how = {"problem": ENTRY.id, "kind": "judged", "body": spec()} | how
    submission_id = subs.submitted(client, **how)
    finish(client, verdict)
    return submission_id


def finish(client: redis.Redis, verdict: Verdict = Verdict.ACCEPTED) -> str:
    """Judge what is next; gives its id."""
    claims = subs.claims(client)
    claim = claims.claim()
    assert claim is not None
    told = encode({"status": "finished", "verdict": verdict, "cpuTimeMs": 1.0})
    assert claims.finish(claim, verdict, b"{}", [(EventType.FINISHED, told)])
    return claim.submission_id


def let_go(client: redis.Redis, *ids: str) -> None:
    """Redis forgets them."""
    for submission_id in ids:
        assert client.ttl(keys.submission(submission_id)) > 0
        client.delete(keys.submission(submission_id), keys.events(submission_id))


def judged_again(client: redis.Redis) -> list[str]:
    """Judge all that waits; gives which those were."""
    done = []
    while client.zcard(keys.READY):
        done.append(finish(client, Verdict.WRONG_ANSWER))
    return done


def at_work(parts: Parts) -> RejudgingProblems:
    """One of a process of its own."""
    return RejudgingProblems(parts.archive.client, parts.settings, parts.archive)


def test_what_is_only_archived_is_judged_again_with_its_history_and_standings(
    redis_url: str, tmp_path: Path, place: dict[str, str]
) -> None:
    with keeping(redis_url, tmp_path, archive="all", **place) as service:
        client = service.redis
        admin = Person(service.http)
        ada = joined(admin, "Ada", None)
        installed(client)
        # Given some that only the archive has, one of them an account's, and one in Redis
        gone = [ended(client, tenant=tenant) for tenant in ("local", ada.tenant, "acme")]
        # And what is not meant: of one's own, of another problem, cancelled, deleted, an item
        others = [ended(client, body=spec(""), kind=""), ended(client, problem="other")]
        cancelled = subs.submitted(client, problem=ENTRY.id)
        subs.cancel(client, cancelled)
        deleted = ended(client)
        _, [item] = subs.batch_of(client, 1)
        finish(client)
        archived(service)
        assert admin.ask("DELETE", f"/submission/{deleted}/record").status_code == 200
        let_go(client, *gone, *others, cancelled, item)
        here = ended(client)
        [problem] = admin.get("/problems").json()["problems"]
        assert (problem["submissions"], problem["accepted"]) == (3, 3)
        assert len(ada.get("/leaderboard").json()["rows"]) == 2

        # When all of the problem is judged again
        installed(client, digest="n" * 64)
        answer = admin.post(f"/problems/{ENTRY.id}/rejudge")

        # Then the answer says how many that are, in the lowest class
        assert answer.status_code == 202
        assert answer.json() == {"submissions": 4, "complete": True}
        assert admin.get(f"/problems/{ENTRY.id}/rejudge").json() == answer.json()
        assert {subs.fields(client, it)["priority"] for it in [*gone, here]} == {"bulk"}
        assert "n" * 64 in subs.fields(client, gone[0])["spec"]
        assert sorted(judged_again(client)) == sorted([*gone, here])
        # And the verdict so far is history, and counts no more
        archived(service)
        let_go(client, *gone, here)
        result = admin.get(f"/result/{gone[0]}").json()
        assert result["verdict"] == "wrong-answer"
        assert [past["verdict"] for past in result["history"]] == ["accepted"]
        assert ada.get(f"/result/{gone[1]}").json()["verdict"] == "wrong-answer"
        [problem] = admin.get("/problems").json()["problems"]
        assert (problem["submissions"], problem["accepted"]) == (3, 0)
        assert ada.get("/leaderboard").json()["rows"] == []
        assert_problem(ada.post(f"/problems/{ENTRY.id}/rejudge"), 403, "forbidden")


def archive_of(client: redis.Redis, parts: Parts, count: int) -> Any:  # noqa: ANN401
    """Awaited: some that only the archive has, and some that Redis has, too."""

    async def made() -> list[str]:
        installed(client)
        ids = [ended(client) for _ in range(count)]
        await parts.archiver.some()
        let_go(client, *ids[: count // 2])
        return ids

    return made()


@pytest.mark.parametrize("step", ["of_problem", "scripts", "at"])
def test_who_is_killed_anywhere_is_followed_by_another_and_each_is_judged_once(
    client: redis.Redis,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    monkeypatch.setattr(rejudge_problem, "_PAGE", 2)

    class Killed(BaseException):
        pass

    calls, deaths = 0, {n * (n + 1) // 2 for n in range(1, 20)}

    async def story(parts: Parts) -> None:
        nonlocal calls
        ids = await archive_of(client, parts, 8)
        await at_work(parts).ask(ENTRY.id)
        place, name = {
            "of_problem": (Rejudging, "of_problem"),
            "scripts": (scripts, "acall"),
            "at": (type(parts.archive), "at"),
        }[step]
        real = getattr(place, name)

        def dies(*how: Any) -> Any:  # noqa: ANN401
            nonlocal calls
            calls += 1
            if calls in deaths:
                raise Killed
            return real(*how)

        done: Counter[str] = Counter()
        for _ in range(100):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, dies)
                try:
                    await at_work(parts).go_on(ENTRY.id)
                    break
                except Killed:
                    pass
            done.update(judged_again(client))  # it is judged meanwhile
        done.update(judged_again(client))
        assert done == Counter(ids)
        told = await at_work(parts).told(ENTRY.id)
        assert told == Rejudged(submissions=8, complete=True)
        assert calls > 4

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_it_puts_in_line_only_while_few_wait_there(
    client: redis.Redis, redis_url: str, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudge_problem, "_PAGE", 2)
    monkeypatch.setattr(rejudge_problem, "MOST_WAITING", 2)

    async def story(parts: Parts) -> None:
        ids = await archive_of(client, parts, 12)
        let_go(client, *ids[6:])
        asked = at_work(parts)
        await asked.ask(ENTRY.id)
        # A request is answered when the line is full
        await asked.go_on(ENTRY.id, patience_s=60)
        told = await asked.told(ENTRY.id)
        assert not told.complete
        assert 2 <= told.submissions <= 3
        # And others go on as room comes, never with more than a page at once
        done = Counter(judged_again(client))
        while not (await asked.told(ENTRY.id)).complete:
            await at_work(parts).go_on(ENTRY.id, patience_s=60)
            assert client.zcard(keys.READY) <= 3
            done.update(judged_again(client))
        assert done == Counter(ids)
        assert await asked.told(ENTRY.id) == Rejudged(submissions=12, complete=True)
        assert client.ttl(keys.rejudging(ENTRY.id)) > 0

    with_parts(redis_url, blobs, story)


def test_what_a_request_has_no_patience_for_is_gone_on_with(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.submit.again.PATIENCE_S", -1.0)
    with keeping(redis_url, tmp_path) as service:
        installed(service.redis)
        submission_id = ended(service.redis)
        archived(service)
        let_go(service.redis, submission_id)
        path = f"/problems/{ENTRY.id}/rejudge"
        assert service.http.post(path).json() == {"submissions": 0, "complete": False}
        eventually(lambda: service.http.get(path).json()["complete"], 60)
        assert service.http.get(path).json()["submissions"] == 1
        assert judged_again(service.redis) == [submission_id]


def test_while_the_store_is_away_what_redis_has_is_judged_and_the_rest_follows(
    client: redis.Redis, redis_url: str, far: FarStore
) -> None:
    async def story(parts: Parts) -> None:
        ids = await archive_of(client, parts, 4)
        work = at_work(parts)
        await work.ask(ENTRY.id)
        far.leave()
        try:
            with pytest.raises(BlobsAway):
                await work.go_on(ENTRY.id)
        finally:
            far.come_back()
        assert await work.told(ENTRY.id) == Rejudged(submissions=2, complete=False)
        assert await work.some() == 0, "it waits for a while"
        client.zadd(keys.REJUDGING, {ENTRY.id: 0})
        assert await work.some() == 1
        assert sorted(judged_again(client)) == sorted(ids)
        assert (await work.told(ENTRY.id)).complete

    with_parts(redis_url, far.blobs(), story)


def test_who_asks_anew_begins_it_anew_and_who_was_at_it_stops(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudge_problem, "_PAGE", 1)

    async def story(parts: Parts) -> None:
        ids = await archive_of(client, parts, 6)
        work, real = at_work(parts), parts.archive.at
        await work.ask(ENTRY.id)
        await work.go_on(ENTRY.id, patience_s=60)
        done = Counter(judged_again(client))
        assert done == Counter(ids)
        read = 0

        def slow(name: str) -> Any:  # noqa: ANN401
            nonlocal read
            read += 1
            if read == 2:  # as somebody else does meanwhile
                seconds, _ = client.time()
                client.hset(keys.rejudging(ENTRY.id), "askedMs", seconds * 1000 + 999_999)
            return real(name)

        await work.ask(ENTRY.id)
        with monkeypatch.context() as patch:
            patch.setattr(parts.archive, "at", slow)
            await work.go_on(ENTRY.id)
        assert read < 6
        assert not (await work.told(ENTRY.id)).complete
        # Nor is it gone on with when the problem is deleted
        client.hdel(keys.PROBLEMS, ENTRY.id)
        await work.go_on(ENTRY.id)
        assert client.zcard(keys.REJUDGING) == 0
        with pytest.raises(NotFound):
            await work.ask(ENTRY.id)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_what_has_had_its_time_is_left_to_the_sweeper(
    client: redis.Redis, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.hset(keys.tenant("local"), "retention_days", 1)

    async def story(parts: Parts) -> None:
        [_, *_] = ids = await archive_of(client, parts, 2)
        let_go(client, ids[1])
        work = at_work(parts)
        now_s = time.time()
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: now_s + 90_000)
            await work.ask(ENTRY.id)
            await work.go_on(ENTRY.id)
        assert await work.told(ENTRY.id) == Rejudged(submissions=0, complete=True)

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_names_are_listed_from_any_of_them_on(blobs: Blobs) -> None:
    shelf = blobs.shelf()
    names = [
        f"archive/{who}/{n}{m}/{n}{m}x" for who in ("a", "a-b", "b") for n in "09f" for m in "1a"
    ]
    for name in reversed(names):
        shelf.put(name, b"x")
    listed = [it.name for it in shelf.names("archive/")]
    assert sorted(listed) == sorted(names)
    for number, name in enumerate(listed):
        assert [it.name for it in shelf.names("archive/", after=name)] == listed[number + 1 :]
    shelf.delete(listed[3])
    assert [it.name for it in shelf.names("archive/", after=listed[3])] == listed[4:]
    assert list(shelf.names("archive/", after="archive/zz/ff/f")) == []


def test_a_reply_that_is_lost_counts_nothing_twice(client: redis.Redis) -> None:
    counted = keys.rejudging(ENTRY.id)
    client.hset(counted, "submissions", 0)
    submission_id = ended(client)
    seen = subs.fields(client, submission_id)["finishedMs"]
    how = (submission_id, seen, spec(), "e9", "bulk", 20, counted)
    assert scripts.call(client, "rejudge", *how) == b"queued"
    assert scripts.call(client, "rejudge", *how) == b"running"
    assert client.hget(counted, "submissions") == b"1"
