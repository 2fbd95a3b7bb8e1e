"""A result is right or it is not: decided on plain data, whatever the bytes are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.signatures import (
    Type,
    ValueRefused,
    check_test,
    decide,
    parse_type,
    read_arguments,
    read_json,
)
from tests.shared.signatures.made import TYPES, made, values


def right(kind: str, expected: object, got: bytes | object, **more: object) -> bool:
    """Whether a result is right where one of that type is expected."""
    data = got if isinstance(got, bytes) else json.dumps(got).encode()
    return decide(made(kind, **more), json.dumps(expected).encode(), data).accepted


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TYPES).flatmap(lambda kind: st.tuples(st.just(kind), values(kind))))
def test_every_value_of_a_type_is_taken_and_equals_itself(drawn: tuple[Type, Any]) -> None:
    kind, value = drawn
    assert right(str(kind), value, value)
    assert read_arguments(made("int", str(kind)), json.dumps(value).encode()) == [value]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=30) | st.text(max_size=30).map(str.encode))
def test_any_bytes_are_decided_without_an_error(data: bytes) -> None:
    decision = decide(made("list[list[int]]"), b"[[1]]", data)
    assert not decision.accepted and decision.message


@pytest.mark.parametrize(
    ("kind", "expected", "got"),
    [
        ("int", 1, b"true"),
        ("int", 1, b"1.0"),
        ("int", 1, b'"1"'),
        ("int", 1, b"[1]"),
        ("int", 2**31 - 1, b"2147483648"),
        ("long", 2**53 - 1, b"9007199254740992"),
        ("bool", True, b"1"),
        ("float", 1.0, b"true"),
        ("float", 1.0, b"NaN"),
        ("float", 1.0, b"Infinity"),
        ("float", 1.0, b"1e400"),
        ("float", 1.0, b"1" + b"0" * 400),
        ("string", "a", b"null"),
        ("string", "\ud83d\ude00", rb'"\ud83d"'),
        ("char", "a", b'"ab"'),
        ("list[int]", [], b"null"),
        ("list[int]", [], b"{}"),
        ("list[int]", [1], b"[1, null]"),
        ("optional[int]", None, b"0"),
        ("optional[int]", 0, b"null"),
        ("ListNode", [1], b"[null]"),
        ("TreeNode", [1], b"[1, null, null, 2]"),
        ("TreeNode", [1, None, 2], b"[1, 2]"),
    ],
)
def test_types_are_strict(kind: str, expected: object, got: bytes) -> None:
    assert not right(kind, expected, got)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"1 2",
        b"[1][1]",
        b"[1]\n[1]",
        b"[1],",
        b"\xef\xbb\xbf[1]",
        b"\xff",
        b"nul",
        b"'1'",
    ],
)
def test_anything_but_one_value_is_no_value(data: bytes) -> None:
    decision = decide(made("list[int]"), b"[1]", data)
    assert (decision.accepted, decision.is_value) == (False, False)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"[" * 4_000_000, "deep"),
        (b'{"a":' * 1_000_000, "deep"),
        (b"1" * 1_000_000, "digits"),
        (b"0." + b"1" * 1_000_000, "digits"),
        (b"1e" + b"9" * 1_000_000, "digits"),
        (b" " * 9_000_000, "bytes"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b"[NaN]", "NaN"),
    ],
    ids=["arrays", "objects", "digits", "fraction", "exponent", "size", "keys", "nan"],
)
def test_hostile_json_is_refused_before_it_costs_anything(data: bytes, word: str) -> None:
    for signature in (made("list[int]"), None):
        decision = decide(signature, b"[1]", data)
        assert not decision.accepted and word in decision.message


def test_minus_zero_is_zero_and_floats_may_be_off_a_little() -> None:
    assert right("float", 0.0, b"-0.0") and right("int", 0, b"-0")
    assert right("float", 1, b"1.000001") and not right("float", 1, b"1.0001")
    assert right("float", 1e9, 1e9 + 1e3) and not right("float", 1e9, 1e9 + 1e5)
    assert not right("float", 1, b"1.000001", tolerance=0)
    assert right("list[optional[float]]", [1, None], b"[1.000001, null]")


def test_order_matters_only_where_it_does() -> None:
    assert not right("list[int]", [1, 2], [2, 1])
    assert right("list[int]", [1, 2, 2], [2, 1, 2], anyOrder=[1])
    assert not right("list[int]", [1, 2, 2], [2, 1, 1], anyOrder=[1])
    assert right("list[float]", [1, 2], [2.000001, 1], anyOrder=[1])
    groups = [["a", "b"], ["c"]]
    assert right("list[list[string]]", groups, [["c"], ["b", "a"]], anyOrder=[1, 2])
    assert not right("list[list[string]]", groups, [["c"], ["b", "a"]], anyOrder=[1])
    assert not right("list[list[string]]", groups, [["c"], ["b", "a"]], anyOrder=[2])
    assert right("list[optional[int]]", [None, 1, None], [1, None, None], anyOrder=[1])
    assert right("list[list[optional[int]]]", [[None], [1]], [[1], [None]], anyOrder=[1])


def test_trees_are_equal_whatever_null_is_at_the_end() -> None:
    assert right("TreeNode", [1, None, 2], [1, None, 2, None, None])
    assert right("TreeNode", [], [None])
    assert right("list[TreeNode]", [[1], [2]], [[2, None], [1]], anyOrder=[1])


def test_any_of_several_answers_will_do() -> None:
    several = {"anyOf": ["bab", "aba"]}
    assert right("string", several, "aba") and not right("string", several, "abb")
    assert not right("string", several, several)


def test_in_place_with_a_count_only_so_many_elements_count() -> None:
    signature = made("int", "list[int]", inPlace="a", anyOrder=[1])
    assert decide(signature, b"[1, 2]", b"[2, [2, 1, 9]]").accepted
    for got in (b"[3, [2, 1, 9]]", b"[4, [2, 1, 9]]", b"[-1, [1, 2]]", b"[true, [1]]", b"[1, 2]"):
        assert not decide(signature, b"[1, 2]", got).accepted


def test_without_a_signature_plain_values_are_compared() -> None:
    def plain(expected: bytes, got: bytes) -> bool:
        return decide(None, expected, got).accepted

    assert plain(b'{"a": [1, 2.5]}', b'{"a": [1.0, 2.500001]}')
    assert plain(b'{"anyOf": [1, "1"]}', b'"1"')
    assert plain(b"1" + b"0" * 400, b"1" + b"0" * 400)
    for got in (b"true", b'"1"', b"null", b"[1]", b"2"):
        assert not plain(b"1", got)
    assert not plain(b"1.5", b"1" + b"0" * 400)
    assert not plain(b"[1]", b"[1, 2]") and not plain(b'{"a": 1}', b'{"b": 1}')
    assert not plain(b"[]", b"[" * 70 + b"]" * 70)


def test_what_is_said_of_a_wrong_result_keeps_the_right_one_to_itself() -> None:
    decision = decide(made("list[int]"), b"[1, 4242]", b"[1, 3]")
    assert "4242" not in decision.message
    assert decision.difference == "the result[1] is 3, expected 4242"
    several = decide(made("list[int]", anyOrder=[1]), b'{"anyOf": [[1, 2], []]}', b"[2, 3]")
    assert several.difference == (
        "the result is [2, 3], expected [1, 2] in any order, or another right value"
    )
    typed = decide(made("list[int]"), b"[1, 4242]", b"[1, 3.5]")
    assert typed.message == "the result[1]: must be of type int, not a float"


@pytest.mark.parametrize(
    ("arguments", "answer", "words"),
    [
        (b"[1]", b"1", "1 lines for 2 parameters (a: list[int], b: int)"),
        (b"[1]\n2\n3", b"1", "3 lines"),
        (b"[1]\r2", b"1", "1 lines for 2 parameters"),
        (b"[1]\n2 3", b"1", "line 2, b: is not one JSON value"),
        (b"[1, 2.5]\n2", b"1", "a[1]: must be of type int, not a float"),
        (b"[1]\n2147483648", b"1", "b: is outside of what int holds"),
        (b"[1]\n2", b"1.5", "the value: must be of type int"),
        (b"[1]\n2", b'{"anyOf": []}', "at least one"),
        (b"[1]\n2", b'{"anyOf": [1, []]}', "anyOf[1]: must be of type int, not a list"),
    ],
)
def test_test_data_that_is_not_of_the_signature_is_told_where(
    arguments: bytes, answer: bytes, words: str
) -> None:
    signature = made("int", "list[int]", "int")
    check_test(signature, b"[1]\r\n2\n\n", b"1\n")
    with pytest.raises(ValueRefused) as raised:
        check_test(signature, arguments, answer)
    assert words in str(raised.value)


def test_an_expected_value_that_is_none_is_not_the_programs_fault() -> None:
    with pytest.raises(ValueRefused):
        decide(made("int"), b"one", b"1")
    assert read_json(b" [1]\n") == [1]
    assert str(parse_type("list[int]")) == "list[int]"
