"""Signatures in one line, and values of their types."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.signatures import Signature, Type, parse_signature, parse_type


def made(returns: str = "list[int]", *parameters: str, **more: object) -> Signature:
    """A function `f` with parameters a, b, c ... of these types."""
    named = [{"name": "abcdefgh"[at], "type": kind} for at, kind in enumerate(parameters)]
    return parse_signature({"name": "f", "parameters": named, "returns": returns, **more})


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(1 - 2**53, 2**53 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False, width=64),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "char": st.characters(max_codepoint=127),
}


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type, as JSON has them."""
    if kind.kind in SCALARS:
        return SCALARS[kind.kind]
    inner = values(kind.of)
    if kind.kind == "optional":
        return st.none() | inner
    if kind.kind == "TreeNode":
        return st.lists(st.none() | inner, max_size=12).map(_tree)
    return st.lists(inner, max_size=4)


def _tree(entries: list[Any]) -> list[Any]:
    """As many of the entries as have a place, without null at the end."""
    places, kept = 1, []
    for entry in entries:
        if places == 0:
            break
        places += -1 if entry is None else 1
        kept.append(entry)
    while kept and kept[-1] is None:
        kept.pop()
    return kept


TYPES = [
    parse_type(text)
    for text in (
        *("int", "long", "float", "bool", "string", "char", "list[int]", "list[list[string]]"),
        *("list[char]", "list[list[char]]", "list[bool]", "list[float]", "optional[int]"),
        *(
            "list[optional[long]]",
            "optional[long]",
            "ListNode",
            "ListNode[string]",
            "list[ListNode]",
        ),
        *("TreeNode", "TreeNode[string]", "optional[string]", "list[list[list[long]]]"),
    )
]
