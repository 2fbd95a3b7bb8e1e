"""The signature of a function problem: the block `function` of a package's assay.yaml.

| key        | meaning                                                                      |
|------------|------------------------------------------------------------------------------|
| name       | of the function, or of the method of `class Solution`                        |
| parameters | a list of {name, type}, in order                                             |
| returns    | a type, or `void`                                                            |
| inPlace    | the parameter that is the result, as it is after the call. With `returns:    |
|            | int` the result is as many of its first elements as the call returned        |
| anyOrder   | depths at which order does not matter: [1] for the elements of the list,     |
|            | [2] for the elements of each list in it, [1, 2] for both                     |
| tolerance  | how far a float may be off, absolutely or in proportion; 1e-5 unless said    |

The same block, as JSON, is `call.signature` of a submission.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import Any

from shared.signatures.types import NODES, VOID, Type, parse_type

DEFAULT_TOLERANCE = 1e-5
MAX_PARAMETERS = 16
_MAX_NAME = 64
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_KEYS = ("name", "parameters", "returns", "inPlace", "anyOrder", "tolerance")
#: Words that are no names in one of the languages a starter is made for.
_RESERVED = frozenset(keyword.kwlist) | frozenset(
    """
    abstract arguments auto bool boolean break byte case catch char chan class const continue
    debugger default defer delete do double else enum eval export extends extern fallthrough
    final float for func function go goto if implements import inline instanceof int interface
    let long map namespace native new null operator package private protected public range
    register return select self short signed sizeof static struct super switch template this
    throw transient try type typedef typeof union unsigned using var virtual void volatile
    while with yield
    """.split()  # noqa: SIM905
)


class SignatureError(ValueError):
    """A block that is no signature; `path` says where in it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


@dataclass(frozen=True)
class Parameter:
    """One parameter."""

    name: str
    type: Type


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A function: what it takes, what it gives, and how that is compared."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    in_place: int | None = None
    any_order: frozenset[int] = frozenset()
    tolerance: float = DEFAULT_TOLERANCE

    @property
    def result(self) -> Type:
        """The type of what is compared."""
        return self.returns if self.in_place is None else self.parameters[self.in_place].type

    @property
    def cut(self) -> bool:
        """Whether the call returns how much of the parameter is the result."""
        return self.in_place is not None and self.returns != VOID

    def mentions(self, kind: str) -> bool:
        """Whether a parameter or the result is, or holds, a kind of type."""
        return any(it.mentions(kind) for it in self._types)

    def node_value(self, kind: str) -> str:
        """What ListNode or TreeNode holds: one thing in all of a signature."""
        return next(iter(self.node_values(kind)), "int")

    def node_values(self, kind: str) -> set[str]:
        """All that nodes of a kind hold."""
        found = set()
        for it in self._types:
            while it.kind != kind and it.inner is not None:
                it = it.inner
            found |= {it.of.kind} if it.kind == kind else set()
        return found

    @property
    def _types(self) -> list[Type]:
        return [self.returns, *(parameter.type for parameter in self.parameters)]


def parse_signature(block: Any, path: str = "function") -> Signature:  # noqa: ANN401 - any YAML
    """The signature that a block of plain data says.

    Args:
        path: what errors call the block.

    Raises:
        SignatureError: with the path of the first thing that is wrong.
    """
    keys = _mapping(block, path, _KEYS)
    name = parse_name(keys.get("name"), f"{path}.name")
    parameters = _parameters(keys.get("parameters", []), f"{path}.parameters")
    returns = _type(keys.get("returns"), f"{path}.returns")
    in_place = _in_place(keys.get("inPlace"), parameters, returns, f"{path}.inPlace")
    signature = Signature(
        name=name,
        parameters=parameters,
        returns=returns,
        in_place=in_place,
        any_order=_any_order(keys.get("anyOrder"), f"{path}.anyOrder"),
        tolerance=_tolerance(keys.get("tolerance"), f"{path}.tolerance"),
    )
    if signature.result == VOID:
        why = "is void: then `inPlace` has to name the parameter that is the result"
        raise SignatureError(f"{path}.returns", why)
    for kind in NODES:
        if len(values := signature.node_values(kind)) > 1:
            why = f"{kind} cannot hold {' here and '.join(sorted(values))} there: it is one class"
            raise SignatureError(path, why)
    _check_any_order(signature, f"{path}.anyOrder")
    return signature


