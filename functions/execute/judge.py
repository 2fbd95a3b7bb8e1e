"""The life of one claimed submission: compile once, run, judge, write the verdict."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from functions.execute.compile_cache import CompileCache
from functions.execute.control import Session
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import EngineError, Limits, Outcome, Program, Run
from functions.execute.judging.calls.harness import Call, place
from functions.execute.judging.calls.outcome import call_plan
from functions.execute.judging.plan import Plan, inline_plan
from functions.execute.judging.present import MESSAGES, Presenter, event, single, summary
from functions.execute.judging.runner import GivenUp, Listener, Runner
from functions.execute.judging.tally import OVERDUE, Tally
from functions.execute.report import Report
from functions.execute.text import encode_output
from functions.execute.toolchains import Toolchain
from shared.claims import Claim
from shared.models import CaseResult
from shared.signatures import RESULT
from shared.verdicts import Verdict

_log = logging.getLogger(__name__)
_COMPILE_OUTPUT_BYTES = 64 * 1024


#: A cell that failed is made anew, so a second attempt is worth it; a third is not.
_ENGINE_ATTEMPTS = 2


def judge(
    claim: Claim,
    cell: Cell,
    toolchain: Toolchain | None,
    report: Report,
    cache: CompileCache,
    session: Session | None = None,
) -> None:
    """Bring a claimed submission to its verdict.

    Raises:
        GivenUp: it was stopped; no verdict was written.
        EngineError: the engine failed and no verdict was written; another attempt may do.
    """
    if toolchain is None:
        message = f"this worker has no {claim.language}"
        return report.finish(Verdict.JUDGE_ERROR, {"message": message})
    try:
        _judge(claim, cell, toolchain, report, cache, session)
    except EngineError as error:
        _log.error("judging %s failed: %s", claim.submission_id, error)
        if claim.attempt < _ENGINE_ATTEMPTS:
            raise
        message = "the engine could not run this; it has been logged"
        report.finish(Verdict.JUDGE_ERROR, {"message": message})
    return None


def _judge(
    claim: Claim,
    cell: Cell,
    toolchain: Toolchain,
    report: Report,
    cache: CompileCache,
    session: Session | None,
) -> None:
    spec = claim.spec
    plan = call_plan(spec, Call.stored(spec.call)) if spec.call else inline_plan(spec)
    compiled = _compiled(claim, cell, toolchain, cache, plan.call)
    if compiled.failed is not None:
        return _compile_error(compiled.failed, compiled.output, report)
    report.running(len(plan.cases))
    listener = _Live(report) if plan.single else _Silent(report)
    listener.session = session
    collect = (RESULT,) if plan.call else tuple(spec.collect)
    runner = Runner(cell, toolchain, compiled.files, listener, collect)
    verdict, result, last = _run_all(plan, runner, report)
    if compiled.output:
        result["compileOutput"] = compiled.output
    report.finish(verdict, result, last)
    return None


def _run_all(
    plan: Plan, runner: Runner, report: Report
) -> tuple[Verdict, dict[str, Any], dict[str, Any] | None]:
    """The verdict, the result, and the end of the last test, which is told with them."""
    tally, presenter = Tally(plan), Presenter()
    rows: list[CaseResult] = []
    told: dict[str, Any] | None = None
    for case in plan.cases:
        if rows and not tally.goes_on():
            break
        if told is not None:
            report.test(told)
        tried = runner.try_case(case, plan.check)
        rows.append(presenter.case(case, tried, tally.add(case, tried.judged)))
        told = event(rows[-1], len(plan.cases))
    if plan.single:
        return tally.verdict, single(tried), told
    result = summary(rows, tally.failed.index if tally.failed else None)
    result["score"] = tally.score
    if tally.overdue:
        result["message"] = OVERDUE
    return tally.verdict, result, told


class _Live(Listener):
    """Tells what a program writes while it runs."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.output = report.output
        self.pause = report.pause

    def confirming(self) -> None:
        self._report.confirming()

    def is_lost(self) -> bool:
        return self._report.lost


class _Silent(_Live):
    """Of one run among many nothing is told before its end."""

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.output = self.pause = None


@dataclass(frozen=True)
class _Compiled:
    """What a program runs from, or the compiler's run that failed."""

    files: Mapping[str, bytes]
    output: str = ""
    failed: Run | None = None


def _compiled(
    claim: Claim, cell: Cell, toolchain: Toolchain, cache: CompileCache, call: Call | None
) -> _Compiled:
    spec, language = claim.spec, toolchain.language
    code = {language.file: spec.code.encode()}
    files = {**spec.files, **(place(language.name, call, spec.code) if call else code)}
    if not language.compile:
        return _Compiled(files)
    run = cache.compiled(claim.tenant, toolchain, files, partial(_compiled_in, cell))
    output = _compiler_text(run)
    made = toolchain.made(run)
    return _Compiled({**spec.files, **run.files}, output, None if made else run)


def _compiled_in(cell: Cell, program: Program, limits: Limits) -> Run:
    run = cell.run(program, limits)
    if run.outcome is Outcome.CANCELLED:
        raise GivenUp
    return run


def _compiler_text(run: Run) -> str:
    """What a compiler said, cut to what a person reads."""
    return encode_output((run.stderr + run.stdout)[:_COMPILE_OUTPUT_BYTES], cut=True)[0]


def _compile_error(run: Run, output: str, report: Report) -> None:
    result: dict[str, Any] = {"compileOutput": output, "exitCode": run.exit_code}
    if run.outcome.is_limit:
        result |= {"limit": run.outcome, "message": f"compiling: {MESSAGES[run.outcome]}"}
    report.finish(Verdict.COMPILE_ERROR, result)
