"""Values of a signature's types, read from JSON that anybody may have written.

What a program hands back is hostile: it is measured before it is read, numbers are measured
before they are converted, and nesting ends where the parser's own guard does. Types are
strict: true is no int, 2.0 is no int, NaN is no value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from shared.signatures.signature import Parameter, Signature
from shared.signatures.types import Type

#: Of one argument list, one expected value, or one result.
MAX_VALUE_BYTES = 8 * 1024 * 1024
#: Of one number; also what CPython converts without being asked twice.
_MAX_DIGITS = 4_300
#: Where there is no signature to say how deep a value may be.
_DEEPEST = 64

_RANGES = {"int": (-(2**31), 2**31 - 1), "long": (1 - 2**53, 2**53 - 1)}
_CLASSES: dict[str, frozenset[type]] = {
    "int": frozenset({int}),
    "long": frozenset({int}),
    "float": frozenset({int, float}),
    "bool": frozenset({bool}),
    "string": frozenset({str}),
    "char": frozenset({str}),
}
_WORDS = {int: "an int", float: "a float", bool: "a bool", str: "a string", dict: "an object"}


class ValueRefused(ValueError):
    """JSON that is no value of the type; `path` says where in it."""

    def __init__(self, path: str, why: str, *, is_json: bool = True) -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.path, self.why = path, why
        #: Whether there was one JSON value at all, if not one that can be taken.
        self.is_json = is_json


def read_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON
    """The one value that the bytes are.

    Raises:
        ValueRefused: they are none, or more than one, or not what any program means.
    """
    if len(data) > MAX_VALUE_BYTES:
        raise ValueRefused("", f"has {len(data)} bytes; {MAX_VALUE_BYTES} are allowed")
    try:
        return json.loads(
            data.decode(),
            parse_int=_int,
            parse_float=_float,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueRefused("", "is nested too deeply", is_json=False) from None
    except UnicodeDecodeError:
        raise ValueRefused("", "is not UTF-8", is_json=False) from None
    except json.JSONDecodeError as error:
        raise ValueRefused("", f"is not one JSON value: {error}", is_json=False) from None


def _int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueRefused("", f"holds a number of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    if len(text) > _MAX_DIGITS:
        raise ValueRefused("", f"holds a number of {len(text)} digits")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueRefused("", "holds a number that is too large for a float")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueRefused("", f"holds {name}, which is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueRefused("", "holds an object with a key that is there twice")
    return found


def check(kind: Type, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON
    """Raise ValueRefused unless a value is of a type."""
    if kind.kind == "optional":
        if value is not None:
            check(kind.of, value, path)
    elif kind.kind in _CLASSES:
        _check_scalar(kind.kind, value, path)
    elif not isinstance(value, list):
        raise ValueRefused(path, f"must be a list for {kind}, not {_word(value)}")
    elif kind.kind == "TreeNode":
        _check_tree(kind, value, path)
    else:
        _check_all(kind.of, value, path)


def _check_all(kind: Type, values: list[Any], path: str) -> None:
    """Every element. Long lists of numbers are checked without a loop of ours."""
    if kind.kind in _RANGES and set(map(type, values)) == {int}:
        least, most = _RANGES[kind.kind]
        if least <= min(values) and max(values) <= most:
            return
    for index, value in enumerate(values):
        check(kind, value, f"{path}[{index}]")


def _check_scalar(kind: str, value: Any, path: str) -> None:  # noqa: ANN401
    if type(value) not in _CLASSES[kind]:
        raise ValueRefused(path, f"must be of type {kind}, not {_word(value)}")
    if kind in _RANGES and not _RANGES[kind][0] <= value <= _RANGES[kind][1]:
        raise ValueRefused(path, f"is outside of what {kind} holds")
    if kind == "float" and type(value) is int and abs(value) > 2**1000:
        raise ValueRefused(path, "is outside of what float holds")
    if kind == "char" and not (len(value) == 1 and value.isascii()):
        raise ValueRefused(path, "must be one ASCII character")
    if kind == "string":
        _check_text(value, path)


def _check_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueRefused(path, "holds half of a surrogate pair") from None


def _check_tree(kind: Type, values: list[Any], path: str) -> None:
    """A level-order list: every entry but the first takes one of two places of a node above."""
    places = 1
    for index, value in enumerate(values):
        if places == 0:
            raise ValueRefused(f"{path}[{index}]", "has no node above it")
        places -= 1
        if value is not None:
            _check_scalar(kind.of.kind, value, f"{path}[{index}]")
            places += 2


def check_plain(value: Any, path: str, depth: int = 0) -> None:  # noqa: ANN401
    """Raise ValueRefused unless a value without a signature is of bounded depth, and text."""
    if depth > _DEEPEST:
        raise ValueRefused("", f"is nested more than {_DEEPEST} deep")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            check_plain(entry, f"{path}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, entry in value.items():
            _check_text(key, path)
            check_plain(entry, f"{path}.{key[:32]}", depth + 1)


def _word(value: object) -> str:
    if value is None:
        return "null"
    return _WORDS.get(type(value), "a list")


# -- test data ------------------------------------------------------------------------


def read_arguments(signature: Signature, data: bytes) -> list[Any]:
    """The arguments that a `.in` holds: a JSON value on a line for each parameter.

    Raises:
        ValueRefused: it does not; the path names the parameter.
    """
    lines = data.split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) != len(signature.parameters):
        raise ValueRefused("", f"{len(lines)} lines for {_listed(signature.parameters)}")
    found = []
    for number, (line, parameter) in enumerate(zip(lines, signature.parameters, strict=True), 1):
        try:
            found.append(read_json(line))
        except ValueRefused as error:
            raise ValueRefused(f"line {number}, {parameter.name}", error.why) from None
    check_arguments(signature, found)
    return found


def _listed(parameters: Iterable[Parameter]) -> str:
    named = [f"{parameter.name}: {parameter.type}" for parameter in parameters]
    return f"{len(named)} parameters ({', '.join(named)})" if named else "no parameters"


def check_arguments(signature: Signature, values: list[Any], path: str = "") -> None:
    """Raise ValueRefused unless there is a value of its type for each parameter."""
    if len(values) != len(signature.parameters):
        raise ValueRefused(path, f"{len(values)} values for {_listed(signature.parameters)}")
    for index, (value, parameter) in enumerate(zip(values, signature.parameters, strict=True)):
        check(parameter.type, value, f"{path}[{index}]" if path else parameter.name)


def read_answers(signature: Signature | None, data: bytes) -> list[Any]:
    """The values that are right: what a `.ans` holds is one, or {"anyOf": [...]}.

    Raises:
        ValueRefused: it holds none, or one that is not of the result's type.
    """
    value = read_json(data)
    several = isinstance(value, dict) and value.keys() == {"anyOf"}
    answers = value["anyOf"] if several else [value]
    if not isinstance(answers, list) or not answers:
        raise ValueRefused("anyOf", "must be a list of at least one value")
    for index, answer in enumerate(answers):
        path = f"anyOf[{index}]" if several else "the value"
        if signature is None:
            check_plain(answer, path)
        else:
            check(signature.result, answer, path)
    return answers


def check_test(signature: Signature, arguments: bytes, answer: bytes) -> None:
    """Raise ValueRefused unless `.in` and `.ans` of a test are what the signature says."""
    read_arguments(signature, arguments)
    read_answers(signature, answer)
