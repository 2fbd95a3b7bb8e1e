"""From what was measured to a verdict."""

from __future__ import annotations

from functions.execute.engine.program import Outcome, Run
from shared.verdicts import Verdict

_LIMIT_VERDICTS = {
    Outcome.CPU_TIME_LIMIT: Verdict.TIME_LIMIT,
    Outcome.WALL_TIME_LIMIT: Verdict.TIME_LIMIT,
    Outcome.MEMORY_LIMIT: Verdict.MEMORY_LIMIT,
    Outcome.OUTPUT_LIMIT: Verdict.OUTPUT_LIMIT,
}


def failure_of(run: Run) -> Verdict | None:
    """The verdict of a run that went wrong by itself; None: its output decides."""
    if run.outcome in _LIMIT_VERDICTS:
        return _LIMIT_VERDICTS[run.outcome]
    if run.outcome is Outcome.SIGNALED or run.exit_code != 0:
        return Verdict.RUNTIME_ERROR
    return None
