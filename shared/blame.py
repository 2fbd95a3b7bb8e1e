"""What is wrong with JSON of another shape, in words: the field, what it is, what it may be.

msgspec says "Invalid enum value 'x' - at `$.priority`". The type that was asked for is
walked along that path, so that the answer can list what is allowed there. This is only
reached by a body that is refused; a good one costs nothing more.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import msgspec.inspect as shapes

from shared.errors import InvalidField, InvalidRequest

#: A caller's own words come back in an error, but not megabytes of them.
_MOST_ECHO = 200
_MOST_NAME = 80
#: Longer lists of what is allowed are left to the documentation.
_MOST_LISTED = 40

_WHERE = re.compile(r"(.*) - at `(?:key in )?\$((?:\.[^`]*|\[[^`]*)?)`", re.DOTALL)
_EXPECTED = re.compile(r"Expected `([^`]*)`, got `([^`]*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([^\]]*)\]")

_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
#: Where what came has another name than what was asked for.
_GOT = {"float": "a number with a fraction", "bool": "a boolean"}


def blame(message: str, kind: object, whole: str = "the body") -> InvalidRequest:
    """The error for what msgspec says of a value that is no `kind`; `whole` is all of it."""
    found = _WHERE.fullmatch(message)
    what, path = (found[1], found[2]) if found else (message, "")
    field = path.removeprefix(".")
    there = _at(kind, path)
    if unknown := _UNKNOWN.fullmatch(what):
        return _unknown(_join(field, unknown[1]), unknown[1], there)
    if missing := _MISSING.fullmatch(what):
        name = _join(field, missing[1])
        return InvalidField(f"{_name(name)} is missing", field=_name(name))
    subject = _name(field) or whole
    if expected := _EXPECTED.fullmatch(what):
        # `str` is all that msgspec says of a word out of a list.
        allowed = _list(_choices(there)) or _or(expected[1])
        why = f"{subject} must be {allowed}, not {_GOT.get(expected[2]) or _or(expected[2])}"
    elif choice := _CHOICE.fullmatch(what):
        why = f"{subject} must be {_list(_choices(there))}, not {clip(choice[1])}"
    else:  # "Number out of range" and the like
        why = f"{subject}: {clip(what[:1].lower() + what[1:])}"
    return InvalidField(why, field=subject) if field else InvalidRequest(why)


def _unknown(field: str, name: str, there: list[shapes.Type]) -> InvalidField:
    known = [
        it.encode_name
        for kind in there
        if isinstance(kind, shapes.StructType)
        for it in kind.fields
    ]
    near = difflib.get_close_matches(name[:_MOST_NAME], known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(sorted(known))
    why = f"{_name(field)} is not known; known are {listed}{hint}"
    return InvalidField(why, field=_name(field))


def _at(kind: object, path: str) -> list[shapes.Type]:
    """The types that a value at this path may be of; none if the path leads nowhere."""
    found = _alternatives(shapes.type_info(kind))
    for name, _ in _STEP.findall(path):
        found = [
            part for it in found for whole in _inside(it, name) for part in _alternatives(whole)
        ]
    return found


def _inside(kind: shapes.Type, name: str) -> Iterable[shapes.Type]:
    """What is in it under a name; under no name, its items."""
    if isinstance(kind, shapes.StructType):
        return [it.type for it in kind.fields if it.encode_name == name]
    if isinstance(kind, shapes.DictType):
        return [kind.value_type]
    if isinstance(kind, shapes.CollectionType):
        return [kind.item_type]
    return []


def _alternatives(kind: shapes.Type) -> list[shapes.Type]:
    return list(kind.types) if isinstance(kind, shapes.UnionType) else [kind]


def _choices(kinds: Iterable[shapes.Type]) -> list[str]:
    """The words of a closed list, in its own order."""
    words: list[str] = []
    for kind in kinds:
        if isinstance(kind, shapes.EnumType):
            words += [str(it.value) for it in kind.cls]
        elif isinstance(kind, shapes.LiteralType):
            words += [str(it) for it in kind.values]
    return words


def _list(words: list[str]) -> str:
    return f"one of {', '.join(words[:_MOST_LISTED])}" if words else ""


def _or(names: str) -> str:
    """`int | null`, in words."""
    return " or ".join(_WORDS.get(name, name) for name in names.split(" | "))


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _name(field: str) -> str:
    return clip(field, _MOST_NAME)


def clip(text: str, most: int = _MOST_ECHO) -> str:
    """No more of a caller's words than fit into an error."""
    return text if len(text) <= most else text[:most] + "…"
