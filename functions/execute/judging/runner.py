"""Runs the cases of a plan in a cell, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.execute.control import Session
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Limits, OnOutput, OnPause, Outcome, Program, Run
from functions.execute.judging.confirm import better, is_doubtful
from functions.execute.judging.decide import failure_of
from functions.execute.judging.plan import Case, Check, Judged
from functions.execute.toolchains import Toolchain
from shared.limits import MAX_COLLECT_BYTES

#: Of one submission; a program that is always at its limit must not take twice as long.
_MOST_CONFIRMED = 3


class GivenUp(Exception):
    """The run was stopped from outside: cancelled, lost, or to be given back."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A case that was run and judged."""

    judged: Judged
    #: The run that counts.
    run: Run
    #: All of them, where there were more.
    runs: list[Run]


class Listener:
    """Who is told of a run while it goes on; this one is told nothing."""

    output: OnOutput | None = None
    pause: OnPause | None = None
    #: Brings the input of an interactive run.
    session: Session | None = None

    def confirming(self) -> None:
        """The program is run once more."""

    def is_lost(self) -> bool:
        """Whether nobody waits for the verdict any more."""
        return False


class Runner:
    """A program that is ready to run, on a cell."""

    def __init__(
        self,
        cell: Cell,
        toolchain: Toolchain,
        files: Mapping[str, bytes],
        listener: Listener,
        collect: tuple[str, ...] = (),
    ) -> None:
        self._cell = cell
        self._toolchain = toolchain
        self._files = files
        self._listener = listener
        self._collect = collect
        self._confirmed = 0
        #: Most cases differ in their input alone.
        self._programs: dict[tuple[Limits, tuple[str, ...]], Program] = {}

    def try_case(self, case: Case, check: Check) -> Tried:
        """Run a case and judge it.

        Raises:
            GivenUp: it was stopped from outside.
            EngineError: the engine could not run it.
        """
        runs = self._measured(self._program(case), case.limits)
        run = runs[0] if len(runs) == 1 else better(*runs)
        failure = failure_of(run)
        judged = check(case, run) if failure is None else Judged(verdict=failure)
        return Tried(judged=judged, run=run, runs=runs if len(runs) > 1 else [])

    def _program(self, case: Case) -> Program:
        key = (case.limits, tuple(case.args))
        base = self._programs.get(key)
        if base is None:
            base = self._programs[key] = replace(
                self._toolchain.program(self._files, case.limits, case.args),
                collect=self._collect,
                collect_bytes=MAX_COLLECT_BYTES,
            )
        files = {**self._files, **case.files} if case.files else self._files
        return replace(base, files=files, stdin=case.input())

    def _measured(self, program: Program, limits: Limits) -> list[Run]:
        """The run, and where its time-limit verdict is doubtful one more."""
        listener = self._listener
        first = self._run(program, limits, listener.output, listener.pause)
        if self._confirmed >= _MOST_CONFIRMED or not is_doubtful(first, limits):
            return [first]
        if listener.session is not None:  # nobody would type it all again
            return [first]
        self._confirmed += 1
        listener.confirming()
        return [first, self._run(program, limits)]

    def _run(
        self,
        program: Program,
        limits: Limits,
        on_output: OnOutput | None = None,
        on_pause: OnPause | None = None,
    ) -> Run:
        if (session := self._listener.session) is None:
            run = self._cell.run(program, limits, on_output=on_output, on_pause=on_pause)
        else:
            run = session.run(self._cell, program, limits, on_output, on_pause)
        if run.outcome is Outcome.CANCELLED or self._listener.is_lost():
            raise GivenUp
        return self._toolchain.understood(run)
