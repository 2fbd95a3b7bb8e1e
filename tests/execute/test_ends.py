"""Every exit code and every signal is told exactly, in both ways to start a program."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Outcome, Program, Run
from functions.execute.judging.present import signal_name

LIMITS = Limits(wall_time_ms=60_000)
#: By default they end nobody: signal(7). Four of them stop a program until its wall limit.
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = [number for number in range(1, 65) if number not in HARMLESS | STOPPING]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine(2)
    try:
        yield made
    finally:
        made.close()


def shell(script: str) -> Program:
    return Program(argv=("/bin/sh", "-c", script))


def ended(run: Run) -> tuple[str, int | None, int | None]:
    return run.outcome, run.exit_code, run.signal


def test_every_exit_code_is_told_as_it_is(engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda code: engine.run(shell(f"exit {code}"), LIMITS), range(256)))

    assert [ended(run) for run in told] == [("exited", code, None) for code in range(256)]


def test_every_signal_that_ends_a_program_is_told_by_its_number(engine: Engine) -> None:
    told = {number: engine.run(shell(f"kill -{number} $$"), LIMITS) for number in DEADLY}

    wrong = {n: run for n, run in told.items() if ended(run) != ("signaled", None, n)}
    assert not wrong


@pytest.mark.parametrize("number", sorted(HARMLESS), ids=lambda it: it.name)
def test_a_signal_that_ends_nobody_is_none(engine: Engine, number: signal.Signals) -> None:
    assert ended(engine.run(shell(f"kill -{number} $$; exit 3"), LIMITS)) == ("exited", 3, None)


def test_a_program_that_ends_by_a_code_like_a_signal_s_died_of_none(engine: Engine) -> None:
    # As a shell would tell of a child that was killed
    run = engine.run(shell("sh -c 'kill -9 $$'; exit $?"), LIMITS)

    assert ended(run) == ("exited", 137, None)


def test_a_limit_that_ends_a_program_is_no_signal_of_its_own(engine: Engine) -> None:
    run = engine.run(shell("while :; do :; done"), Limits(cpu_time_ms=50, wall_time_ms=60_000))

    assert ended(run) == (Outcome.CPU_TIME_LIMIT, None, None)


def test_signals_have_the_names_that_people_know() -> None:
    assert [signal_name(n) for n in (9, 11, 34, 40, 64)] == [
        *("SIGKILL", "SIGSEGV", "SIGRTMIN", "SIG40", "SIGRTMAX")
    ]
    assert signal_name(None) is None
