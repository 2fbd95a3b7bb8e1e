"""What there is to be judged: a list of cases, and who says whether an output is right.

A plan is made from a submission alone (`inline_plan`) or from a problem package. It says
nothing of how the program is run, and nothing is read before a case's turn comes: inputs
and answers may be large, and most of them are not needed when an early test fails.

What of it may be shown is decided by `Case.shown`: everything of a case is shown, or
nothing but verdict, time, memory and points. A caller's own tests are shown; of a package
its samples are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from functions.execute.engine.program import Limits, Run
from functions.execute.judging.calls.harness import Call
from functions.execute.judging.compare import Difference, comparer, difference
from functions.execute.toolchains import engine_limits
from shared import models
from shared.models import Spec
from shared.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test of a plan."""

    index: int
    name: str | None = None
    group: str | None = None
    sample: bool = False
    #: Whether input, output and messages may be shown to the contestant.
    shown: bool = False
    input: Callable[[], bytes]
    #: None: there is nothing to compare with.
    answer: Callable[[], bytes | None]
    args: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    limits: Limits
    points: float | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was found out about the output of one case."""

    verdict: Verdict
    #: For the contestant.
    message: str | None = None
    #: For the judges; never shown to a contestant.
    judge_message: str | None = None
    difference: Difference | None = None
    #: What a function that was called handed back.
    result: bytes | None = None
    #: A score of the validator's own; else the case's points count.
    score: float | None = None


class Check(Protocol):
    """Says whether the output of a run that ended well is right."""

    def __call__(self, case: Case, run: Run) -> Judged: ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All cases in their order."""

    cases: Sequence[Case]
    check: Check
    stop_on_failure: bool = True
    #: A submission without tests: its one run is told live, and its result is flat.
    single: bool = False
    #: The function that is called, where the code is no program of its own.
    call: Call | None = None


def inline_plan(spec: Spec) -> Plan:
    """The plan of a submission that brings all it needs."""
    limits = case_limits(spec.limits)
    own = models.Case(stdin=spec.stdin, expected_output=spec.expected_output)
    return Plan(
        cases=[
            _inline_case(index, case, spec, limits)
            for index, case in enumerate(spec.tests or [own], start=1)
        ],
        check=comparing(spec.comparison),
        stop_on_failure=spec.stop_on_failure,
        single=not spec.tests,
    )


def _inline_case(index: int, case: models.Case, spec: Spec, limits: Limits) -> Case:
    expected = case.expected_output
    return Case(
        index=index,
        name=case.name,
        shown=True,
        input=case.stdin.encode,
        answer=lambda: None if expected is None else expected.encode(),
        args=spec.args if case.args is None else case.args,
        files=case.files,
        limits=case_limits(case.limits) if case.limits else limits,
        points=case.points,
    )


def case_limits(limits: models.Limits) -> Limits:
    """Stored limits as the engine takes them."""
    return engine_limits(
        {
            "cpuTimeMs": limits.cpu_time_ms,
            "wallTimeMs": limits.wall_time_ms,
            "memoryBytes": limits.memory_bytes,
            "outputBytes": limits.output_bytes,
            "processes": limits.processes,
        }
    )


def comparing(comparison: models.Comparison) -> Check:
    """A check that compares with the expected output, where there is one."""
    equal = comparer(comparison)

    def check(case: Case, run: Run) -> Judged:
        expected = case.answer()
        if expected is None:
            return Judged(verdict=Verdict.COMPLETED)
        if equal(run.stdout, expected):
            return Judged(verdict=Verdict.ACCEPTED)
        where = difference(run.stdout, expected, equal) if case.shown else None
        return Judged(verdict=Verdict.WRONG_ANSWER, difference=where)

    return check
