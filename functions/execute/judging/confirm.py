"""A time-limit verdict close to the limit is confirmed by one more run.

On a busy machine a program that needs nearly its limit is now and then measured just
above it. One more run costs at most another limit; the better of the two counts, and both
are in the result. A run that was stopped at its limit is close to it by nature.
"""

from __future__ import annotations

from functions.execute.engine.program import Limits, Outcome, Run

#: Measured use above this share of the limit is beyond doubt.
DOUBTFUL_UP_TO = 1.1


def is_doubtful(run: Run, limits: Limits) -> bool:
    """Whether a run reached a time limit by so little that chance may have done it."""
    if run.outcome is Outcome.CPU_TIME_LIMIT:
        return run.cpu_time_ms <= limits.cpu_time_ms * DOUBTFUL_UP_TO
    if run.outcome is Outcome.WALL_TIME_LIMIT:
        used_ms = run.wall_time_ms - run.wait_time_ms  # the limit was credited with the wait
        return used_ms <= limits.wall_time_ms * DOUBTFUL_UP_TO
    return False


def better(first: Run, second: Run) -> Run:
    """The run that counts: one that kept to its time limit, else the first."""
    kept = second.outcome not in (Outcome.CPU_TIME_LIMIT, Outcome.WALL_TIME_LIMIT)
    return second if kept else first
