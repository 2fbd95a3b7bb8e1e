"""Every verdict, from a real program to the stored result, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.execute.core import Core
from tests.execute.working import Working

MIB = 1024 * 1024

#: What both languages must answer to programs that do the same.
PROGRAMS: dict[str, dict[str, str]] = {
    "python": {
        "double": "print(int(input()) * 2)",
        "spin": "while True: pass",
        "sleep": "import time; print('before', flush=True); time.sleep(60)",
        "hoard": "held = []\nwhile True: held.append(bytearray(8 << 20))",
        "flood": "while True: print('x' * 1000)",
        "exit": "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)",
        "throw": "raise ValueError('no')",
        "abort": "import os; os.abort()",
        "term": "import os; os.kill(os.getpid(), 15)",
    },
    "javascript": {
        "double": "console.log(Number(require('fs').readFileSync(0, 'utf8')) * 2)",
        "spin": "while (true) {}",
        "sleep": "console.log('before'); setTimeout(() => {}, 60_000)",
        "hoard": "const held = []; while (true) held.push(Buffer.alloc(8 << 20, 1))",
        "flood": "const x = 'x'.repeat(1000) + '\\n'; while (true) process.stdout.write(x)",
        "exit": "console.log('out'); console.error('err'); process.exitCode = 3",
        "throw": "throw new Error('no')",
        "abort": "process.abort()",
        "term": "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 5_000)",
    },
}


@pytest.fixture(params=sorted(PROGRAMS))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def judged(core: Core, language: str, name: str, **spec: Any) -> Any:  # noqa: ANN401
    """The result of one of the programs above, which ended exactly once."""
    submission_id = core.submit(PROGRAMS[language][name], language, **spec)
    result = core.final(submission_id)
    core.assert_ended_once(submission_id)
    return result


def test_without_anything_expected_a_clean_end_is_completed(core: Core, language: str) -> None:
    result = judged(core, language, "double", stdin="21\n")

    assert (result.verdict, result.stdout, result.exit_code) == ("completed", "42\n", 0)
    assert (result.signal, result.limit, result.message) == (None, None, None)
    assert result.truncated is False
    assert result.attempts == 1


@pytest.mark.parametrize("expected", ["42", "42\n", "  42 \n\n"])
def test_the_expected_tokens_are_accepted(core: Core, language: str, expected: str) -> None:
    result = judged(core, language, "double", stdin="21\n", expected=expected)

    assert (result.verdict, result.stdout) == ("accepted", "42\n")


@pytest.mark.parametrize("expected", ["43", "", "42 42", "4 2"])
def test_other_tokens_are_a_wrong_answer(core: Core, language: str, expected: str) -> None:
    result = judged(core, language, "double", stdin="21\n", expected=expected)

    assert (result.verdict, result.stdout, result.exit_code) == ("wrong-answer", "42\n", 0)


def test_a_program_that_computes_too_long_is_over_the_cpu_limit(core: Core, language: str) -> None:
    result = judged(core, language, "spin", limits={"cpuTimeMs": 400, "wallTimeMs": 20_000})

    assert (result.verdict, result.limit) == ("time-limit-exceeded", "cpuTimeMs")
    assert result.cpu_time_ms > 400
    assert (result.exit_code, result.signal) == (None, None)  # it was ours, not its own end
    assert result.message == "the CPU time limit was reached"


def test_a_program_that_waits_too_long_is_over_the_wall_limit(core: Core, language: str) -> None:
    result = judged(core, language, "sleep", limits={"cpuTimeMs": 20_000, "wallTimeMs": 700})

    assert (result.verdict, result.limit) == ("time-limit-exceeded", "wallTimeMs")
    assert result.wall_time_ms > 700
    assert result.cpu_time_ms < 700
    assert result.stdout == "before\n"  # what it wrote before is kept


def test_a_program_that_takes_too_much_memory_is_over_the_limit(core: Core, language: str) -> None:
    limit = {"python": 64 * MIB, "javascript": 256 * MIB}[language]

    result = judged(core, language, "hoard", limits={"memoryBytes": limit})

    assert (result.verdict, result.limit) == ("memory-limit-exceeded", "memoryBytes")
    assert limit / 2 < result.peak_memory_bytes < limit * 1.1


def test_a_program_that_writes_too_much_is_over_the_output_limit(core: Core, language: str) -> None:
    result = judged(core, language, "flood", limits={"outputBytes": 10_000})

    assert (result.verdict, result.limit) == ("output-limit-exceeded", "outputBytes")
    assert result.truncated is True
    assert result.stdout == (("x" * 1000 + "\n") * 10)[:10_000]


def test_an_exit_code_is_a_runtime_error_and_told(core: Core, language: str) -> None:
    result = judged(core, language, "exit", expected="out")

    assert (result.verdict, result.exit_code, result.signal) == ("runtime-error", 3, None)
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_an_uncaught_exception_is_a_runtime_error_with_its_trace(core: Core, language: str) -> None:
    result = judged(core, language, "throw")

    assert (result.verdict, result.exit_code) == ("runtime-error", 1)
    assert {"python": "ValueError: no", "javascript": "Error: no"}[language] in result.stderr
    assert {"python": "main.py", "javascript": "main.js"}[language] in result.stderr


@pytest.mark.parametrize(("name", "signal"), [("abort", "SIGABRT"), ("term", "SIGTERM")])
def test_a_signal_is_a_runtime_error_and_named(
    core: Core, language: str, name: str, signal: str
) -> None:
    result = judged(core, language, name)

    assert (result.verdict, result.exit_code, result.signal) == ("runtime-error", None, signal)
    assert result.limit is None


def test_a_language_the_worker_lacks_is_our_error(core: Core, served: tuple[str, Working]) -> None:
    submission_id = core.submit("", "cobol")

    result = core.final(submission_id)

    assert "cobol" not in [it["name"] for it in served[1].facts["languages"]]
    assert (result.verdict, result.message) == ("judge-error", "this worker has no cobol")
    assert (result.stdout, result.cpu_time_ms) == (None, None)  # nothing ran
    core.assert_ended_once(submission_id)
