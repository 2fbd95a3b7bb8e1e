"""What scenarios have in common: their list, and a run on another cell meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import EngineError, Limits, Program, Run
from tests.security.table import LIMITS

if TYPE_CHECKING:
    from tests.security.runner import Bench

Scenario = Callable[["Bench"], list[str]]
SCENARIOS: dict[str, Scenario] = {}

PATIENT = replace(LIMITS, cpu_time_ms=3_000, wall_time_ms=8_000)
FOREVER = replace(LIMITS, cpu_time_ms=20_000, wall_time_ms=30_000)


def scenario(promise: str) -> Callable[[Scenario], Scenario]:
    def keep(scenario: Scenario) -> Scenario:
        SCENARIOS[promise] = scenario
        return scenario

    return keep


@contextlib.contextmanager
def meanwhile(cell: Cell, program: Program, limits: Limits) -> Iterator[list[Run | Exception]]:
    """Run a program on another cell while the block runs; its answer is there afterwards."""
    answers: list[Run | Exception] = []
    started = threading.Event()

    def run() -> None:
        try:
            answers.append(cell.run(program, limits, on_output=lambda *_: started.set()))
        except EngineError as error:
            answers.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(20)  # every such program says a word first
    yield answers
    thread.join()
