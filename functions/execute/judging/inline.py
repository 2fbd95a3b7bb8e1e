"""The plan of a submission that brings its own tests, and perhaps its own checker."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from functions.execute.engine.program import MIB, Limits, Run
from functions.execute.judging.asking import Talking, Validating
from functions.execute.judging.compare import comparer, difference
from functions.execute.judging.plan import Case, Check, Judged, Plan, Turn, case_limits
from functions.execute.judging.programs import NotBuilt, Ready, Source
from functions.execute.judging.stopped import JudgeFault
from functions.execute.judging.tally import Tally
from functions.execute.judging.tools import NoLanguage, Tools
from functions.execute.judging.validators import Validator
from shared import models
from shared.models import Checker, Spec
from shared.verdicts import Verdict

#: What a caller's checker may use for one test.
CHECKER_LIMITS = Limits(
    cpu_time_ms=10_000, wall_time_ms=30_000, memory_bytes=1024 * MIB, output_bytes=8 * MIB
)


def plan_of(spec: Spec, ready: Ready, tools: Tools) -> Plan:
    """How the submission is to be judged.

    Args:
        ready: its program.

    Raises:
        JudgeFault: its checker cannot be run.
    """
    plan = inline_plan(spec)
    if spec.checker is None:
        return plan
    validator = Validator(
        ready=_ready(spec.checker, tools),
        limits=CHECKER_LIMITS,
        gives_score=True,
        asks_again=spec.checker.passes > 1,
    )
    if spec.checker.interactive:
        talk = Talking(tools.cell, ready, validator)
        return replace(plan, talk=talk, passes=spec.checker.passes)
    return replace(plan, check=Validating(tools.cell, [validator]), passes=spec.checker.passes)


def _ready(checker: Checker, tools: Tools) -> Ready:
    language = tools.toolchains.get(checker.language)
    name = language.language.file if language else ""
    source = Source(files={**checker.files, name: checker.code.encode()})
    try:
        return tools.ready_validator(source, checker.language, tools.tenant)
    except NoLanguage as error:
        raise JudgeFault(f"the checker cannot be run: {error}") from None
    except NotBuilt as error:
        raise JudgeFault("the checker does not compile", error.output) from None


def inline_plan(spec: Spec) -> Plan:
    """The plan of a submission that brings its tests; its outputs are compared."""
    limits = case_limits(spec.limits)
    own = models.Case(stdin=spec.stdin, expected_output=spec.expected_output)
    return Plan(
        cases=[
            _inline_case(index, case, spec, limits)
            for index, case in enumerate(spec.tests or [own], start=1)
        ],
        check=comparing(spec.comparison),
        tally=partial(Tally, stop_on_failure=spec.stop_on_failure),
        single=not spec.tests,
        own=True,
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


def comparing(comparison: models.Comparison) -> Check:
    """A check that compares with the expected output, where there is one."""
    equal = comparer(comparison)

    def check(case: Case, run: Run, turn: Turn) -> Judged:
        expected = case.answer()
        if expected is None:
            return Judged(verdict=Verdict.COMPLETED)
        if equal(run.stdout, expected):
            return Judged(verdict=Verdict.ACCEPTED)
        where = difference(run.stdout, expected, equal) if case.shown else None
        return Judged(verdict=Verdict.WRONG_ANSWER, difference=where)

    return check
