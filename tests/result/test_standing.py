"""Where an accepted solution stands: right, telling nobody's name, and as cheap for many."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.result.standing import BINS, LEAST_OTHERS, spread
from shared import keys
from shared.verdicts import Verdict
from tests.access.people import Person, joined
from tests.in_process import HandWorker, assert_problem, hand_worker
from tests.result.test_people import install, solve

PROBLEM = "adding"
OTHERS = 12


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    with hand_worker(redis_url) as worker:
        worker.announce("python")
        install(worker, PROBLEM)
        yield worker


def crowd(hand: HandWorker, count: int, language: str = "python") -> None:
    """So many who have solved it in 10, 20, 30 ... ms and as many MiB, written as verdicts do."""
    for number in range(1, count + 1):
        run = f"{number * 10_000:012d}:{number << 20:015d}:{number:013d}:{number:032x}:{language}"
        hand.redis.zadd(keys.board(PROBLEM), {f"{run}:user-{language}-{number}": 0})


def asked(person: Person, submission: str) -> dict[str, Any]:
    answer = person.get(f"/result/{submission}/standing")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_solution_is_told_how_many_of_the_others_need_more(
    admin: Person, hand: HandWorker
) -> None:
    crowd(hand, OTHERS)
    # One's own best does not count among the others
    solve(admin, hand, PROBLEM, 1.0)
    mine = solve(admin, hand, PROBLEM, 85.0)  # and 1 MiB, as much as the best of them
    told = asked(admin, mine)
    assert (told["problemId"], told["language"], told["solutions"]) == (PROBLEM, "python", OTHERS)
    time, memory = told["cpuTimeMs"], told["peakMemoryBytes"]
    assert (time["own"], time["aheadOf"]) == (85.0, pytest.approx(4 / OTHERS))
    assert (time["least"], time["most"]) == (10.0, 120.0)
    assert (memory["own"], memory["aheadOf"]) == (1 << 20, pytest.approx(11 / OTHERS))
    for figure in (time, memory):
        assert (len(figure["counts"]), sum(figure["counts"])) == (BINS, OTHERS)
    # And nobody's name, nor which solution it is
    assert "user-" not in json.dumps(told)
    # A verdict that is taken back is out of it with the next answer
    hand.redis.zremrangebyrank(keys.board(PROBLEM), -1, -1)
    assert asked(admin, mine)["solutions"] == OTHERS - 1


def test_with_few_others_nothing_is_said(admin: Person, hand: HandWorker) -> None:
    crowd(hand, LEAST_OTHERS - 1)
    mine = solve(admin, hand, PROBLEM)
    told = asked(admin, mine)
    assert (told["solutions"], told["cpuTimeMs"], told["peakMemoryBytes"]) == (4, None, None)
    # With those in another language they are enough, and it is said that they are mixed
    crowd(hand, LEAST_OTHERS - 1, "cpp20")
    told = asked(admin, mine)
    assert (told["language"], told["solutions"]) == (None, 8)
    assert told["cpuTimeMs"]["aheadOf"] == 1.0


def test_of_very_many_an_even_sample_is_read(admin: Person, hand: HandWorker) -> None:
    crowd(hand, 2500)
    told = asked(admin, solve(admin, hand, PROBLEM, 20_001.0))
    assert 800 <= told["solutions"] <= 1000
    assert told["cpuTimeMs"]["aheadOf"] == pytest.approx(500 / 2500, abs=0.003)


def test_only_an_accepted_solution_that_one_may_read_is_compared(
    admin: Person, hand: HandWorker
) -> None:
    crowd(hand, OTHERS)
    ada, bob = joined(admin, "ada", None), joined(admin, "bob", None)
    wrong = solve(ada, hand, PROBLEM, verdict="wrong-answer")
    assert_problem(ada.get(f"/result/{wrong}/standing"), 409, "conflict")
    right = solve(ada, hand, PROBLEM, 35.0)
    assert_problem(bob.get(f"/result/{right}/standing"), 404, "not-found")
    ada.post(f"/submission/{right}/share")
    solve(bob, hand, PROBLEM, 90.0)
    # Whoever reads it is told the same: whose solution it is, is what does not count
    assert asked(bob, right) == asked(ada, right)
    assert asked(bob, right)["solutions"] == OTHERS + 1
    # What ran on its own, and what belongs to a problem that is gone, stands nowhere
    ran = ada.post("/submit", {"language": "python", "code": "1"}).json()["id"]
    assert hand.finish(hand.claim(), Verdict.COMPLETED)
    assert_problem(ada.get(f"/result/{ran}/standing"), 409, "conflict")
    # Nor what was accepted by an output of its own: no package has judged it
    body = {"problemId": PROBLEM, "language": "python", "code": "1", "expectedOutput": ""}
    ran = ada.post("/submit", body).json()["id"]
    assert hand.finish(hand.claim(), Verdict.ACCEPTED)
    assert ada.get(f"/result/{ran}").json()["problemId"] == PROBLEM
    assert_problem(ada.get(f"/result/{ran}/standing"), 409, "conflict")
    hand.redis.hdel(keys.PROBLEMS, PROBLEM)
    assert_problem(ada.get(f"/result/{right}/standing"), 404, "not-found")


FIGURES = st.floats(0, 1e13, allow_nan=False)


@given(own=FIGURES, others=st.lists(FIGURES, min_size=1, max_size=30))
def test_a_plot_holds_all_of_them_and_is_never_narrow(own: float, others: list[float]) -> None:
    told = spread(own, others)
    assert sum(told.counts) == len(others)
    assert 0 <= told.own_place < len(told.counts) == BINS
    assert 0 <= told.ahead_of <= 1
    assert told.most / told.least >= 2 or math.isclose(told.most / told.least, 2)
    better, worse = sum(told.counts[: told.own_place]), sum(told.counts[told.own_place + 1 :])
    assert worse <= told.ahead_of * len(others) + 1e-6 <= len(others) - better + 1e-6
