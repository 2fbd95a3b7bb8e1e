"""The verdict follows what was used: on an idle machine and on one that is overrun."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.execute.core import Core
from tests.execute.effort import times

CPU_MS, WALL_MS = 150, 400
COMPUTES = "import time\nwhile time.process_time() < {seconds}: pass"
SLEEPS = "import time\ntime.sleep({seconds})"
HOGS = 8
PATIENCE_S = 600.0


@pytest.fixture
def hogs() -> Iterator[None]:
    """More programs that want a core than there are cores."""
    # In sessions of their own, or the scheduler's autogroups count them all as one.
    processes = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        for _ in range(HOGS)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def verdicts(core: Core, code: str, share: float, **limits: int) -> Counter[tuple[str, str]]:
    """Verdict and limit of programs that use a share of the limit, many at a time."""
    (limit_ms,) = (ms for ms in limits.values() if ms < 10_000)
    program = code.format(seconds=limit_ms * share / 1000)
    ids = [core.submit(program, limits=limits) for _ in range(times(8, 50))]
    results = [core.final(submission_id, PATIENCE_S) for submission_id in ids]
    return Counter((str(result.verdict), str(result.limit)) for result in results)


def assert_computing_is_judged_by_what_it_used(core: Core) -> None:
    limits = {"cpuTimeMs": CPU_MS, "wallTimeMs": 60_000}
    below = verdicts(core, COMPUTES, 0.7, **limits)
    above = verdicts(core, COMPUTES, 1.4, **limits)
    assert below == {("completed", "None"): times(8, 50)}
    assert above == {("time-limit-exceeded", "cpuTimeMs"): times(8, 50)}


def assert_sleeping_is_judged_by_how_long_it_took(core: Core) -> None:
    limits = {"cpuTimeMs": 20_000, "wallTimeMs": WALL_MS}
    below = verdicts(core, SLEEPS, 0.7, **limits)
    above = verdicts(core, SLEEPS, 1.4, **limits)
    assert below == {("completed", "None"): times(8, 50)}
    assert above == {("time-limit-exceeded", "wallTimeMs"): times(8, 50)}


def test_computing_programs_get_the_right_verdict(core: Core) -> None:
    assert_computing_is_judged_by_what_it_used(core)


def test_sleeping_programs_get_the_right_verdict(core: Core) -> None:
    assert_sleeping_is_judged_by_how_long_it_took(core)


@pytest.mark.usefixtures("hogs")
def test_computing_programs_get_the_right_verdict_on_an_overrun_machine(core: Core) -> None:
    assert_computing_is_judged_by_what_it_used(core)


@pytest.mark.usefixtures("hogs")
def test_sleeping_programs_get_the_right_verdict_on_an_overrun_machine(core: Core) -> None:
    assert_sleeping_is_judged_by_how_long_it_took(core)


def test_what_children_use_counts_as_well(core: Core) -> None:
    code = (
        "import os, time\n"
        "child = os.fork()\n"
        "while time.process_time() < 0.2: pass\n"
        "if child: os.wait()\n"
    )

    result = core.judged(code, limits={"cpuTimeMs": 300, "wallTimeMs": 60_000})

    assert (result.verdict, result.limit) == ("time-limit-exceeded", "cpuTimeMs")
