"""From what was measured to a verdict."""

from __future__ import annotations

from functions.execute.engine.program import Outcome, Run
from functions.execute.judging.compare import tokens_equal
from shared.verdicts import Verdict

_LIMIT_VERDICTS = {
    Outcome.CPU_TIME_LIMIT: Verdict.TIME_LIMIT,
    Outcome.WALL_TIME_LIMIT: Verdict.TIME_LIMIT,
    Outcome.MEMORY_LIMIT: Verdict.MEMORY_LIMIT,
    Outcome.OUTPUT_LIMIT: Verdict.OUTPUT_LIMIT,
}


def verdict_of(run: Run, expected: str | None) -> Verdict:
    """The verdict of one run; without anything expected a clean end is `completed`."""
    if run.outcome in _LIMIT_VERDICTS:
        return _LIMIT_VERDICTS[run.outcome]
    if run.outcome is Outcome.SIGNALED or run.exit_code != 0:
        return Verdict.RUNTIME_ERROR
    if expected is None:
        return Verdict.COMPLETED
    right = tokens_equal(run.stdout, expected.encode())
    return Verdict.ACCEPTED if right else Verdict.WRONG_ANSWER
