"""States and verdicts: the closed vocabulary of a submission's life.

    queued -> preparing -> running -> finished
       ^          |           |
       +----------+-----------+        a worker was lost, or gave the run back
    any state that is not terminal -> cancelled
    finished -> queued                 judged again: the verdict goes into its history
    queued -> finished, with the verdict `queue-timeout` and no other

A verdict exists exactly when the state is `finished`. The Lua scripts spell the
same words; `tests/shared/test_verdicts.py` walks every transition on both sides.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a submission is. The values are the wire names."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


TERMINAL = frozenset({State.FINISHED, State.CANCELLED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PREPARING, State.FINISHED, State.CANCELLED}),
    State.PREPARING: frozenset({State.RUNNING, State.QUEUED, State.FINISHED, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.FINISHED, State.CANCELLED}),
    State.FINISHED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset(),
}


class Verdict(StrEnum):
    """What came out: about the program, but for the last two, which say it is not judged."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong-answer"
    TIME_LIMIT = "time-limit-exceeded"
    MEMORY_LIMIT = "memory-limit-exceeded"
    OUTPUT_LIMIT = "output-limit-exceeded"
    RUNTIME_ERROR = "runtime-error"
    COMPILE_ERROR = "compile-error"
    #: Ran to its end, and there was nothing to compare its output with.
    COMPLETED = "completed"
    #: Not begun in the time that its caller allowed: the program did not run.
    QUEUE_TIMEOUT = "queue-timeout"
    JUDGE_ERROR = "judge-error"


class BatchState(StrEnum):
    """Where a batch is. The first and the third are told as `running`."""

    FILLING = "filling"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class EventType(StrEnum):
    """The types of the events on a stream: a submission's, a batch's, or a tenant's."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    OUTPUT = "output"
    TEST = "test"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    #: On a batch's stream: one of its submissions has ended.
    ITEM = "item"
    #: On a tenant's stream: a batch began, went on or ended. Its submissions are not told there.
    BATCH = "batch"
    #: Not stored: told to a reader whose place in the stream is gone, with a fresh snapshot.
    RESET = "reset"


TERMINAL_EVENTS = frozenset({EventType.FINISHED, EventType.CANCELLED})
