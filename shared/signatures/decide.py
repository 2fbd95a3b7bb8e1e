"""Whether what a program handed back is right. Plain data only, outside of its process.

Nothing of the program takes part: there is no object of its, no `==` of its, no `repr`. The
bytes that came are forged at will, and that gains nothing: they say a value, and the
value is right or it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.signatures.signature import DEFAULT_TOLERANCE, Signature
from shared.signatures.types import Type
from shared.signatures.values import ValueRefused, check, check_plain, read_answers, read_json

_SHOWN = 120


@dataclass(frozen=True)
class Decision:
    """What was decided of one result."""

    accepted: bool
    #: Why not, in words that hold nothing of the right value.
    message: str = ""
    #: The first difference, with both values: for who may see the right one.
    difference: str = ""
    #: Whether there was one JSON value at all.
    is_value: bool = True


def decide(signature: Signature | None, expected: bytes, got: bytes) -> Decision:
    """Compare a result with the right values.

    Args:
        signature: without one, plain JSON values are compared.
        expected: the content of a `.ans`.
        got: what the harness left; with `inPlace` and an int that is returned, both: [n, list].

    Raises:
        ValueRefused: `expected` is no answer; that is never the program's fault.
    """
    answers = read_answers(signature, expected)
    try:
        value = read_json(got)
    except ValueRefused as error:
        return Decision(False, f"what came back {error}", is_value=error.is_json)
    try:
        value = _result(signature, value)
    except ValueRefused as error:
        return Decision(False, str(error))
    if any(_right(signature, answer, value) for answer in answers):
        return Decision(True)
    return Decision(False, "the result is wrong", _explained(signature, answers, value))


def _result(signature: Signature | None, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """What is to be compared, of its type."""
    if signature is None:
        check_plain(value, "the result")
        return value
    if signature.cut:
        if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int:
            raise ValueRefused("the result", "must be an int, and the list")
        count, value = value
        check(signature.result, value, "the result")
        if not 0 <= count <= len(value):
            raise ValueRefused("the result", f"says {count} of {len(value)} elements")
        return value[:count]
    check(signature.result, value, "the result")
    return value


def _right(signature: Signature | None, answer: Any, value: Any) -> bool:  # noqa: ANN401
    if signature is None:
        return _same_plain(answer, value)
    kind, orders = signature.result, signature.any_order
    if orders or kind.mentions("TreeNode"):
        answer, value = (_canonical(kind, it, orders, 1) for it in (answer, value))
    if not kind.mentions("float"):
        return bool(answer == value)
    return _same(kind, answer, value, signature.tolerance)


def _canonical(kind: Type, value: Any, orders: frozenset[int], depth: int) -> Any:  # noqa: ANN401
    """The value in the one form that all equal ones have."""
    if value is None:
        return None
    if kind.kind == "optional":
        return _canonical(kind.of, value, orders, depth)
    if kind.kind == "TreeNode":
        end = len(value)
        while end and value[end - 1] is None:
            end -= 1
        return value[:end]
    if kind.kind != "list":
        return value
    found = [_canonical(kind.of, it, orders, depth + 1) for it in value]
    return sorted(found, key=_key) if depth in orders else found


def _key(value: Any) -> Any:  # noqa: ANN401 - whatever sorts
    if isinstance(value, list):
        return (1, [_key(it) for it in value])
    return (0, 0) if value is None else (1, value)


def _same(kind: Type, answer: Any, value: Any, tolerance: float) -> bool:  # noqa: ANN401
    if answer is None or value is None:
        return answer is value
    if kind.kind == "optional":
        return _same(kind.of, answer, value, tolerance)
    if kind.kind == "float":
        return _near(answer, value, tolerance)
    if kind.inner is None:
        return bool(answer == value)
    return len(answer) == len(value) and all(
        _same(kind.of, one, other, tolerance) for one, other in zip(answer, value, strict=True)
    )


def _near(answer: float, value: float, tolerance: float) -> bool:
    return abs(answer - value) <= tolerance * max(1.0, abs(answer))


def _same_plain(answer: Any, value: Any) -> bool:  # noqa: ANN401
    kinds = {type(answer), type(value)}
    if kinds == {int, float} or kinds == {float}:
        try:
            return _near(answer, value, DEFAULT_TOLERANCE)
        except OverflowError:  # an int that no float holds
            return False
    if len(kinds) > 1:
        return False
    if isinstance(answer, list):
        return len(answer) == len(value) and all(map(_same_plain, answer, value))
    if isinstance(answer, dict):
        return answer.keys() == value.keys() and all(
            _same_plain(entry, value[key]) for key, entry in answer.items()
        )
    return bool(answer == value)


def _explained(signature: Signature | None, answers: list[Any], value: Any) -> str:  # noqa: ANN401
    """Both values, or where they part."""
    if signature is not None and signature.any_order:
        text = f"the result is {_shown(value)}, expected {_shown(answers[0])} in any order"
    else:
        text = _difference(answers[0], value)
    return text if len(answers) == 1 else f"{text}, or another right value"


def _difference(answer: Any, value: Any, path: str = "the result") -> str:  # noqa: ANN401
    """Where they part first, taken in order."""
    if isinstance(answer, list) and isinstance(value, list):
        for index, (one, other) in enumerate(zip(answer, value, strict=False)):
            if not _same_plain(one, other):
                return _difference(one, other, f"{path}[{index}]")
        if len(answer) != len(value):
            return f"{path} has {len(value)} elements, expected {len(answer)}"
    return f"{path} is {_shown(value)}, expected {_shown(answer)}"


def _shown(value: Any) -> str:  # noqa: ANN401
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
