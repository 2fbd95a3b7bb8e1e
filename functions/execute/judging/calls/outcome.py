"""From a run of a harness, and what it left, to a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from functions.execute.engine.program import Run
from functions.execute.judging.calls.harness import RESULT
from functions.execute.judging.decide import verdict_of
from shared.signatures import MAX_VALUE_BYTES, Signature, ValueRefused, decide
from shared.verdicts import Verdict

_NOTHING = "the program ended without handing back a result of at most {} MiB"


@dataclass(frozen=True)
class CallOutcome:
    """What came of one call."""

    verdict: Verdict
    #: For the contestant: holds nothing of the right value.
    message: str | None = None
    #: The first difference, with both values: for samples and own tests only.
    difference: str | None = None
    #: The JSON that came back, as it came.
    result: bytes | None = None


def outcome_of(run: Run, signature: Signature | None, expected: bytes | None) -> CallOutcome:
    """The verdict of a call; without anything expected a clean end is `completed`.

    A result counts only of a program that ended well by itself. What is no JSON value, as two
    are none, is a runtime error; a value of another type is a wrong answer.
    """
    ended = verdict_of(run, None)
    if ended is not Verdict.COMPLETED:
        return CallOutcome(ended)
    got = run.files.get(RESULT)
    if got is None:
        message = _NOTHING.format(MAX_VALUE_BYTES // 2**20)
        return CallOutcome(Verdict.RUNTIME_ERROR, message)
    if expected is None:
        return CallOutcome(Verdict.COMPLETED, result=got)
    try:
        decision = decide(signature, expected, got)
    except ValueRefused as error:
        return CallOutcome(Verdict.JUDGE_ERROR, f"the expected value {error}")
    if decision.accepted:
        return CallOutcome(Verdict.ACCEPTED, result=got)
    verdict = Verdict.WRONG_ANSWER if decision.is_value else Verdict.RUNTIME_ERROR
    return CallOutcome(verdict, decision.message, decision.difference or None, got)
