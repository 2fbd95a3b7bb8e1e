"""Submissions that bring their tests: compiled once, judged one by one, told as they end."""

from __future__ import annotations

import pytest

from shared.models import Case, Comparison, Limits, Result
from tests.execute.core import Core

#: Does what its input says.
PUPPET = """
import sys, time
word, *rest = sys.stdin.read().split() or ["say"]
if word == "say": print(*rest)
if word == "die": print("a last word"); sys.exit(3)
if word == "spin":
    while True: pass
if word == "flood":
    while True: print("x" * 4096)
if word == "args": print(*sys.argv[1:])
if word == "read": print(open(rest[0]).read())
"""


def case(stdin: str, expected: str | None = None, **more: object) -> Case:
    """A test of the program above."""
    return Case(stdin=stdin, expected_output=expected, **more)  # type: ignore[arg-type]


def verdicts(result: Result) -> list[str]:
    """Of each test that was run."""
    return [test.verdict for test in result.tests]


SHORT = Limits(
    cpu_time_ms=300, wall_time_ms=20_000, memory_bytes=1 << 28, output_bytes=1 << 16, processes=8
)


def test_all_tests_passed_is_accepted(core: Core) -> None:
    tests = [case(f"say {n}", f"{n}\n", name=f"number {n}") for n in range(5)]
    submission_id = core.submit(PUPPET, tests=tests)

    result = core.final(submission_id)

    core.assert_ended_once(submission_id)
    assert (result.verdict, result.failed_test, result.score) == ("accepted", None, None)
    assert verdicts(result) == ["accepted"] * 5
    assert [(test.index, test.name, test.stdout) for test in result.tests] == [
        (n + 1, f"number {n}", f"{n}\n") for n in range(5)
    ]
    assert result.cpu_time_ms == max(test.cpu_time_ms or 0 for test in result.tests)
    assert (result.stdout, result.exit_code) == (None, None)


def test_a_test_is_told_when_it_ends(core: Core) -> None:
    submission_id = core.submit(PUPPET, tests=[case("say 1", "1"), case("say 2", "3")])
    result = core.final(submission_id)

    events = core.events(submission_id)
    assert [kind for kind, _ in events] == [
        *("queued", "preparing", "running", "test", "test", "finished")
    ]
    assert events[2][1] == {"tests": 2}
    first, second = events[3][1], events[4][1]
    assert (first["index"], first["total"], first["verdict"]) == (1, 2, "accepted")
    assert (second["index"], second["total"], second["verdict"]) == (2, 2, "wrong-answer")
    assert second["difference"] == {"line": 1, "expected": "3", "got": "2"}
    assert second["cpuTimeMs"] == result.tests[1].cpu_time_ms
    assert "stdout" not in second
    finished = events[5][1]
    assert (finished["verdict"], finished["failedTest"]) == ("wrong-answer", 2)
    assert "tests" not in finished


def test_a_test_is_told_before_the_next_one_ends(core: Core) -> None:
    slow = "import time\nn = int(input())\ntime.sleep(60 if n else 0.1)\nprint(n)"
    submission_id = core.submit(slow, tests=[case("0", "0"), case("0", "0"), case("1", "1")])

    core.await_kinds(submission_id, "test", 2)

    assert core.state(submission_id) == "running"
    core.cancel(submission_id)


