"""What `call` may say, and what a worker is told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.body import decode
from shared.errors import InvalidRequest
from shared.models import Spec, SubmitRequest
from shared.taking.admit import admit

SIGNATURE = {
    "parameters": [{"name": "nums", "type": "list[int]"}, {"name": "target", "type": "int"}],
    "returns": "list[int]",
}
TEST = {"args": [[2, 7], 9], "expected": [0, 1]}
CALL = {"function": "twoSum", "tests": [TEST]}


def admitted(call: object, language: str = "python", **more: object) -> Spec:
    """What comes of a body."""
    text = call if isinstance(call, str) else json.dumps(call)
    rest = json.dumps({"code": "", "language": language, **more})
    return admit(decode(f'{{"call": {text}, {rest[1:]}'.encode(), SubmitRequest), [])


def test_a_call_becomes_tests_as_any_other() -> None:
    call = {**CALL, "signature": SIGNATURE, "tests": [{**TEST, "name": "one", "points": 2}]}
    spec = admitted(call, "java")
    assert spec.call is not None and spec.call.function == "twoSum"
    assert spec.call.signature == {"name": "twoSum", **SIGNATURE}
    [case] = spec.tests
    assert (case.stdin, case.expected_output) == ("[2, 7]\n9\n", '{"anyOf": [[0, 1]]}')
    assert (case.name, case.points) == ("one", 2)


def test_values_are_written_as_one_line_each_however_they_came() -> None:
    spec = admitted(
        '{"function": "f", "tests": [{"args": [{"a":\n [1,\n 1e3]}, "x\\ny"], "anyOf": [1, [2]]},'
        ' {"expected": null}, {}]}'
    )
    assert [case.stdin for case in spec.tests] == ['{"a": [1, 1000.0]}\n"x\\ny"\n', "", ""]
    answers = [case.expected_output for case in spec.tests]
    assert answers == ['{"anyOf": [1, [2]]}', '{"anyOf": [null]}', None]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"function": "two sum"}, "call.function"),
        ({"function": "lambda"}, "call.function"),
        ({"tests": []}, "call.tests"),
        ({"tests": [{**TEST, "anyOf": [[1]]}]}, "call.tests[0].anyOf"),
        ({"tests": [{"args": [[[0] * 2] * 2, 1]}], "signature": SIGNATURE}, "call.tests[0].args"),
        ({"tests": [{"args": [[1, 2.5], 1]}], "signature": SIGNATURE}, "call.tests[0].args[0][1]"),
        ({"tests": [{"args": [[1]]}], "signature": SIGNATURE}, "call.tests[0].args"),
        ({"tests": [{**TEST, "expected": "x"}], "signature": SIGNATURE}, "call.tests[0].expected"),
        ({"tests": [{**TEST, "points": -1}]}, "call.tests[0].points"),
        ({"tests": [{**TEST, "limits": {"cpuTimeMs": 1}}]}, "call.tests[0].limits.cpuTimeMs"),
        ({"signature": {**SIGNATURE, "name": "other"}}, "call.signature.name"),
        ({"signature": {**SIGNATURE, "returns": "map"}}, "call.signature.returns"),
        ({"signature": {}}, "call.signature.returns"),
        ({"colour": 1}, "call.colour"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        admitted({**CALL, **change})
    assert str(raised.value.field).startswith(field)


def test_there_may_be_only_so_many_tests() -> None:
    admitted({**CALL, "tests": [TEST] * 1_000})
    with pytest.raises(InvalidRequest, match="1001 tests"):
        admitted({**CALL, "tests": [TEST] * 1_001})


@pytest.mark.parametrize(
    "value",
    ['{"a": 1, "a": 2}', "[" * 100_000 + "]" * 100_000, "1" * 5_000, "1e999", "[" * 70 + "]" * 70],
    ids=["twice", "deep", "digits", "large", "deeper than is compared"],
)
def test_values_that_are_no_plain_data_are_refused(value: str) -> None:
    for where in ('"args": [%s]', '"args": [], "expected": %s'):
        with pytest.raises(InvalidRequest):
            admitted('{"function": "f", "tests": [{' + where.replace("%s", value) + "}]}")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"stdin": "1"}, "call"),
        ({"expectedOutput": ""}, "call"),
        ({"tests": [{"stdin": ""}]}, "call"),
        ({"comparison": {"mode": "exact"}}, "call"),
        ({"checker": {"language": "python", "code": ""}}, "call"),
        ({"files": [{"name": ".assay-result", "content": "1"}]}, "files[0].name"),
        ({"files": [{"name": "solution.py", "content": "1"}]}, "files[0].name"),
        ({"language": "cpp17"}, "call.signature"),
        ({"language": "bash"}, "language"),
    ],
)
def test_what_a_call_has_no_use_for_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        admitted(CALL, **{"language": "python", **more})
    assert raised.value.field == field
