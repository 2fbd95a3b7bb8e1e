"""One's history, the leaderboard and the marks on problems, as the routes tell them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared import keys
from shared.connect import async_client
from shared.models import encode
from shared.problems.store import Problems
from shared.standings import Restanding
from shared.verdicts import Verdict
from tests.access.people import Person, joined
from tests.in_process import HandWorker, assert_problem, hand_worker
from tests.shared import submissions as subs
from tests.submit.test_problems import ENTRY


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    with hand_worker(redis_url) as worker:
        worker.announce("python")
        yield worker


def install(hand: HandWorker, *ids: str) -> None:
    """List problems; what is behind them is not looked at here."""
    for problem_id in ids:
        entry = msgspec.structs.replace(ENTRY, id=problem_id)
        hand.redis.hset(keys.PROBLEMS, problem_id, encode(entry))


def solve(
    person: Person, hand: HandWorker, problem: str, cpu_ms: float = 1.0, verdict: str = "accepted"
) -> str:
    """Sent in over HTTP and judged; gives its id."""
    body = {"problemId": problem, "language": "python", "code": f"print('{person.name}')"}
    answer = person.post("/submit", body)
    assert answer.status_code == 202, answer.text
    told = {"cpuTimeMs": cpu_ms, "peakMemoryBytes": 1 << 20}
    assert hand.finish(hand.claim(), Verdict(verdict), event=told, **told)
    return str(answer.json()["id"])


def rows(person: Person, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """His history, page by page."""
    found: list[dict[str, Any]] = []
    before = None
    while True:
        params = query | ({"before": before} if before else {})
        page = person.get("/submissions", params=params).json()
        found += page["submissions"]
        before = page["next"]
        if before is None:
            return found


def test_the_history_is_told_in_pages_and_by_problem(admin: Person, hand: HandWorker) -> None:
    install(hand, "adding")
    ada = joined(admin, "ada", None)
    judged = [solve(ada, hand, "adding", verdict=it) for it in ("wrong-answer", "accepted")]
    tenant = ada.tenant
    others = [subs.submitted(hand.redis, tenant=tenant, problem="label") for _ in range(5)]
    subs.batch_of(hand.redis, 4, tenant=tenant)
    newest_first = [*reversed(others), *reversed(judged)]
    for limit in (1, 3, 7, 100):
        assert [row["id"] for row in rows(ada, limit=limit)] == newest_first
    assert [row["id"] for row in rows(ada, problem="adding", limit=1)] == judged[::-1]
    assert [row["id"] for row in rows(ada, judged="true")] == judged[::-1]
    assert [row["id"] for row in rows(ada, judged="false", limit=2)] == others[::-1]
    assert rows(ada, problem="add") == []
    [first, *_] = rows(ada, problem="adding")
    assert (first["verdict"], first["status"], first["judged"]) == ("accepted", "finished", True)
    assert (first["cpuTimeMs"], first["peakMemoryBytes"]) == (1.0, 1 << 20)
    assert first["finishedMs"] >= first["createdMs"]
    [waiting, *_] = rows(ada, problem="label")
    unknown = ("verdict", "cpuTimeMs", "peakMemoryBytes", "finishedMs", "score")
    assert [waiting[name] for name in unknown] == [None] * 5


def test_a_page_does_not_move_while_more_comes_in(admin: Person, hand: HandWorker) -> None:
    old = [subs.submitted(hand.redis) for _ in range(4)]
    page = admin.get("/submissions?limit=2").json()
    subs.submitted(hand.redis)
    hand.redis.delete(keys.submission(old[1]))  # its time in Redis is over
    rest = admin.get(f"/submissions?limit=2&before={page['next']}").json()
    assert [row["id"] for row in rest["submissions"]] == [old[0]]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("limit=", "limit")),
        *(("before=x", "before"), ("before=-1", "before"), ("before=1e3", "before")),
        *(("judged=1", "judged"), ("before=" + "9" * 30, "before")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(admin: Person, query: str, field: str) -> None:
    assert_problem(admin.get(f"/submissions?{query}"), 400, "invalid-field", field)


def test_the_leaderboard_has_people_and_no_programs(admin: Person, hand: HandWorker) -> None:
    install(hand, "adding", "more")
    ada, bob = joined(admin, "Ada", None), joined(admin, "bob", None)
    solve(ada, hand, "adding", 5.0)
    solve(ada, hand, "adding", 3.0)
    solve(ada, hand, "more", 9.0)
    solve(bob, hand, "adding", 3.0)
    solve(bob, hand, "more", verdict="wrong-answer")
    solve(admin, hand, "adding", 4.0)
    subs.submitted(hand.redis, tenant="acme", problem="adding", kind="judged")
    hand.finish(hand.claim(), Verdict.ACCEPTED, event={"cpuTimeMs": 0.1})

    overall = bob.get("/leaderboard").json()
    assert [(it["rank"], it["name"], it["solved"], it["me"]) for it in overall["rows"]] == [
        (1, "Ada", 2, False),
        (2, "bob", 1, True),
        (2, "local", 1, False),
    ]
    assert overall["own"] == overall["rows"][1]
    of_one = ada.get("/leaderboard?problem=adding").json()
    assert [(it["rank"], it["name"], it["cpuTimeMs"]) for it in of_one["rows"]] == [
        (1, "Ada", 3.0),
        (1, "bob", 3.0),
        (3, "local", 4.0),
    ]
    assert set(of_one["rows"][0]) == {
        *("rank", "name", "language", "cpuTimeMs", "peakMemoryBytes", "createdMs", "me")
    }
    first_only = admin.get("/leaderboard?problem=adding&limit=1").json()
    assert (len(first_only["rows"]), first_only["own"]["rank"]) == (1, 3)
    for tenant in (ada.tenant, bob.tenant):
        assert tenant not in f"{overall}{of_one}"
    assert_problem(ada.get("/leaderboard?problem=none"), 404, "not-found")
    assert_problem(ada.get("/leaderboard?limit=501"), 400, "invalid-field", "limit")


def test_problems_show_what_one_has_solved_and_how_many_have_tried(
    admin: Person, hand: HandWorker
) -> None:
    install(hand, "adding", "more")
    ada, bob = joined(admin, "ada", None), joined(admin, "bob", None)
    for verdict in ("wrong-answer", "accepted"):
        solve(ada, hand, "adding", verdict=verdict)

    def marks(person: Person) -> list[tuple[str, bool, int, int]]:
        problems = person.get("/problems").json()["problems"]
        return [(it["id"], it["solved"], it["submissions"], it["accepted"]) for it in problems]

    assert marks(ada) == [("adding", True, 2, 1), ("more", False, 0, 0)]
    assert marks(bob) == [("adding", False, 2, 1), ("more", False, 0, 0)]


def test_judging_again_corrects_what_people_see(admin: Person, hand: HandWorker) -> None:
    install(hand, "adding")
    ada = joined(admin, "ada", None)
    solve(ada, hand, "adding")
    assert admin.post("/problems/adding/rejudge").json()["submissions"] == 1
    assert ada.get("/leaderboard").json()["own"]["solved"] == 1, "until the new verdict"
    hand.finish(hand.claim(), Verdict.WRONG_ANSWER)
    assert ada.get("/leaderboard").json() == {"rows": [], "own": None}
    [problem] = ada.get("/problems").json()["problems"]
    assert (problem["solved"], problem["submissions"], problem["accepted"]) == (False, 1, 0)
    admin.post("/problems/adding/rejudge")
    hand.finish(hand.claim(), Verdict.ACCEPTED)
    assert ada.get("/leaderboard").json()["own"]["rank"] == 1


def test_a_problem_that_is_deleted_counts_for_nobody_until_it_is_back(
    admin: Person, hand: HandWorker, redis_url: str
) -> None:
    install(hand, "adding", "more")
    ada, bob = joined(admin, "Ada", None), joined(admin, "bob", None)
    solve(ada, hand, "adding")
    solve(ada, hand, "more")
    solve(bob, hand, "more")

    def overall() -> list[tuple[str, int]]:
        return [(it["name"], it["solved"]) for it in ada.get("/leaderboard").json()["rows"]]

    assert admin.ask("DELETE", "/problems/more").status_code == 200
    assert overall() == [("Ada", 1)]
    assert bob.get("/leaderboard").json()["own"] is None
    assert_problem(ada.get("/leaderboard?problem=more"), 404, "not-found")
    assert [row["problemId"] for row in rows(ada)] == ["more", "adding"], "the history has it"
    # It comes back as it is imported, with all who have solved it
    entry = msgspec.structs.replace(ENTRY, id="more")

    async def again() -> None:
        async with async_client(redis_url) as connection:
            assert await Problems(connection).put(entry)
            assert not await Problems(connection).put(entry)
            await Restanding(connection).one("more")

    asyncio.run(again())
    assert overall() == [("Ada", 2), ("bob", 1)]
    [_, more] = bob.get("/problems").json()["problems"]
    assert (more["solved"], more["submissions"], more["accepted"]) == (True, 2, 2)


def test_what_shows_secret_tests_is_not_shared(admin: Person, hand: HandWorker) -> None:
    shows = subs.submitted(hand.redis, kind="reveals")
    assert_problem(admin.post(f"/submission/{shows}/share"), 409, "conflict")
    assert admin.ask("DELETE", f"/submission/{shows}/share").json()["shared"] is False
    plain = subs.submitted(hand.redis)
    for _ in range(2):  # to say it twice changes nothing
        assert admin.post(f"/submission/{plain}/share").json() == {"id": plain, "shared": True}
    assert admin.get(f"/result/{plain}").json()["shared"] is True
    assert admin.get("/submissions").json()["submissions"][0]["shared"] is True
    assert_problem(admin.post("/submission/none/share"), 404, "not-found")
    assert hand.redis.exists(keys.submission("none")) == 0
