"""Two programs that talk to each other: the one that is judged, and the validator.

Theory of operation. The two run at the same time in the two cells of a slot, connected
by two pipes (`channel.py`). Each cell limits and measures its own; the validator's waiting
costs it nothing, since only its CPU time and what it does after the other's end are limited.

The verdict, in this order:

1. the validator did not end with 42 or 43, or not at all: `judge-error`
2. it ended first, and with 43: `wrong-answer`, whatever the program did afterwards
3. the program reached a limit, or crashed: that
4. else what the validator says

Who ended first is told by the inits of both runs, on the clock that all processes share; that
one end cannot have caused the other before it was told is seen to by `engine/outlet.py`.
A program that is still there when the validator has refused is stopped. One that does not
flush what it says waits, as does the validator, until the wall limit: `time-limit-exceeded`.
Such runs are not repeated: a second conversation would be another one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import EngineError, Limits, Outcome, Pipes, Program, Run
from functions.execute.judging.channel import Channel, Dialogue
from functions.execute.judging.decide import failure_of
from functions.execute.judging.validators import exit_verdict
from shared.verdicts import Verdict

#: A stop that came before its run had begun is repeated.
_STOP_AGAIN_S = 0.05
#: Longer than any contestant's wall limit, credit for a busy machine included.
_NO_WALL_LIMIT_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Side:
    """A program with its cell and its limits."""

    cell: Cell
    program: Program
    limits: Limits


class _Partner:
    """A side that runs in a thread of its own."""

    def __init__(self, side: Side, pipes: Pipes, inbox: Channel, other: Cell) -> None:
        self._side = side
        self._pipes = pipes
        self._inbox = inbox
        self._other = other
        self._other_ended = threading.Event()
        self.ended = threading.Event()
        self.run: Run | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            limits = replace(self._side.limits, wall_time_ms=_NO_WALL_LIMIT_MS)
            self.run = self._side.cell.run(self._side.program, limits, pipes=self._pipes)
        except BaseException as error:  # told to the thread that waits
            self.error = error
        self.ended.set()
        if self.run is None or exit_verdict(self.run) is not Verdict.ACCEPTED:
            self._stop_other()
        self._inbox.drain()

    def _stop_other(self) -> None:
        self._other.end_run()
        while not self._other_ended.wait(_STOP_AGAIN_S):
            self._other.end_run()

    def result(self) -> Run:
        """Its run; the other side has ended, so it has its limit's time left."""
        self._other_ended.set()
        if not self.ended.wait(self._side.limits.wall_time_ms / 1000):
            while not self.ended.wait(_STOP_AGAIN_S):
                self._side.cell.end_run()
        self.join()
        if self.error is not None:
            raise self.error
        if self.run is None:
            raise EngineError("a validator's run was lost")
        return self.run

    def join(self) -> None:
        """Until nothing of it is left."""
        self._other_ended.set()
        self._thread.join()


def converse(
    contestant: Side, validator: Side, dialogue: Dialogue | None = None
) -> tuple[Run, Run]:
    """Let both talk until both have ended; gives the program's run and the validator's.

    Raises:
        EngineError: one of them could not be run.
    """
    to_program = Channel(dialogue.heard("<") if dialogue else None)
    to_validator = Channel(dialogue.heard(">") if dialogue else None)
    partner = _Partner(
        validator,
        Pipes(to_validator.listener_fd, to_program.speaker_fd),
        to_validator,
        contestant.cell,
    )
    try:
        pipes = Pipes(to_program.listener_fd, to_validator.speaker_fd)
        run = contestant.cell.run(contestant.program, contestant.limits, pipes=pipes)
        return run, partner.result()
    except BaseException:
        validator.cell.kill()
        raise
    finally:
        partner.join()
        to_program.drain()


def verdict_of(run: Run, said: Run) -> Verdict:
    """The verdict of a conversation, see above."""
    answer = exit_verdict(said)
    if answer is None:
        return Verdict.JUDGE_ERROR
    if answer is Verdict.WRONG_ANSWER and said.ended_ns < run.ended_ns:
        return Verdict.WRONG_ANSWER
    stopped_by_us = run.outcome is Outcome.CANCELLED
    return (None if stopped_by_us else failure_of(run)) or answer
