"""The two ways to ask a validator: about an output, or by talking to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Program, Run
from functions.execute.judging import interaction, validators
from functions.execute.judging.channel import Dialogue
from functions.execute.judging.interaction import Side
from functions.execute.judging.plan import Case, Judged, Turn
from functions.execute.judging.programs import Ready
from functions.execute.judging.stopped import GivenUp, unless_stopped
from functions.execute.judging.validators import Asked, Said, Validator
from shared.verdicts import Verdict

#: What is kept of a dialogue that is shown.
DIALOGUE_BYTES = 16 * 1024

#: The flags that a case's validator is called with.
Flags = Callable[[Case], Sequence[str]]


def no_flags(_case: Case) -> Sequence[str]:
    """For a checker that takes none."""
    return ()


@dataclass(frozen=True)
class Validating:
    """Asks validators about the output of a run; all of them must accept."""

    cell: Cell
    validators: Sequence[Validator]
    flags: Flags = no_flags

    def __call__(self, case: Case, run: Run, turn: Turn) -> Judged:
        asked = _asked(case, turn, self.flags)
        for validator in self.validators:
            said = self._said(validator, asked, run.stdout)
            turn.next_input, turn.feedback = said.next_input, said.feedback
            if said.judged.verdict is not Verdict.ACCEPTED:
                break
        return said.judged

    def _said(self, validator: Validator, asked: Asked, output: bytes) -> Said:
        program, limits = validators.program(validator, asked, output)
        run = unless_stopped(self.cell.second().run(program, limits))
        return validators.said(validator, run)


@dataclass(frozen=True)
class Talking:
    """Lets a program and the validator talk."""

    cell: Cell
    ready: Ready
    validator: Validator
    flags: Flags = no_flags

    def __call__(self, case: Case, program: Program, turn: Turn) -> tuple[Run, Judged]:
        asked = _asked(case, turn, self.flags)
        validator, limits = validators.program(self.validator, asked)
        dialogue = Dialogue(DIALOGUE_BYTES) if case.shown else None
        run, said_run = interaction.converse(
            Side(self.cell, program, case.limits),
            Side(self.cell.second(), validator, limits),
            dialogue,
        )
        if self.cell.stopped:
            raise GivenUp
        run = self.ready.understood(run)
        said = validators.said(self.validator, said_run)
        judged = said.judged
        if judged.verdict is not Verdict.JUDGE_ERROR:
            judged = replace(judged, verdict=interaction.verdict_of(run, said_run))
        if judged.verdict is Verdict.ACCEPTED:
            turn.next_input = said.next_input
        turn.feedback = said.feedback
        return run, replace(judged, dialogue=dialogue.text() if dialogue else None)


def _asked(case: Case, turn: Turn, flags: Flags) -> Asked:
    return Asked(
        input=turn.input,
        answer=case.answer() or b"",
        flags=flags(case),
        feedback=turn.feedback,
    )
