"""The plan of a submission that brings its own tests, and perhaps its own checker."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.program import MIB, Limits
from functions.execute.judging.asking import Talking, Validating
from functions.execute.judging.plan import Plan, inline_plan
from functions.execute.judging.programs import NotBuilt, Ready, Source
from functions.execute.judging.stopped import JudgeFault
from functions.execute.judging.tools import NoLanguage, Tools
from functions.execute.judging.validators import Validator
from shared.models import Checker, Spec

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
