"""The plan of a submission to a problem package.

Inputs and answers are read from the store when their turn comes. What a contestant may
see of a test is decided here: everything of a sample (and of a test that the package gives
full feedback on), nothing of a secret one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from functions.execute.engine.program import Limits, Run
from functions.execute.judging.asking import Talking, Validating
from functions.execute.judging.calls.harness import Call
from functions.execute.judging.calls.outcome import calling
from functions.execute.judging.compare import difference
from functions.execute.judging.grading import grading
from functions.execute.judging.plan import Case, Check, Judged, Plan, Turn, case_limits
from functions.execute.judging.programs import NotBuilt, Ready, Source
from functions.execute.judging.scored import PackageTally
from functions.execute.judging.stopped import JudgeFault
from functions.execute.judging.tools import NoLanguage, Tools
from functions.execute.judging.validators import Validator
from shared.limits import LIMITS
from shared.models import Spec
from shared.problems import default_validator
from shared.problems.model import Case as PackageCase
from shared.problems.model import File, Package, Program
from shared.problems.programs import language_named
from shared.problems.scoring import CustomGrader
from shared.signatures import parse_signature
from shared.verdicts import Verdict

Read = Callable[[File], bytes]


@dataclass(frozen=True)
class Contents:
    """A package and how to read its files."""

    package: Package
    read: Read

    def files(self, files: Mapping[str, File]) -> dict[str, bytes]:
        """Files with their content."""
        return {name: self.read(file) for name, file in files.items()}

    def source(self, program: Program) -> Source:
        """A program of the package."""
        return Source(
            files=self.files(program.files),
            entry=program.entry_point or "",
            sources=program.sources,
            has_build=program.has_build,
            has_run=program.has_run,
        )

    def included(self, language: str) -> dict[str, bytes]:
        """What the package places beside every submission in a language."""
        spoken = {"cpp17": "cpp20"}.get(language, language)  # C++ has one name in the format
        names = [name for name in self.package.include if language_named(name) == spoken]
        return self.files(self.package.includes_for(*names))


def call_of(package: Package) -> Call | None:
    """The function that the package wants, if it is a function problem."""
    block = package.extension.function
    if block is None:
        return None
    signature = parse_signature(block)
    return Call(signature.name, signature)


def plan_of(spec: Spec, contents: Contents, ready: Ready, tools: Tools) -> Plan:
    """How a submission to this package is judged.

    Raises:
        JudgeFault: a validator of the package cannot be run.
    """
    package = contents.package
    output_bytes = min(package.limits.output_bytes, LIMITS["outputBytes"].most)
    limits = replace(case_limits(spec.limits), output_bytes=output_bytes)
    plan = partial(
        Plan,
        cases=[
            _case(index, case, contents, spec, limits)
            for index, case in enumerate(package.cases, start=1)
        ],
        passes=package.limits.passes if package.multi_pass else 1,
        own=spec.reveal,
        tally=partial(
            PackageTally,
            package,
            run_all=not spec.stop_on_failure,
            reveal=spec.reveal,
            custom_grader=_grader(contents, tools),
        ),
    )
    call = call_of(package)
    if call is not None:
        return plan(check=calling(call.signature), call=call)
    if package.validation.is_default:
        return plan(check=_comparing(package))
    validators = [_validator(program, contents, tools) for program in package.validation.validators]
    flags = {case.name: case.output_validator_args for case in package.cases}
    if package.interactive:
        talk = Talking(tools.cell, ready, validators[0], lambda case: flags[case.key])
        return plan(check=_comparing(package), talk=talk)
    return plan(check=Validating(tools.cell, validators, lambda case: flags[case.key]))


def _case(index: int, case: PackageCase, contents: Contents, spec: Spec, limits: Limits) -> Case:
    shown = case.sample or case.full_feedback or spec.reveal
    return Case(
        index=index,
        key=case.name,
        name=case.name if shown else None,
        group=case.group or None,
        sample=case.sample,
        shown=shown,
        input=partial(contents.read, case.input),
        answer=partial(contents.read, case.answer),
        args=case.args,
        more_files=partial(contents.files, case.files) if case.files else None,
        limits=limits,
    )


def _comparing(package: Package) -> Check:
    """The default validator, with each test's own flags."""
    flags = {
        case.name: default_validator.parse_flags(case.output_validator_args)
        for case in (package.cases if package.validation.is_default else ())
    }

    def check(case: Case, run: Run, turn: Turn) -> Judged:
        own, answer = flags[case.key], case.answer() or b""
        compared = default_validator.validate(run.stdout, answer, own)
        if compared.accepted:
            return Judged(verdict=Verdict.ACCEPTED)

        def equal(left: bytes, right: bytes) -> bool:
            return default_validator.validate(left, right, own).accepted

        return Judged(
            verdict=Verdict.WRONG_ANSWER,
            judge_message=compared.message,
            difference=difference(run.stdout, answer, equal) if case.shown else None,
        )

    return check


def _grader(contents: Contents, tools: Tools) -> CustomGrader | None:
    """The program that scores groups, where one of them wants it."""
    program = contents.package.grader
    if program is None or not any(it.grader and it.grader.custom for it in contents.package.groups):
        return None
    ready = _ready(program, "the custom grader", contents, tools)
    return grading(ready, _validation_limits(contents.package), tools.cell.second)


def _ready(program: Program, what: str, contents: Contents, tools: Tools) -> Ready:
    try:
        return tools.ready_validator(contents.source(program), program.language, "problems")
    except (NoLanguage, NotBuilt) as error:
        why = "does not compile" if isinstance(error, NotBuilt) else f"cannot be run: {error}"
        told = error.output if isinstance(error, NotBuilt) else ""
        raise JudgeFault(f"{what} {program.name} {why}", told) from None


def _validation_limits(package: Package) -> Limits:
    limits = package.limits
    return Limits(
        cpu_time_ms=limits.validation_time_ms,
        wall_time_ms=2 * limits.validation_time_ms,
        memory_bytes=limits.validation_memory_bytes,
        output_bytes=limits.validation_output_bytes,
    )


def _validator(program: Program, contents: Contents, tools: Tools) -> Validator:
    return Validator(
        ready=_ready(program, "the output validator", contents, tools),
        limits=_validation_limits(contents.package),
        gives_score=contents.package.validation.gives_score,
        asks_again=contents.package.multi_pass,
        title="the output validator",
    )
