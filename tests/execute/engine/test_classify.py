"""Why a run ended follows from what was measured, in one order, and never from trust."""

from __future__ import annotations

import itertools
import signal

import pytest

from functions.execute.engine.cell import classify
from functions.execute.engine.program import Limits, Outcome

LIMITS = Limits(cpu_time_ms=1_000)
OVER_NS, UNDER_NS = 1_000_000_001, 1_000_000_000
EXIT_0, EXIT_3, KILLED = 0, 3 << 8, int(signal.SIGKILL)


def ended(
    *,
    status: int | None = EXIT_0,
    killed: str = "",
    oom: bool = False,
    cpu_ns: int = UNDER_NS,
    truncated: tuple[bool, bool] = (False, False),
) -> Outcome:
    done = {
        "status": status,
        "killed": killed,
        "oom": oom,
        "cpu_ns": cpu_ns,
        "truncated": list(truncated),
    }
    return classify(done, LIMITS)


def test_an_end_of_its_own_is_what_it_is() -> None:
    assert ended() is Outcome.EXITED
    assert ended(status=EXIT_3) is Outcome.EXITED
    assert ended(status=KILLED) is Outcome.SIGNALED
    assert ended(status=int(signal.SIGSEGV) | 0x80) is Outcome.SIGNALED  # with a core


@pytest.mark.parametrize("status", [EXIT_0, EXIT_3, KILLED, None])
def test_time_past_the_limit_is_the_limit_whatever_the_program_says(status: int | None) -> None:
    assert ended(status=status, cpu_ns=OVER_NS) is Outcome.CPU_TIME_LIMIT


def test_time_of_exactly_the_limit_is_within_it() -> None:
    assert ended(cpu_ns=UNDER_NS) is Outcome.EXITED


@pytest.mark.parametrize("status", [EXIT_0, EXIT_3, KILLED, None])
def test_a_kill_for_memory_is_the_memory_limit_even_if_the_program_went_on(
    status: int | None,
) -> None:
    assert ended(status=status, oom=True) is Outcome.MEMORY_LIMIT


@pytest.mark.parametrize("truncated", [(True, False), (False, True), (True, True)])
def test_output_past_the_limit_is_the_output_limit_even_if_it_ended_first(
    truncated: tuple[bool, bool],
) -> None:
    assert ended(truncated=truncated) is Outcome.OUTPUT_LIMIT
    assert ended(truncated=truncated, oom=True, cpu_ns=OVER_NS) is Outcome.OUTPUT_LIMIT


@pytest.mark.parametrize(
    ("killed", "outcome"),
    [
        ("cpuTimeMs", Outcome.CPU_TIME_LIMIT),
        ("wallTimeMs", Outcome.WALL_TIME_LIMIT),
        ("memoryBytes", Outcome.MEMORY_LIMIT),
        ("cancelled", Outcome.CANCELLED),
    ],
)
def test_the_reason_for_our_kill_is_the_outcome(killed: str, outcome: Outcome) -> None:
    assert ended(status=None, killed=killed) is outcome
    assert ended(status=KILLED, killed=killed) is outcome


def test_memory_found_out_after_a_kill_for_time_counts_more() -> None:
    assert ended(status=None, killed="wallTimeMs", oom=True) is Outcome.MEMORY_LIMIT


def test_cancelled_is_cancelled_whatever_else_was_true() -> None:
    every = itertools.product((EXIT_0, KILLED, None), (True, False), (OVER_NS, UNDER_NS))
    for status, oom, cpu_ns in every:
        assert (
            ended(status=status, killed="cancelled", oom=oom, cpu_ns=cpu_ns, truncated=(True, oom))
            is Outcome.CANCELLED
        )


def test_a_limit_is_called_by_the_name_it_has_on_the_wire() -> None:
    limits = {outcome.value for outcome in Outcome if outcome.is_limit}
    assert limits == {"cpuTimeMs", "wallTimeMs", "memoryBytes", "outputBytes"}
