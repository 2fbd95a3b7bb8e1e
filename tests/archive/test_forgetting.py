"""What is deleted on request is gone from everywhere, whatever happens at that moment."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from shared import keys
from shared.archive import name_of
from shared.blobs import FolderBlobs
from shared.errors import NotFound
from shared.retention import Retention
from shared.settings import Settings
from shared.verdicts import Verdict
from tests.access.people import Person, joined
from tests.archive.keeping import Keeping
from tests.archive.parts import Parts, everywhere, records, with_parts
from tests.in_process import assert_problem
from tests.infra.eventually import eventually
from tests.s3 import FarStore

DAY_S = 86_400


def forget(service: Keeping, submission_id: str) -> dict[str, Any]:
    answer = service.http.delete(f"/submission/{submission_id}/record")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("moment", ["waiting", "running", "ended", "archived", "let go"])
def test_every_trace_is_gone(service: Keeping, tmp_path: Path, moment: str) -> None:
    marker = secrets.token_hex(8)
    body = {"language": "python", "code": f"# {marker}", "problemId": "sum", "stdin": marker}
    body |= {"callbackUrl": f"http://hook.invalid/{marker}"}
    headers = {"idempotency-key": marker}
    first = service.judged(problemId="sum")
    submission_id = str(service.http.post("/submit", json=body, headers=headers).json()["id"])
    if moment == "running":
        service.worker.claim()
    elif moment != "waiting":
        service.judge(Verdict.RUNTIME_ERROR, stdout=marker, message=marker)
    if moment == "archived":
        service.archived()
    elif moment == "let go":
        service.let_go(submission_id)
    assert marker.encode() in everywhere(service.redis, tmp_path)

    assert forget(service, submission_id) == {"id": submission_id, "archive": "removed"}

    # An archiver that is writing it at that very moment gives way
    eventually(lambda: marker.encode() not in everywhere(service.redis, tmp_path), 60)
    for path in ("result", "events"):
        assert_problem(service.http.get(f"/{path}/{submission_id}"), 404, "not-found")
    # All that is left of its id is the note that it may be in the archive, for some minutes, the
    # name of its grave, for a day, and for a minute the answer to the call that claimed it
    for key in service.redis.scan_iter(keys.call("*")):
        service.redis.delete(key)
    left = everywhere(service.redis, tmp_path)
    notes = [f"{submission_id}:local", f"{submission_id}/:local"]
    spared = [*notes, f"{submission_id[:2]}/{submission_id}"]
    assert left.count(submission_id.encode()) == sum(left.count(it.encode()) for it in spared)
    assert_problem(service.http.delete(f"/submission/{submission_id}/record"), 404, "not-found")
    # The same request is a new one now, and others are as they were
    again = service.http.post("/submit", json=body, headers=headers).json()["id"]
    assert again != submission_id
    rows = service.http.get("/submissions").json()["submissions"]
    assert [row["id"] for row in rows] == [again, first]


def test_a_reader_of_other_streams_is_reset_where_something_is_missing(service: Keeping) -> None:
    ids = [service.judged() for _ in range(3)]
    page = service.http.get("/events/me?wait=0", headers={"accept": "application/json"}).json()
    cursor = page["cursor"].partition(".")[0] + ".0"
    forget(service, ids[1])
    told: list[dict[str, Any]] = []
    while True:
        asked = f"/events/me?after={cursor}&wait=0"
        page = service.http.get(asked, headers={"accept": "application/json"}).json()
        if not page["events"]:
            break
        told += page["events"]
        cursor = page["cursor"]
    assert ids[1] not in json.dumps(told)
    kinds = [event["event"] for event in told]
    assert kinds == ["queued", "preparing", "finished", "reset"]


def test_an_item_of_a_batch_can_be_forgotten(service: Keeping) -> None:
    marker = secrets.token_hex(8)
    items = [{"language": "python", "code": "1", "clientId": f"{marker}-{n}"} for n in range(2)]
    batch = service.http.post("/batch", json={"submissions": items}).json()
    assert {service.judge(message=marker) for _ in items} == set(batch["submissions"])
    first = batch["submissions"][0]
    forget(service, first)
    stream = service.redis.xrange(keys.events(batch["id"]))
    assert f"{marker}-0" not in repr(stream)
    assert f"{marker}-1" in repr(stream)
    lines = service.http.get(f"/batch/{batch['id']}/results").text.splitlines()
    results = {line["id"]: line["result"] for line in map(json.loads, lines)}
    assert results[first] is None
    assert sum(result is not None for result in results.values()) == 1


def test_only_its_owner_may(service: Keeping) -> None:
    admin = Person(service.http)
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    submission_id = ada.post("/submit", {"language": "python", "code": "1"}).json()["id"]
    ada.post(f"/submission/{submission_id}/share")
    for name in (submission_id, "sum", "0" * 32):
        answer = bob.ask("DELETE", f"/submission/{name}/record")
        assert_problem(answer, 404, "not-found")
    assert ada.get(f"/result/{submission_id}").status_code == 200


def test_the_archive_of_a_deleted_account_is_empty(service: Keeping, tmp_path: Path) -> None:
    marker = secrets.token_hex(8)
    admin = Person(service.http)
    ada = joined(admin, "ada")
    for _ in range(2):
        ada.post("/submit", {"language": "python", "code": f"# {marker}"})
        service.let_go(service.judge())
    ada.post("/submit", {"language": "python", "code": f"# {marker}"})
    assert marker.encode() in everywhere(service.redis, tmp_path)
    assert admin.ask("DELETE", "/accounts/ada").status_code < 300
    eventually(lambda: marker.encode() not in everywhere(service.redis, tmp_path), 60)
    assert service.redis.scard(keys.LEAVING) == 0


def test_an_archiver_that_was_writing_it_finds_a_grave(
    service: Keeping, redis_url: str, tmp_path: Path
) -> None:
    submission_id = service.judged()
    service.archived()

    async def story(parts: Parts) -> None:
        # Given one that has read it and has not written it
        [record] = await parts.archiver._read([submission_id])
        # When it is forgotten in between
        await parts.forgetting.submission(submission_id, tenant="local")
        assert parts.archiver._write([record]) == []
        assert records(parts) == [], "there is a grave in its place"
        # Then nobody is told of it, and whoever settles it removes it
        assert await parts.archive.find(submission_id, "local") is None
        await parts.archiver._settle([record], written=True)
        # Nor is it there when the note has become one of a grave, nor when that is levelled
        assert await parts.sweeper.forget_due() == 0
        notes: Any = service.redis.zrange(keys.FORGOTTEN, 0, -1)
        service.redis.zadd(keys.FORGOTTEN, dict.fromkeys(notes, 1))
        assert await parts.sweeper.forget_due() == 2
        assert service.redis.zcard(keys.FORGOTTEN) == 0
        assert parts.archiver._write([record]) == []
        assert await parts.archive.find(submission_id, "local") is None
        assert await parts.sweeper.level_due() == 0
        service.redis.zadd(keys.BURIED, {f"{submission_id}:local": 1})
        assert await parts.sweeper.level_due() == 1
        assert list(parts.archive.shelf.names("archive/")) == []
        assert service.redis.zcard(keys.BURIED) == 0
        with pytest.raises(NotFound):
            await parts.forgetting.submission(submission_id, tenant="local")

    with_parts(redis_url, FolderBlobs(tmp_path / "blobs"), story)


def test_it_is_removed_when_the_store_is_back(
    far_service: Keeping, far: FarStore, redis_url: str
) -> None:
    submission_id = far_service.judged()
    far_service.archived()
    far.leave()
    try:
        assert forget(far_service, submission_id)["archive"] == "pending"
    finally:
        far.come_back()
    assert_problem(far_service.http.get(f"/result/{submission_id}"), 404, "not-found")
    far_service.redis.zadd(keys.FORGOTTEN, {f"{submission_id}:local": 1})

    async def story(parts: Parts) -> None:
        assert len(records(parts)) == 1
        assert await parts.sweeper.forget_due() == 1
        assert records(parts) == []

    with_parts(redis_url, far.blobs(), story)


def test_a_tenants_submissions_are_kept_as_long_as_it_says(
    service: Keeping, redis_url: str, tmp_path: Path
) -> None:
    submission_id = service.judged()
    service.archived()
    assert service.redis.ttl(keys.submission(submission_id)) > 0
    own = {"local": submission_id, "x" * 200: "2" * 32, "other": "3" * 32}
    blobs = FolderBlobs(tmp_path / "blobs")

    async def story(parts: Parts) -> None:
        shelf = parts.archive.shelf
        record = parts.archive._read(name_of("local", submission_id))
        assert record is not None
        for tenant, name in own.items():
            copy = type(record)(id=name, fields=record.fields | {"tenant": tenant}, events=[])
            parts.archive.write(copy)
        now_s = next(shelf.names("archive/")).stored_s

        def kept() -> set[str]:
            return {it.name.rpartition("/")[2] for it in shelf.names("archive/")}

        # Given nobody who says for how long, nothing goes
        assert await parts.sweeper.expire(now_s + 10_000 * DAY_S) == 0
        # When two of them say ten days, and one of those has a long name
        for tenant in ("local", "x" * 200):
            service.redis.hset(keys.tenant(tenant), "retention_days", 10)
        parts.retention = parts.sweeper._retention = Retention(parts.archive.client, Settings())
        assert await parts.sweeper.expire(now_s + 9 * DAY_S) == 0
        assert await parts.sweeper.expire(now_s + 11 * DAY_S) == 2
        # Then the third one's are there, and nothing leads to those that are gone
        assert kept() == {own["other"]}
        assert service.redis.zcard(keys.history("local")) == 0

    with_parts(redis_url, blobs, story)


def test_the_setting_is_the_default_and_a_tenant_may_say_for_ever(redis_url: str) -> None:
    async def story(parts: Parts) -> None:
        client = parts.archive.client
        assert await parts.retention.days("somebody") == 30
        assert await parts.retention.in_redis_s("somebody") == Settings().result_ttl_s
        await client.hset(keys.tenant("archivist"), "retention_days", "0")
        assert await parts.retention.days("archivist") == 0
        assert await parts.retention.any()
        short = Settings(result_ttl_s=90 * DAY_S, retention_days=1)
        assert await Retention(client, short).in_redis_s("somebody") == DAY_S

    with_parts(redis_url, FolderBlobs(Path("unused")), story, retention_days=30)
