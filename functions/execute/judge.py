"""The life of one claimed submission: compile once, run, judge, write the verdict."""

from __future__ import annotations

import logging
import signal
from dataclasses import replace
from functools import partial
from typing import Any

from functions.execute.compile_cache import CompileCache
from functions.execute.engine.cell import Cell
from functions.execute.engine.program import EngineError, Limits, Outcome, Program, Run
from functions.execute.judging.confirm import better, is_doubtful
from functions.execute.judging.decide import verdict_of
from functions.execute.report import Report, file_out, output_fields
from functions.execute.text import encode_output
from functions.execute.toolchains import Toolchain, engine_limits
from shared.claims import Claim
from shared.limits import MAX_COLLECT_BYTES
from shared.models import Spec
from shared.verdicts import Verdict

_log = logging.getLogger(__name__)
_COMPILE_OUTPUT_BYTES = 64 * 1024
_MESSAGES = {
    Outcome.CPU_TIME_LIMIT: "the CPU time limit was reached",
    Outcome.WALL_TIME_LIMIT: "the wall time limit was reached",
    Outcome.MEMORY_LIMIT: "the memory limit was reached",
    Outcome.OUTPUT_LIMIT: "the output limit was reached",
}


#: A cell that failed is made anew, so a second attempt is worth it; a third is not.
_ENGINE_ATTEMPTS = 2


class GivenUp(Exception):
    """The run was stopped from outside: cancelled, lost, or to be given back."""


def judge(
    claim: Claim,
    cell: Cell,
    toolchain: Toolchain | None,
    report: Report,
    cache: CompileCache,
) -> None:
    """Bring a claimed submission to its verdict.

    Raises:
        GivenUp: it was stopped; no verdict was written.
        EngineError: the engine failed and no verdict was written; another attempt may do.
    """
    if toolchain is None:
        message = f"this worker has no {claim.language}"
        return report.finish(Verdict.JUDGE_ERROR, {"message": message}, [])
    try:
        _judge(claim, cell, toolchain, report, cache)
    except EngineError as error:
        _log.error("judging %s failed: %s", claim.submission_id, error)
        if claim.attempt < _ENGINE_ATTEMPTS:
            raise
        message = "the engine could not run this; it has been logged"
        report.finish(Verdict.JUDGE_ERROR, {"message": message}, [])
    return None


def _judge(
    claim: Claim, cell: Cell, toolchain: Toolchain, report: Report, cache: CompileCache
) -> None:
    spec, language = claim.spec, toolchain.language
    files = dict(spec.files)
    files[language.file] = spec.code.encode()
    compile_output = ""
    if language.compile:
        compiled = cache.compiled(claim.tenant, toolchain, files, partial(_compiled_in, cell))
        compile_output = _compiler_text(compiled)
        if not toolchain.made(compiled):
            return _compile_error(compiled, compile_output, report)
        files = {**spec.files, **compiled.files}
    report.running()
    limits = engine_limits(_limit_values(spec))
    program = replace(
        toolchain.program(files, limits, spec.args),
        stdin=spec.stdin.encode(),
        collect=tuple(spec.collect),
        collect_bytes=MAX_COLLECT_BYTES,
    )
    runs = [toolchain.understood(run) for run in _measured(cell, program, limits, report)]
    run = runs[0] if len(runs) == 1 else better(*runs)
    verdict = verdict_of(run, spec.expected_output)
    figures = _figures(run)
    result = {**figures, **output_fields(run)}
    result["runs"] = [_figures(each) for each in runs] if len(runs) > 1 else []
    result["files"] = [file_out(name, data) for name, data in run.files.items()]
    if compile_output:
        result["compileOutput"] = compile_output
    report.finish(verdict, result, [{"index": 1, "verdict": verdict, **figures}])
    return None


def _measured(cell: Cell, program: Program, limits: Limits, report: Report) -> list[Run]:
    """The run, and where its time-limit verdict is doubtful one more."""
    first = _run_in(cell, program, limits, report)
    if not is_doubtful(first, limits):
        return [first]
    report.confirming()
    return [first, _run_in(cell, program, limits, None)]


def _run_in(cell: Cell, program: Program, limits: Limits, report: Report | None) -> Run:
    if report is None:
        run = cell.run(program, limits)
    else:
        run = cell.run(program, limits, on_output=report.output, on_pause=report.pause)
    if run.outcome is Outcome.CANCELLED or (report is not None and report.lost):
        raise GivenUp
    return run


def _compiled_in(cell: Cell, program: Program, limits: Limits) -> Run:
    return _run_in(cell, program, limits, None)


def _compiler_text(run: Run) -> str:
    """What a compiler said, cut to what a person reads."""
    return encode_output((run.stderr + run.stdout)[:_COMPILE_OUTPUT_BYTES], cut=True)[0]


def _compile_error(run: Run, output: str, report: Report) -> None:
    result: dict[str, Any] = {"compileOutput": output, "exitCode": run.exit_code}
    if run.outcome.is_limit:
        result |= {"limit": run.outcome, "message": f"compiling: {_MESSAGES[run.outcome]}"}
    report.finish(Verdict.COMPILE_ERROR, result, [])


def _limit_values(spec: Spec) -> dict[str, int]:
    limits = spec.limits
    return {
        "cpuTimeMs": limits.cpu_time_ms,
        "wallTimeMs": limits.wall_time_ms,
        "memoryBytes": limits.memory_bytes,
        "outputBytes": limits.output_bytes,
        "processes": limits.processes,
    }


def _figures(run: Run) -> dict[str, Any]:
    """The fields of a result that were measured."""
    return {
        "exitCode": run.exit_code,
        "signal": signal_name(run.signal),
        "cpuTimeMs": run.cpu_time_ms,
        "wallTimeMs": run.wall_time_ms,
        "waitTimeMs": run.wait_time_ms,
        "peakMemoryBytes": run.peak_memory_bytes,
        "limit": run.outcome if run.outcome.is_limit else None,
        "message": _MESSAGES.get(run.outcome),
        "startMode": run.start_mode,
        "truncated": run.stdout_truncated or run.stderr_truncated,
    }


def signal_name(number: int | None) -> str | None:
    """SIGSEGV for 11; real-time signals have no name of their own."""
    if number is None:
        return None
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
