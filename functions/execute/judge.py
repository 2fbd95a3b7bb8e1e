"""The life of one claimed submission: compile once, run, judge, write the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.execute.compile_cache import CompileCache
from functions.execute.control import Session
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import EngineError, Run
from functions.execute.judging.plan import Plan
from functions.execute.judging.planning import planned
from functions.execute.judging.present import MESSAGES, Presenter, event, single, summary
from functions.execute.judging.programs import NotBuilt
from functions.execute.judging.runner import Listener, Runner
from functions.execute.judging.stopped import JudgeFault
from functions.execute.judging.tools import NoLanguage, Tools
from functions.execute.report import Report
from functions.execute.steps import Steps
from functions.execute.toolchains import Toolchain
from shared import logs, tracing
from shared.blobs import BlobDamaged, BlobMissing, BlobsAway
from shared.claims import Claim
from shared.models import CaseResult, Spec
from shared.problems.store import InstalledPackages
from shared.signatures import RESULT
from shared.verdicts import Verdict

_log = logs.get_logger(__name__)

#: A cell that failed is made anew, so a second attempt is worth it; a third is not.
_ENGINE_ATTEMPTS = 2


def judge(
    claim: Claim,
    cell: Cell,
    toolchains: Mapping[str, Toolchain],
    report: Report,
    cache: CompileCache,
    packages: InstalledPackages,
    steps: Steps,
    session: Session | None = None,
) -> None:
    """Bring a claimed submission to its verdict.

    Raises:
        GivenUp: it was stopped; no verdict was written.
        EngineError: the engine failed and no verdict was written; another attempt may do.
    """
    try:
        tools = Tools(cell, toolchains, cache, packages, claim.tenant)
        _judge(claim.spec, tools, report, steps, session)
    except (NoLanguage, JudgeFault) as fault:
        # Not what it says: a validator may quote what it was given. The operator is shown that.
        _log.error("judging failed", fault=type(fault).__name__)
        result = {"message": str(fault)}
        is_own = not claim.spec.package or claim.spec.reveal
        if isinstance(fault, JudgeFault) and fault.output and is_own:
            result["compileOutput"] = fault.output
        report.finish(Verdict.JUDGE_ERROR, result)
    except BlobMissing as missing:
        _log.error("judging failed", error=str(missing))
        report.finish(Verdict.JUDGE_ERROR, {"message": "the problem's files are not stored here"})
    except (BlobDamaged, BlobsAway) as fault:
        # A damaged object may be so on the way only; who is away may be back.
        _again(claim, report, fault, f"the problem's files: {fault.detail}")
    except NotBuilt as refused:
        _compile_error(refused, report)
    except EngineError as error:
        _again(claim, report, error, "the engine could not run this; it has been logged")


def _again(claim: Claim, report: Report, error: Exception, message: str) -> None:
    """Leave it to another attempt, or say that it failed if this was the last one.

    Raises:
        EngineError: another attempt may do.
    """
    _log.error("judging failed", attempt=claim.attempt, error=str(error))
    if claim.attempt < _ENGINE_ATTEMPTS:
        raise EngineError(str(error)) from error
    report.finish(Verdict.JUDGE_ERROR, {"message": message})


def _judge(spec: Spec, tools: Tools, report: Report, steps: Steps, session: Session | None) -> None:
    with tracing.span("prepare"):
        ready, plan = planned(spec, tools)
    report.running(len(plan.cases))
    is_live = plan.single and not plan.last_word
    listener = _Live(report, steps) if is_live else _Silent(report, steps)
    listener.session = session
    collect = (RESULT,) if plan.call else tuple(spec.collect)
    runner = Runner(tools.cell, ready, plan, listener, collect)
    verdict, result, last = _run_all(plan, runner, report)
    if ready.output:
        result["compileOutput"] = ready.output
    report.finish(verdict, result, last)


def _run_all(
    plan: Plan, runner: Runner, report: Report
) -> tuple[Verdict, dict[str, Any], dict[str, Any] | None]:
    """The verdict, the result, and the end of the last test, which is told with them."""
    tally, presenter = plan.tally(), Presenter(own=plan.own)
    rows: list[CaseResult] = []
    told: dict[str, Any] | None = None
    for case in plan.cases:
        if not tally.wants(case):
            continue
        if told is not None:
            report.test(told)
        tried = runner.try_case(case)
        rows.append(presenter.case(case, tried, tally.add(case, tried.judged)))
        told = event(rows[-1], len(plan.cases))
    if plan.single:
        return tally.verdict, single(tried, plan.last_word), told
    return tally.verdict, summary(rows, tally), told


class _Live(Listener):
    """Tells what a program writes while it runs."""

    def __init__(self, report: Report, steps: Steps) -> None:
        self._report = report
        self._steps = steps
        self.output = report.output
        self.pause = report.pause

    def confirming(self) -> None:
        self._report.confirming()

    def ran(self, run: Run) -> None:
        self._steps.ran(run)

    def is_lost(self) -> bool:
        return self._report.lost


class _Silent(_Live):
    """Of one run among many nothing is told before its end."""

    def __init__(self, report: Report, steps: Steps) -> None:
        super().__init__(report, steps)
        self.output = self.pause = None


def _compile_error(refused: NotBuilt, report: Report) -> None:
    run = refused.run
    result: dict[str, Any] = {"compileOutput": refused.output, "exitCode": run.exit_code}
    if run.outcome.is_limit:
        result |= {"limit": run.outcome, "message": f"compiling: {MESSAGES[run.outcome]}"}
    report.finish(Verdict.COMPILE_ERROR, result)