@pytest.mark.parametrize(
    ("failing", "verdict"),
    [
        (case("say 1", "2"), "wrong-answer"),
        (case("die", ""), "runtime-error"),
        (case("spin", "", limits=SHORT), "time-limit-exceeded"),
        (case("flood", "", limits=SHORT), "output-limit-exceeded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_test_that_fails_decides(core: Core, failing: Case, verdict: str) -> None:
    tests = [case("say 1", "1"), failing, case("die", ""), case("say 1", "1")]

    stopped = core.judged(PUPPET, tests=tests)
    complete = core.judged(PUPPET, tests=tests, stop_on_failure=False)

    assert verdicts(stopped) == ["accepted", verdict]
    assert verdicts(complete) == ["accepted", verdict, "runtime-error", "accepted"]
    for result in (stopped, complete):
        assert (result.verdict, result.failed_test) == (verdict, 2)
        assert result.limit == result.tests[1].limit


def test_points_of_passed_tests_are_added_up(core: Core) -> None:
    tests = [case("say 1", "1", points=3), case("say 1", "2", points=5), case("say 1", "1")]
    tests.append(case("say 1", "1", points=0.5))

    result = core.judged(PUPPET, tests=tests, stop_on_failure=False)

    assert (result.verdict, result.score) == ("wrong-answer", 3.5)
    assert [test.points for test in result.tests] == [3, 0, None, 0.5]


def test_without_anything_expected_tests_are_completed(core: Core) -> None:
    assert core.judged(PUPPET, tests=[case("say 1"), case("say 2")]).verdict == "completed"
    assert core.judged(PUPPET, tests=[case("say 1"), case("say 2", "2")]).verdict == "accepted"


def test_a_test_has_arguments_and_files_of_its_own(core: Core) -> None:
    tests = [
        case("args", "from all"),
        case("args", "own", args=["own"]),
        case("read a", "1"),
        case("read b", "2", files={"b": b"2"}),
        case("read b", "2"),  # of the test before: gone
    ]

    result = core.judged(PUPPET, tests=tests, args=["from", "all"], files={"a": b"1"})

    assert verdicts(result) == ["accepted"] * 4 + ["runtime-error"]
    assert "No such file" in (result.tests[4].stderr or "")


@pytest.mark.parametrize(
    ("comparison", "expected", "verdict"),
    [
        (Comparison(mode="exact"), "1.00 Yes\n", "accepted"),
        (Comparison(mode="exact"), "1.00  Yes\n", "wrong-answer"),
        (Comparison(), "1.00\nYes", "accepted"),
        (Comparison(), "1.00\nyes", "wrong-answer"),
        (Comparison(case_sensitive=False), "1.00\nyes", "accepted"),
        (Comparison(mode="floats", absolute_tolerance=0.1), "1.05 Yes", "accepted"),
    ],
)
def test_the_comparison_can_be_chosen(
    core: Core, comparison: Comparison, expected: str, verdict: str
) -> None:
    in_tests = core.judged(PUPPET, tests=[case("say 1.00 Yes", expected)], comparison=comparison)
    alone = core.judged(PUPPET, stdin="say 1.00 Yes", expected=expected, comparison=comparison)

    assert (in_tests.verdict, alone.verdict) == (verdict, verdict)
    assert alone.tests == []


def test_it_is_compiled_once_and_a_compile_error_runs_no_test(core: Core) -> None:
    good = "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << n * 2; }"
    tests = [case(str(n), str(2 * n)) for n in range(20)]

    result = core.judged(good, "cpp17", tests=tests)
    broken = core.judged("int main() { return }", "cpp17", tests=tests)

    assert verdicts(result) == ["accepted"] * 20
    assert (broken.verdict, broken.tests) == ("compile-error", [])
    assert "main.cpp" in (broken.compile_output or "")


def test_what_is_shown_of_outputs_is_bounded(core: Core) -> None:
    shout = "print('x' * 200_000)"
    result = core.judged(shout, tests=[case("", None)] * 50)

    shown = [len(test.stdout or "") for test in result.tests]
    assert shown[0] == 64 * 1024
    assert sum(shown) == 2 * 1024 * 1024
    assert all(test.truncated for test in result.tests)
    assert result.verdict == "completed"


ADDS = "def add(a, b): return a + b\nprint('at work', end='')"


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (ADDS, "accepted"),
        ("def add(a, b): return a - b", "runtime-error"),
        (ADDS + "\nimport os; os._exit(0)", "runtime-error"),
        (ADDS + "\nimport sys; sys.exit(0)", "runtime-error"),
        (ADDS + "\nimport os; os.close(1)", "runtime-error"),
    ],
)
def test_assertions_have_to_be_reached_and_passed(core: Core, code: str, verdict: str) -> None:
    result = core.judged(code, assertions="assert add(1, 2) == 3\nassert add(0, 0) == 0")

    assert result.verdict == verdict
    assert result.stdout in ("at work", "")
    if "exit" in code:
        assert result.message == "the program ended before the last of its assertions"


def test_cancelling_ends_it_between_and_within_tests(core: Core) -> None:
    submission_id = core.submit("import time; time.sleep(0.2)", tests=[case("")] * 500)
    core.await_kinds(submission_id, "test", 1)

    core.cancel(submission_id)

    core.assert_ended_once(submission_id)
    assert core.judged(PUPPET, tests=[case("say 1", "1")]).verdict == "accepted"


def test_the_same_submission_has_the_same_verdict_each_time(core: Core) -> None:
    tests = [case("say 1", "1"), case("say 1", "2"), case("die", "")]
    ids = [core.submit(PUPPET, tests=tests, stop_on_failure=bool(n % 2)) for n in range(12)]

    found = {(core.final(each).verdict, core.final(each).failed_test) for each in ids}

    assert found == {("wrong-answer", 2)}
