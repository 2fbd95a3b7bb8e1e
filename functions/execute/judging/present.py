"""What is told of a judged case: the one place where something of a run becomes public.

Of a case that is not shown, nothing leaves this module but verdict, time, memory and
points. What is never written to Redis cannot leak from there.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

import msgspec

from functions.execute.engine.program import Outcome, Run
from functions.execute.judging.plan import Case, Tallying
from functions.execute.judging.runner import Tried
from functions.execute.report import file_out, output_fields
from functions.execute.text import encode_output
from shared.models import CaseResult, Difference
from shared.verdicts import Verdict

MESSAGES = {
    Outcome.CPU_TIME_LIMIT: "the CPU time limit was reached",
    Outcome.WALL_TIME_LIMIT: "the wall time limit was reached",
    Outcome.MEMORY_LIMIT: "the memory limit was reached",
    Outcome.OUTPUT_LIMIT: "the output limit was reached",
}
#: What is shown of each output of one test, and of all tests together.
TEST_OUTPUT_BYTES = 64 * 1024
ALL_OUTPUT_BYTES = 2 * 1024 * 1024
#: The largest of all tests stand at the top of a result.
_LARGEST = {
    "cpu_time_ms": "cpuTimeMs",
    "wall_time_ms": "wallTimeMs",
    "peak_memory_bytes": "peakMemoryBytes",
}
_NOT_IN_EVENTS = (
    *("interaction", "result"),
    *("stdout", "stdoutEncoding", "stderr", "stderrEncoding"),
)


class Presenter:
    """Makes what is public of the cases of one submission."""

    def __init__(self, *, own: bool) -> None:
        """
        Args:
            own: the tests and their checker are the caller's own.
        """
        self._own = own
        self._room = ALL_OUTPUT_BYTES

    def case(self, case: Case, tried: Tried, points: float | None) -> CaseResult:
        """The row of one case."""
        run = tried.run
        row = CaseResult(
            index=case.index,
            group=case.group,
            sample=case.sample,
            verdict=tried.judged.verdict,
            points=points,
            cpu_time_ms=run.cpu_time_ms,
            wall_time_ms=run.wall_time_ms,
            peak_memory_bytes=run.peak_memory_bytes,
        )
        if tried.judged.verdict is Verdict.JUDGE_ERROR:  # in our words: of no content
            row.message = tried.judged.message
        if case.shown:
            self._show(row, case, tried)
        return row

    def _show(self, row: CaseResult, case: Case, tried: Tried) -> None:
        run, judged = tried.run, tried.judged
        row.name = case.name
        row.message = judged.message or MESSAGES.get(run.outcome)
        row.judge_message = judged.judge_message if self._own else None
        row.interaction = judged.dialogue
        row.wait_time_ms = run.wait_time_ms
        row.exit_code = run.exit_code
        row.signal = signal_name(run.signal)
        row.limit = run.outcome if run.outcome.is_limit else None
        if (found := judged.difference) is not None:
            row.difference = Difference(line=found.line, expected=found.expected, got=found.got)
        if judged.result is not None:
            row.result = judged.result[: min(TEST_OUTPUT_BYTES, self._room)].decode(
                errors="replace"
            )
            self._room -= min(len(judged.result), self._room)
        row.stdout, row.stdout_encoding, out_cut = self._cut(run.stdout, run.stdout_truncated)
        row.stderr, row.stderr_encoding, err_cut = self._cut(run.stderr, run.stderr_truncated)
        row.truncated = out_cut or err_cut

    def _cut(self, data: bytes, truncated: bool) -> tuple[str, Any, bool]:
        room = min(TEST_OUTPUT_BYTES, self._room)
        cut = truncated or len(data) > room
        self._room -= min(len(data), room)
        return (*encode_output(data[:room], cut=cut), cut)


def event(row: CaseResult, total: int) -> dict[str, Any]:
    """What is told of a case at its end: all but its outputs."""
    told: dict[str, Any] = msgspec.to_builtins(row)
    for name in _NOT_IN_EVENTS:
        told.pop(name, None)
    return {**told, "total": total}


def single(tried: Tried, last_word: bytes = b"") -> dict[str, Any]:
    """The fields of the result of a submission without tests."""
    run = replace(tried.run, stdout=tried.run.stdout.removesuffix(last_word))
    result = {**figures(run), **output_fields(run)}
    result["runs"] = [figures(each) for each in tried.runs]
    result["files"] = [file_out(name, data) for name, data in run.files.items()]
    if tried.judged.message:
        result["message"] = tried.judged.message
    return result


def summary(rows: list[CaseResult], tally: Tallying) -> dict[str, Any]:
    """The fields at the top of a result with tests: the largest of all, and who decided."""
    failed = tally.failed.index if tally.failed else None
    result: dict[str, Any] = {"tests": rows, "failedTest": failed}
    result |= {"score": tally.score, "groups": tally.groups()}
    for name, wire_name in _LARGEST.items():
        result[wire_name] = max((getattr(row, name) or 0 for row in rows), default=None)
    decided = next((row for row in rows if row.index == failed), None)
    if decided is not None:
        result |= {
            "exitCode": decided.exit_code,
            "signal": decided.signal,
            "limit": decided.limit,
            "message": decided.message,
        }
    if tally.message:
        result["message"] = tally.message
    return result


def figures(run: Run) -> dict[str, Any]:
    """The fields of a result that were measured."""
    return {
        "exitCode": run.exit_code,
        "signal": signal_name(run.signal),
        "cpuTimeMs": run.cpu_time_ms,
        "wallTimeMs": run.wall_time_ms,
        "waitTimeMs": run.wait_time_ms,
        "peakMemoryBytes": run.peak_memory_bytes,
        "limit": run.outcome if run.outcome.is_limit else None,
        "message": MESSAGES.get(run.outcome),
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
