"""A time-limit verdict so close to its limit that chance may have made it is confirmed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.execute.engine.program import Limits, Outcome, Run
from functions.execute.judging.confirm import better, is_doubtful
from tests.execute.core import Core

LIMITS = Limits(cpu_time_ms=1_000, wall_time_ms=2_000)
TIMES = {Outcome.CPU_TIME_LIMIT: "cpu_time_ms", Outcome.WALL_TIME_LIMIT: "wall_time_ms"}


def ran(outcome: Outcome, cpu_time_ms: float = 1, wall_time_ms: float = 1) -> Run:
    return Run(
        outcome=outcome,
        exit_code=None,
        signal=None,
        stdout=b"",
        stderr=b"",
        stdout_truncated=False,
        stderr_truncated=False,
        cpu_time_ms=cpu_time_ms,
        wall_time_ms=wall_time_ms,
        wait_time_ms=0,
        peak_memory_bytes=0,
    )


@pytest.mark.parametrize("outcome", TIMES)
@pytest.mark.parametrize(("share", "doubtful"), [(1.0, True), (1.1, True), (1.11, False)])
def test_only_what_is_up_to_a_tenth_past_its_limit_is_doubtful(
    outcome: Outcome, share: float, doubtful: bool
) -> None:
    limit_ms = getattr(LIMITS, TIMES[outcome])
    run = replace(ran(outcome), **{TIMES[outcome]: limit_ms * share})

    assert is_doubtful(run, LIMITS) is doubtful


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - set(TIMES)))
def test_nothing_but_a_time_limit_is_doubtful(outcome: Outcome) -> None:
    assert not is_doubtful(ran(outcome, 1_000, 2_000), LIMITS)


def test_time_spent_waiting_for_a_core_is_no_time_that_was_used() -> None:
    run = replace(ran(Outcome.WALL_TIME_LIMIT, 1, 3_000), wait_time_ms=900)

    assert is_doubtful(run, LIMITS)
    assert not is_doubtful(replace(run, wait_time_ms=700), LIMITS)


def test_the_other_time_says_nothing_about_the_one_that_fired() -> None:
    assert not is_doubtful(ran(Outcome.CPU_TIME_LIMIT, 1_200, 2_000), LIMITS)
    assert not is_doubtful(ran(Outcome.WALL_TIME_LIMIT, 1_000, 2_300), LIMITS)


@pytest.mark.parametrize("second", sorted(set(Outcome) - set(TIMES)))
def test_a_second_run_that_keeps_to_its_time_counts_whatever_it_ends_with(second: Outcome) -> None:
    runs = ran(Outcome.CPU_TIME_LIMIT, 1_050), ran(second, 950)

    assert better(*runs) is runs[1]


@pytest.mark.parametrize("second", TIMES)
def test_a_second_run_that_does_not_either_leaves_the_first(second: Outcome) -> None:
    runs = ran(Outcome.WALL_TIME_LIMIT, 1, 2_050), ran(second, 1_050, 2_050)

    assert better(*runs) is runs[0]


@pytest.mark.parametrize(
    ("code", "limits", "name"),
    [
        ("while True: pass", {"cpuTimeMs": 200, "wallTimeMs": 60_000}, "cpuTimeMs"),
        ("import time; time.sleep(60)", {"cpuTimeMs": 20_000, "wallTimeMs": 400}, "wallTimeMs"),
    ],
    ids=["cpu", "wall"],
)
def test_both_runs_are_recorded(core: Core, code: str, limits: dict[str, int], name: str) -> None:
    submission_id = core.submit(code, limits=limits)

    result = core.final(submission_id)

    assert (result.verdict, result.limit) == ("time-limit-exceeded", name)
    told = [data for kind, data in core.events(submission_id) if kind == "running"]
    confirmed = [data for data in told if data.get("confirming")]
    first = result.runs[0] if result.runs else result
    wall_ms = (first.wall_time_ms or 0) - (first.wait_time_ms or 0)
    measured = {"cpuTimeMs": first.cpu_time_ms or 0, "wallTimeMs": wall_ms}[name]
    if measured <= limits[name] * 1.1:  # stopped in time: doubtful
        assert [run.limit for run in result.runs] == [name, name]
        assert len(confirmed) == 1
    else:  # the machine was too busy to stop it sooner
        assert (result.runs, confirmed) == ([], [])
