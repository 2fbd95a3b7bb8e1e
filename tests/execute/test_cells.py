"""Cells that break: the next run finds a sound one, and never another run's words."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError, Limits, Outcome, Program
from tests.infra.eventually import eventually
from tests.infra.running import alive

LIMITS = Limits(wall_time_ms=60_000)


def shell(script: str) -> Program:
    return Program(argv=("/bin/sh", "-c", script))


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine(2)
    try:
        yield made
    finally:
        made.close()


def outputs(engine: Engine, count: int) -> list[bytes]:
    """What so many programs write that say their own number."""
    return [engine.run(shell(f"echo {n}"), LIMITS).stdout for n in range(count)]


def test_a_listener_that_fails_costs_its_own_run_only(engine: Engine) -> None:
    def fail(_stream: str, _data: bytes) -> None:
        raise RuntimeError("no room for this")

    with pytest.raises(RuntimeError, match="no room"):
        engine.run(shell("echo one; sleep 0.2; echo two; sleep 30"), LIMITS, on_output=fail)

    assert outputs(engine, 4) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_cells_whose_keepers_died_while_idle_are_not_lent_out(engine: Engine) -> None:
    pids = []
    with engine.cell() as one, engine.cell() as other:
        pids = [one.pid, other.pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(set(pids)))

    assert outputs(engine, 4) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_a_keeper_that_dies_during_a_run_is_an_error_of_ours(engine: Engine) -> None:
    with pytest.raises(EngineError):
        with engine.cell() as cell:
            cell.run(
                shell("echo begun; sleep 30"),
                LIMITS,
                on_output=lambda *_: os.kill(cell.pid, signal.SIGKILL),
            )

    assert cell.broken
    assert outputs(engine, 4) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_a_kill_ends_the_run_that_is_going_on_and_not_the_next_ones(engine: Engine) -> None:
    with engine.cell() as cell:
        run = cell.run(shell("echo begun; sleep 30"), LIMITS, on_output=lambda *_: cell.kill())
        again = cell.run(shell("echo never"), LIMITS)

    assert (run.outcome, run.stdout) == (Outcome.CANCELLED, b"begun\n")
    assert (again.outcome, again.stdout) == (Outcome.CANCELLED, b"")  # until it is lent anew
    assert outputs(engine, 4) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_a_pause_is_told_after_the_last_output_and_once(engine: Engine) -> None:
    told: list[str] = []
    with engine.cell() as cell:
        cell.run(
            shell("echo one; sleep 0.5; echo two; sleep 0.5"),
            LIMITS,
            on_output=lambda _stream, data: told.append(data.decode()),
            on_pause=lambda: told.append("pause"),
        )

    assert told == ["one\n", "pause", "two\n", "pause"]


def test_a_service_that_ignores_a_hangup_does_not_pass_that_on() -> None:
    # Given a service that was started by `nohup`
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    engine = Engine(1)
    try:
        # When a program looks at what it ignores
        program = Program(argv=("/usr/bin/grep", "SigIgn", "/proc/self/status"))
        run = engine.run(program, Limits())
    finally:
        engine.close()
        signal.signal(signal.SIGHUP, before)
    # Then that is nothing
    assert run.stdout.split() == [b"SigIgn:", b"0" * 16]
