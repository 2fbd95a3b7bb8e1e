"""Signatures say what they are, or where they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from shared.signatures import SignatureError, parse_signature, parse_type
from tests.shared.signatures.made import TYPES, made

GOOD: dict[str, Any] = {
    "name": "twoSum",
    "parameters": [{"name": "nums", "type": "list[int]"}, {"name": "target", "type": "int"}],
    "returns": "list[int]",
    "anyOrder": [1],
}


def test_a_signature_says_what_is_called_and_what_is_compared() -> None:
    signature = parse_signature(GOOD)
    assert [str(it.type) for it in signature.parameters] == ["list[int]", "int"]
    assert signature.result == parse_type("list[int]") and signature.any_order == {1}


def test_in_place_the_parameter_is_the_result_and_a_returned_int_cuts_it() -> None:
    assert made("void", "list[string]", inPlace="a").result == parse_type("list[string]")
    cut = made("int", "int", "list[int]", inPlace="b")
    assert (cut.in_place, cut.cut, str(cut.result)) == (1, True, "list[int]")


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_a_type_is_written_as_it_is_read(kind: object) -> None:
    assert parse_type(str(kind)) == kind
    assert parse_type(f" {str(kind).replace('[', ' [ ')}") == kind


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no type"),
        ("integer", "'integer' is no type"),
        ("list", "needs to say of what"),
        ("list[int", "a ']' is missing"),
        ("list[int]]", "there is more"),
        ("list[void]", "void is no value"),
        ("ListNode[list[int]]", "nodes hold"),
        ("optional[TreeNode]", "may be null already"),
        ("list[" * 9 + "int" + "]" * 9, "8 deep"),
        ("[" * 100_000, "128 characters"),
    ],
)
def test_what_is_no_type_is_told_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("[", r"\[")):
        parse_type(text)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": None}, "function.name"),
        ({"name": "two sum"}, "function.name"),
        ({"name": "class"}, "function.name"),
        ({"name": "__init__"}, "function.name"),
        ({"name": "f" * 65}, "function.name"),
        ({"parameters": {"nums": "int"}}, "function.parameters"),
        ({"parameters": [{"name": "a", "type": "int"}] * 2}, "function.parameters[1].name"),
        ({"parameters": [{"name": "a"}]}, "function.parameters[0].type"),
        ({"parameters": [{"name": "a", "type": "void"}]}, "function.parameters[0].type"),
        ({"parameters": [{"name": "a", "type": "int", "x": 1}]}, "function.parameters[0].x"),
        ({"returns": ["int"]}, "function.returns"),
        ({"returns": "void"}, "function.returns"),
        ({"returns": "void", "inPlace": "none"}, "function.inPlace"),
        ({"returns": "void", "inPlace": "target"}, "function.inPlace"),
        ({"returns": "string", "inPlace": "nums"}, "function.inPlace"),
        ({"anyOrder": True}, "function.anyOrder"),
        ({"anyOrder": [0]}, "function.anyOrder"),
        ({"anyOrder": [2]}, "function.anyOrder"),
        ({"returns": "list[list[float]]"}, "function.anyOrder"),
        ({"tolerance": "1e-3"}, "function.tolerance"),
        ({"tolerance": -1}, "function.tolerance"),
        ({"colour": 1}, "function.colour"),
    ],
    ids=str,
)
def test_what_is_no_signature_is_told_where(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SignatureError) as raised:
        parse_signature(GOOD | change)
    assert raised.value.path == path


def test_a_block_that_is_no_mapping_is_told_so() -> None:
    with pytest.raises(SignatureError, match="must be a mapping"):
        parse_signature(["twoSum"])
