"""What Redis has let go is answered from the archive, and no caller notices."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from shared import keys
from shared.archive import GRAVE, name_of
from shared.verdicts import Verdict
from tests.access.people import Person, joined
from tests.archive.keeping import Keeping
from tests.in_process import assert_problem


def test_everything_is_answered_as_before_when_redis_has_let_go(any_service: Keeping) -> None:
    submission_id = any_service.judged(problemId="sum", code="print('ä\\n')")
    before = any_service.told(submission_id)
    assert {name: status for name, (status, _) in before.items() if status != 200} == {
        "at the end": 204
    }
    any_service.let_go(submission_id)
    assert any_service.told(submission_id) == before
    for _ in range(2):  # by what points to the latest one, and when that is gone, too
        assert any_service.http.get("/result/sum").json()["id"] == submission_id
        any_service.redis.delete(keys.latest("local", "sum"))
    assert any_service.redis.exists(keys.submission(submission_id)) == 0


def test_what_has_no_place_in_the_archive_has_its_time_in_redis(service: Keeping) -> None:
    items = [{"language": "python", "code": "1"}]
    batch = service.http.post("/batch", json={"submissions": items}).json()
    [item] = batch["submissions"]
    assert service.judge() == item
    assert service.redis.ttl(keys.submission(item)) > 0
    assert service.redis.zcard(keys.TO_ARCHIVE) == 0


def test_a_cancelled_one_is_kept_too_and_can_be_cancelled_again(service: Keeping) -> None:
    submission_id = service.submit()
    assert service.http.delete(f"/submission/{submission_id}").json()["status"] == "cancelled"
    service.let_go(submission_id)
    assert service.http.get(f"/result/{submission_id}").json()["status"] == "cancelled"
    assert service.http.delete(f"/submission/{submission_id}").json()["status"] == "cancelled"


def test_what_is_archived_can_be_judged_again(service: Keeping) -> None:
    submission_id = service.submit()
    service.judge(Verdict.WRONG_ANSWER)
    service.let_go(submission_id)

    answer = service.http.post(f"/submission/{submission_id}/rejudge")

    assert answer.status_code == 202, answer.text
    assert service.redis.ttl(keys.submission(submission_id)) == -1
    assert service.judge(Verdict.ACCEPTED) == submission_id
    service.let_go(submission_id)
    result = service.http.get(f"/result/{submission_id}").json()
    assert result["verdict"] == "accepted"
    assert [past["verdict"] for past in result["history"]] == ["wrong-answer"]


def test_a_damaged_record_is_told_hides_no_other_and_can_be_deleted(
    service: Keeping, tmp_path: Path
) -> None:
    damaged, whole = service.judged(), service.judged()
    for submission_id in (damaged, whole):
        service.let_go(submission_id)
    path = tmp_path / "blobs" / name_of("local", damaged)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for name in (f"result/{damaged}", f"events/{damaged}", f"submission/{damaged}/code"):
        assert_problem(service.http.get(f"/{name}"), 500, "internal")
    rows = service.http.get("/submissions").json()["submissions"]
    assert [row["id"] for row in rows] == [whole]
    assert service.http.delete(f"/submission/{damaged}/record").status_code == 200
    assert path.read_bytes() == GRAVE
    assert service.redis.zcard(keys.FORGOTTEN) == 1
    assert_problem(service.http.get(f"/result/{damaged}"), 404, "not-found")
    assert service.redis.zcard(keys.history("local")) == 1


@pytest.mark.parametrize("name", ["0" * 32, "sum", "%2e%2e%2fsecret", "0" * 31 + "/"])
def test_what_is_not_there_is_not_found(service: Keeping, name: str) -> None:
    assert_problem(service.http.get(f"/result/{name}"), 404, "not-found")


def test_the_history_goes_on_in_the_archive(any_service: Keeping) -> None:
    ids = [any_service.judged(problemId=name) for name in ("sum", "other", "sum")]
    asked = ("/submissions", "/submissions?problem=sum&limit=1", "/submissions?limit=2")
    before = [any_service.http.get(path).json() for path in asked]
    assert [row["id"] for row in before[0]["submissions"]] == ids[::-1]
    for submission_id in ids[:2]:
        any_service.let_go(submission_id)
    assert [any_service.http.get(path).json() for path in asked] == before
    rest = any_service.http.get(f"/submissions?before={before[2]['next']}").json()
    assert [row["id"] for row in rest["submissions"]] == ids[:1]


def test_what_is_not_shared_any_more_is_gone_before_the_archive_knows(service: Keeping) -> None:
    admin = Person(service.http)
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    submission_id = ada.post("/submit", {"language": "python", "code": "1"}).json()["id"]
    service.judge()
    for _ in range(3):
        # Given that the archive has it as shared
        assert ada.post(f"/submission/{submission_id}/share").status_code == 200
        service.archived()
        assert bob.get(f"/result/{submission_id}").status_code == 200
        # When that is taken back, then it is so from the next request on
        assert ada.ask("DELETE", f"/submission/{submission_id}/share").status_code == 200
        assert bob.get(f"/result/{submission_id}").status_code == 404


def test_what_is_shared_can_be_read_by_others_when_redis_has_let_go(any_service: Keeping) -> None:
    admin = Person(any_service.http)
    ada, bob = joined(admin, "ada"), joined(admin, "bob")
    body = {"language": "python", "code": "print('hello')"}
    submission_id = ada.post("/submit", body).json()["id"]
    any_service.judge()
    paths = [
        f"/{way}"
        for way in (
            f"result/{submission_id}",
            f"submission/{submission_id}/code",
            f"events/{submission_id}",
        )
    ]

    def seen_by_bob() -> set[int]:
        return {bob.get(path).status_code for path in paths}

    # Given that it was archived, and is shared only then
    any_service.let_go(submission_id)
    assert seen_by_bob() == {404}
    assert ada.post(f"/submission/{submission_id}/share").status_code == 200
    assert seen_by_bob() == {200}
    # When it is archived once more
    any_service.let_go(submission_id)
    assert seen_by_bob() == {200}
    assert bob.get(paths[0]).json()["own"] is False
    assert bob.ask("DELETE", f"/submission/{submission_id}").status_code == 404
    # Then it is shared until that is taken back
    assert ada.ask("DELETE", f"/submission/{submission_id}/share").status_code == 200
    any_service.let_go(submission_id)
    assert seen_by_bob() == {404}
    assert {ada.get(path).status_code for path in paths} == {200}


def test_somebody_elses_is_not_found(service: Keeping, client: redis.Redis) -> None:
    submission_id = service.submit()
    client.hset(keys.submission(submission_id), "tenant", "other")
    service.judge()
    service.let_go(submission_id)
    for path in (f"/result/{submission_id}", f"/events/{submission_id}"):
        assert_problem(service.http.get(path), 404, "not-found")
