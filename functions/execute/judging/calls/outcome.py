"""From what a harness left to a verdict."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import Run
from functions.execute.judging.calls.harness import Call
from functions.execute.judging.inline import inline_plan
from functions.execute.judging.plan import Case, Check, Judged, Plan, Turn
from shared.models import Spec
from shared.signatures import MAX_VALUE_BYTES, RESULT, Signature, ValueRefused, decide
from shared.verdicts import Verdict

_NOTHING = f"the program ended without handing back a result of at most {MAX_VALUE_BYTES >> 20} MiB"


def call_plan(spec: Spec, call: Call) -> Plan:
    """The plan of a submission that brings arguments and the values that are right."""
    return replace(inline_plan(spec), check=calling(call.signature), call=call)


def calling(signature: Signature | None) -> Check:
    """A check that decides on the value that came back; a case's answer is a `.ans`.

    What is no JSON value, as two are none, is a runtime error. A value of another type is a
    wrong answer.
    """

    def check(case: Case, run: Run, turn: Turn) -> Judged:
        got, expected = run.files.get(RESULT), case.answer()
        if got is None:
            return Judged(verdict=Verdict.RUNTIME_ERROR, message=_NOTHING)
        if expected is None:
            return Judged(verdict=Verdict.COMPLETED, result=got)
        try:
            decision = decide(signature, expected, got)
        except ValueRefused as error:
            return Judged(verdict=Verdict.JUDGE_ERROR, judge_message=f"the answer: {error}")
        if decision.accepted:
            return Judged(verdict=Verdict.ACCEPTED, result=got)
        verdict = Verdict.WRONG_ANSWER if decision.is_value else Verdict.RUNTIME_ERROR
        # Where the right value may be seen, it says the most.
        seen = decision.difference if case.shown else ""
        return Judged(verdict=verdict, message=seen or decision.message, result=got)

    return check
