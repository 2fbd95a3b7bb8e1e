"""The end from outside: cancelled, lost, or to be given back."""

from __future__ import annotations

from functions.execute.engine.program import Outcome, Run


class GivenUp(Exception):
    """The run was stopped from outside: cancelled, lost, or to be given back."""


def unless_stopped(run: Run) -> Run:
    """The run, if it came to its own end.

    Raises:
        GivenUp: it did not.
    """
    if run.outcome is Outcome.CANCELLED:
        raise GivenUp
    return run


class JudgeFault(Exception):
    """It cannot be judged, and that is not the program's fault: `judge-error`."""

    def __init__(self, message: str, output: str = "") -> None:
        """
        Args:
            message: may be told to anyone.
            output: what a compiler said of a checker: for whose checker it is.
        """
        super().__init__(message)
        self.output = output
