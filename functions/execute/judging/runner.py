"""Runs the cases of a plan in a cell, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from functions.execute.control import Session
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Limits, OnOutput, OnPause, Program, Run
from functions.execute.judging.confirm import better, is_doubtful
from functions.execute.judging.decide import failure_of
from functions.execute.judging.plan import Case, Judged, Plan, Turn
from functions.execute.judging.programs import Ready
from functions.execute.judging.stopped import GivenUp, unless_stopped
from shared.limits import MAX_COLLECT_BYTES
from shared.verdicts import Verdict

#: Of one submission; a program that is always at its limit must not take twice as long.
_MOST_CONFIRMED = 3


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A case that was run and judged."""

    judged: Judged
    #: The run that counts; of several passes the last, with the largest figures of all.
    run: Run
    #: Both runs, where a time limit was confirmed.
    runs: list[Run]


class Listener:
    """Who is told of a run while it goes on; this one is told nothing."""

    output: OnOutput | None = None
    pause: OnPause | None = None
    #: Brings the input of an interactive run.
    session: Session | None = None

    def confirming(self) -> None:
        """The program is run once more."""

    def ran(self, run: Run) -> None:
        """The program was run once more."""

    def is_lost(self) -> bool:
        """Whether nobody waits for the verdict any more."""
        return False


class Runner:
    """A program that is ready to run, on a cell, with the plan it is judged by."""

    def __init__(
        self,
        cell: Cell,
        ready: Ready,
        plan: Plan,
        listener: Listener,
        collect: tuple[str, ...] = (),
    ) -> None:
        self._cell = cell
        self._ready = ready
        self._plan = plan
        self._listener = listener
        self._collect = collect
        self._confirmed = 0
        #: Most cases differ in their input alone.
        self._programs: dict[tuple[Limits, tuple[str, ...]], Program] = {}

    def try_case(self, case: Case) -> Tried:
        """Run a case and judge it, in as many passes as the validator asks for.

        Raises:
            GivenUp: it was stopped from outside.
            EngineError: the engine could not run it.
        """
        turn = Turn(number=1, input=case.input())
        tried = self._try_turn(case, turn)
        while turn.next_input is not None and tried.judged.verdict is Verdict.ACCEPTED:
            if turn.number >= self._plan.passes:
                why = f"the validator asks for more than {self._plan.passes} passes"
                return replace(tried, judged=Judged(verdict=Verdict.JUDGE_ERROR, message=why))
            turn = Turn(number=turn.number + 1, input=turn.next_input, feedback=turn.feedback)
            tried = _joined(tried, self._try_turn(case, turn))
        return tried

    def _try_turn(self, case: Case, turn: Turn) -> Tried:
        program = replace(self._program(case), stdin=turn.input)
        if self._plan.talk is not None:
            run, judged = self._plan.talk(case, program, turn)
            self._listener.ran(run)
            return Tried(judged=judged, run=run, runs=[])
        runs = self._measured(program, case.limits)
        run = runs[0] if len(runs) == 1 else better(*runs)
        failure = failure_of(run)
        judged = self._plan.check(case, run, turn) if failure is None else Judged(verdict=failure)
        return Tried(judged=judged, run=run, runs=runs if len(runs) > 1 else [])

    def _program(self, case: Case) -> Program:
        key = (case.limits, tuple(case.args))
        base = self._programs.get(key)
        if base is None:
            base = self._programs[key] = replace(
                self._ready.start(case.limits, case.args),
                collect=self._collect,
                collect_bytes=MAX_COLLECT_BYTES,
            )
        if not case.files and case.more_files is None:
            return base
        more = case.more_files() if case.more_files else {}
        return replace(base, files={**base.files, **case.files, **more})

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
        self._listener.ran(run)
        if self._listener.is_lost():
            raise GivenUp
        return self._ready.understood(unless_stopped(run))


def _joined(before: Tried, after: Tried) -> Tried:
    """Two passes as one: time and memory are per pass, the larger is told."""
    first, last = before.run, after.run
    run = replace(
        last,
        cpu_time_ms=max(first.cpu_time_ms, last.cpu_time_ms),
        wall_time_ms=max(first.wall_time_ms, last.wall_time_ms),
        wait_time_ms=max(first.wait_time_ms, last.wait_time_ms),
        peak_memory_bytes=max(first.peak_memory_bytes, last.peak_memory_bytes),
    )
    said = [text for text in (before.judged.dialogue, after.judged.dialogue) if text is not None]
    return replace(
        after,
        run=run,
        runs=[*before.runs, *after.runs],
        judged=replace(after.judged, dialogue="---\n".join(said) if said else None),
    )
