"""The custom grader of a legacy package: a program that says what a group comes to.

It is given the group's flags, and on stdin a line `VERDICT score` for each part; it answers
with one such line and exit code 0. Anything else is a judge error. It runs in the slot's
second cell, and is asked once for the same parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Limits, Outcome, Run
from functions.execute.judging.programs import Ready
from functions.execute.judging.stopped import unless_stopped
from shared.problems.model import Group
from shared.problems.scoring import CustomGrader, GroupScore, ScoreError
from shared.verdicts import Verdict

_CODES = {
    Verdict.ACCEPTED: "AC",
    Verdict.WRONG_ANSWER: "WA",
    Verdict.RUNTIME_ERROR: "RTE",
    Verdict.TIME_LIMIT: "TLE",
    Verdict.MEMORY_LIMIT: "MLE",
    Verdict.OUTPUT_LIMIT: "OLE",
    Verdict.JUDGE_ERROR: "JE",
}
_VERDICTS = {code: verdict for verdict, code in _CODES.items()}
Answer = tuple[Verdict, float]


def grading(ready: Ready, limits: Limits, cell: Callable[[], Cell]) -> CustomGrader:
    """The grader that a package brings, to be asked as any other.

    Args:
        ready: its program.
        cell: where it runs.
    """
    known: dict[tuple[tuple[str, ...], bytes], Answer] = {}

    def grade(group: Group, parts: list[GroupScore]) -> Answer:
        flags = group.grader.flags if group.grader else ()
        question = "".join(map(_line, parts)).encode()
        answer = known.get((flags, question))
        if answer is None:
            program = replace(ready.start(limits, flags), stdin=question)
            run = unless_stopped(cell().run(program, limits))
            answer = known[flags, question] = _answer(run)
        return answer

    return grade


def _line(part: GroupScore) -> str:
    verdict = part.verdict or Verdict.JUDGE_ERROR
    return f"{_CODES.get(verdict, 'JE')} {part.score or 0:.12g}\n"


def _answer(run: Run) -> Answer:
    """What its run says.

    Raises:
        ScoreError: nothing that is understood.
    """
    if run.outcome is not Outcome.EXITED or run.exit_code != 0:
        how = run.outcome if run.outcome.is_limit else f"exit code {run.exit_code}"
        raise ScoreError(f"the custom grader ended with {how}")
    words = run.stdout.decode(errors="replace").split()
    try:
        code, number = words
        verdict, score = _VERDICTS[code], float(number)
    except (ValueError, KeyError):
        raise ScoreError("the custom grader gave no line with a verdict and a score") from None
    if not math.isfinite(score):
        raise ScoreError("the custom grader gave a score that is no number")
    return verdict, score
