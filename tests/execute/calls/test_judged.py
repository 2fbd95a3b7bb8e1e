"""Calls go through the whole of judging: one submission, many tests, shown as they may be."""

from __future__ import annotations

import json
from typing import Any

from functions.execute.judging.calls.harness import Call as Placed
from functions.execute.judging.calls.harness import place
from shared.models import Call, Case
from shared.signatures import DYNAMIC, LANGUAGES, RESERVED, starters
from tests.execute.calls.solutions import TWO_SUM, TWO_SUMS, WEAVE
from tests.execute.core import Core


def case(args: list[Any], expected: object = None) -> Case:
    """A test of a call, as admission makes it."""
    lines = "".join(f"{json.dumps(value)}\n" for value in args)
    answer = None if expected is None else json.dumps({"anyOf": [expected]})
    return Case(stdin=lines, expected_output=answer)


def test_a_call_is_judged_test_by_test(core: Core) -> None:
    code = TWO_SUMS["python"] + "        print('called')\n        os._exit(0)\n"
    code = code.replace("class", "import os\nclass", 1)
    tests = [
        case([[2, 7], 9], [1, 0]),
        case([[3, 4], 7]),
        case([[3, 2, 4], 6], [1, 0]),
        case([[1], 2], []),
    ]
    submission_id = core.submit(
        code, tests=tests, call=Call(function="twoSum"), stop_on_failure=False
    )
    result = core.final(submission_id)
    core.assert_ended_once(submission_id)
    assert [it.verdict for it in result.tests] == [
        *("accepted", "completed", "wrong-answer", "runtime-error")
    ]
    assert (result.verdict, result.failed_test) == ("wrong-answer", 3)
    assert [it.result for it in result.tests] == ["[1, 0]\n", "[1, 0]\n", "[2, 1]\n", None]
    assert result.tests[2].message == "the result[0] is 2, expected 1"
    assert "without handing back" in str(result.tests[3].message)
    assert result.tests[3].stdout == ""


def test_a_signature_travels_with_the_submission(core: Core) -> None:
    block = {
        "name": "twoSum",
        "parameters": [{"name": "nums", "type": "list[int]"}, {"name": "target", "type": "int"}],
        "returns": "list[int]",
        "anyOrder": [1],
    }
    tests = [case([[2, 7], n], [1, 0]) for n in (9, 9, 10)]
    submission_id = core.submit(
        TWO_SUMS["javascript"],
        language="javascript",
        tests=tests,
        call=Call(function="twoSum", signature=block),
    )
    result = core.final(submission_id)
    verdicts = [it.verdict for it in result.tests]
    assert verdicts == ["accepted", "accepted", "wrong-answer"], (
        result.message,
        result.compile_output,
    )


def test_every_name_that_a_harness_uses_is_reserved_and_every_language_has_a_starter() -> None:
    assert DYNAMIC < set(starters(TWO_SUM)) == LANGUAGES
    for signature in (TWO_SUM, WEAVE):
        for language in LANGUAGES:
            files = place(language, Placed(signature.name, signature), "")
            assert files.keys() <= set(RESERVED)
