"""Solutions are called as people write them, and judged on what they hand back."""

from __future__ import annotations

import pytest

from functions.execute.judging.calls.harness import Call
from tests.execute.calls.desk import Desk
from tests.execute.calls.solutions import BROKEN, TWO_SUM, TWO_SUMS, WEAVE, WEAVES
from tests.shared.signatures.made import made

TWO = Call("twoSum", TWO_SUM)
#: Where the third line of a solution is told.
THIRD_LINE = {
    "python": 'solution.py", line 3',
    "javascript": "solution.js:3",
    "typescript": "solution.ts:3",
    "cpp17": "solution.cpp:3",
    "java": "Solution.java:3",
    "go": "solution.go:3",
}


@pytest.mark.parametrize("language", TWO_SUMS, indirect=True)
def test_a_solution_as_people_write_it_is_right_or_wrong(desk: Desk, language: str) -> None:
    code = TWO_SUMS[language]
    assert desk.call(language, TWO, code, [[2, 7, 11], 9], [0, 1]).verdict == "accepted"
    wrong = desk.call(language, TWO, code, [[3, 2, 4], 6], [0, 2])
    assert (wrong.verdict, wrong.outcome.message) == ("wrong-answer", "the result is wrong")
    assert wrong.run.stdout == b""


@pytest.mark.parametrize("language", WEAVES, indirect=True)
def test_nodes_come_and_go_and_what_is_changed_in_place_counts(desk: Desk, language: str) -> None:
    args = [[[9], [8], [7, 6], [5]], [1, 2, 3], ["a", None, "b", "c", None, None, "d"]]
    called = desk.call(language, Call("weave", WEAVE), WEAVES[language], args, [[3, 2, 1], []])
    assert called.verdict == "accepted", (called.outcome, called.run.stderr)
    empty = [[[9], [8]], [], []]
    assert desk.call(language, Call("weave", WEAVE), WEAVES[language], empty, []).verdict == (
        "accepted"
    )


@pytest.mark.parametrize("language", BROKEN, indirect=True)
def test_a_mistake_is_told_at_its_own_line(desk: Desk, language: str) -> None:
    if language in ("cpp17", "java", "go"):
        run = desk.compiled(language, TWO, BROKEN[language])
        assert run.exit_code != 0
    else:
        called = desk.call(language, TWO, BROKEN[language], [[1], 1], [0])
        assert called.verdict == "runtime-error"
        run = called.run
    said = (run.stderr + run.stdout).decode()
    assert THIRD_LINE[language] in said
    if language == "python":
        assert "main.py" not in said


@pytest.mark.parametrize("execed", [False, True], ids=["fork", "exec"])
def test_python_is_called_in_both_ways_to_start(desk: Desk, execed: bool) -> None:
    code = TWO_SUMS["python"]
    called = desk.call("python", TWO, code, [[2, 7], 9], [1, 0], execed=execed)
    assert (called.verdict, called.run.start_mode) == ("accepted", "exec" if execed else "fork")


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "def f(a, b):\n    return {'sum': [a + b, (a, b)]}\n"),
        (
            "python",
            "class Solution:\n    def f(self, a, b):\n        return dict(sum=[a + b, [a, b]])\n",
        ),
        ("javascript", "const f = async (a, b) => ({ sum: [a + b, Uint8Array.of(a, b)] });"),
        ("javascript", "class Solution { f(a, b) { return { sum: [a + b, [a, b]] }; } }"),
        ("javascript", "module.exports = { f(a, b) { return { sum: [a + b, [a, b]] }; } };"),
        (
            "typescript",
            "class Solution {\n    private n = 0;\n    f(a: number, b: number): unknown {\n"
            "        return { sum: [a + b, [a, b]] };\n    }\n}",
        ),
    ],
)
def test_dynamic_languages_need_no_signature(desk: Desk, language: str, code: str) -> None:
    called = desk.call(language, Call("f"), code, [1, 2], {"sum": [3, [1, 2]]})
    assert called.verdict == "accepted", (called.outcome, called.run.stderr)


def test_a_function_that_is_not_there_is_told(desk: Desk) -> None:
    for language in ("python", "javascript", "typescript"):
        called = desk.call(language, TWO, "", [[1], 1], [0])
        assert called.verdict == "runtime-error" and b"twoSum" in called.run.stderr


def test_deep_recursion_is_at_home_in_python(desk: Desk) -> None:
    code = "def f(a):\n    return 0 if a == 0 else 1 + f(a - 1)\n"
    signature = made("int", "int")
    assert desk.call("python", Call("f", signature), code, [90_000], 90_000).verdict == "accepted"


def test_a_solutions_own_main_guard_does_not_run(desk: Desk) -> None:
    code = "def f():\n    return 1\n\nif __name__ == '__main__':\n    raise SystemExit(1)\n"
    assert desk.call("python", Call("f", made("int")), code, [], 1).verdict == "accepted"


def test_without_anything_expected_the_result_is_shown(desk: Desk) -> None:
    called = desk.call("python", TWO, TWO_SUMS["python"], [[2, 7], 9])
    assert (called.verdict, called.outcome.result) == ("completed", b"[1, 0]\n")