def parse_name(value: Any, path: str) -> str:  # noqa: ANN401
    """A name that is one in every language.

    Raises:
        SignatureError: it is not.
    """
    if not isinstance(value, str):
        raise SignatureError(path, "must be a name")
    if len(value) > _MAX_NAME or not _NAME.fullmatch(value):
        why = f"must be at most {_MAX_NAME} letters, digits and '_', and begin with a letter"
        raise SignatureError(path, why)
    if value in _RESERVED:
        raise SignatureError(path, f"{value!r} is a word of one of the languages")
    return value


def _mapping(value: Any, path: str, known: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise SignatureError(path, f"must be a mapping of {', '.join(known)}")
    for key in value:
        if key not in known:
            raise SignatureError(f"{path}.{key}", f"is unknown; there are {', '.join(known)}")
    return value


def _parameters(value: Any, path: str) -> tuple[Parameter, ...]:  # noqa: ANN401
    if not isinstance(value, list):
        raise SignatureError(path, "must be a list of {name, type}")
    if len(value) > MAX_PARAMETERS:
        raise SignatureError(path, f"has {len(value)} entries; {MAX_PARAMETERS} are allowed")
    found: list[Parameter] = []
    for index, entry in enumerate(value):
        where = f"{path}[{index}]"
        keys = _mapping(entry, where, ("name", "type"))
        name = parse_name(keys.get("name"), f"{where}.name")
        kind = _type(keys.get("type"), f"{where}.type")
        if kind == VOID:
            raise SignatureError(f"{where}.type", "void is no value")
        if any(name == other.name for other in found):
            raise SignatureError(f"{where}.name", f"{name!r} is there twice")
        found.append(Parameter(name, kind))
    return tuple(found)


def _type(value: Any, path: str) -> Type:  # noqa: ANN401
    if not isinstance(value, str):
        raise SignatureError(path, "must be a type, such as list[int]")
    try:
        return parse_type(value)
    except ValueError as error:
        raise SignatureError(path, str(error)) from None


def _in_place(
    value: Any,  # noqa: ANN401
    parameters: tuple[Parameter, ...],
    returns: Type,
    path: str,
) -> int | None:
    if value is None:
        return None
    names = [parameter.name for parameter in parameters]
    if value not in names:
        raise SignatureError(path, f"{value!r} is none of the parameters: {', '.join(names)}")
    index = names.index(value)
    if parameters[index].type.kind not in ("list", "ListNode", "TreeNode"):
        raise SignatureError(path, f"{parameters[index].type} cannot be changed in place")
    if returns != VOID and (returns.kind != "int" or parameters[index].type.kind != "list"):
        why = "needs `returns: void`, or of a list `returns: int`: how many of its elements count"
        raise SignatureError(path, why)
    return index


def _any_order(value: Any, path: str) -> frozenset[int]:  # noqa: ANN401
    value = [] if value is None else value
    if not isinstance(value, list) or not all(type(it) is int and it > 0 for it in value):
        raise SignatureError(path, "must be a list of depths, such as [1]")
    return frozenset(value)


def _check_any_order(signature: Signature, path: str) -> None:
    for depth in signature.any_order:
        kind = _plain(signature.result)
        for _ in range(depth - 1):
            kind = _plain(kind.of) if kind.kind == "list" else VOID
        if kind.kind != "list":
            raise SignatureError(path, f"the result, {signature.result}, has no list at {depth}")
        if kind.of.kind != "float" and kind.of.mentions("float"):
            why = f"{kind.of} cannot be in any order: what is nearly equal has no one partner"
            raise SignatureError(path, why)


def _plain(kind: Type) -> Type:
    return kind.of if kind.kind == "optional" else kind


def _tolerance(value: Any, path: str) -> float:  # noqa: ANN401
    if value is None:
        return DEFAULT_TOLERANCE
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise SignatureError(path, "must be a number from 0 to 1")
    return float(value)
