"""The types of a signature: what they are called, and how they are written in JSON.

| type           | JSON                                                                     |
|----------------|--------------------------------------------------------------------------|
| int            | a whole number of 32 bits                                                |
| long           | a whole number up to 2^53 - 1, which every language has exactly          |
| float          | a finite number                                                          |
| bool           | true, false                                                              |
| string, char   | a string; of one ASCII character                                         |
| list[T]        | an array                                                                 |
| optional[T]    | null, or as T                                                            |
| ListNode[T]    | an array: the values of a linked list; [] is no node at all              |
| TreeNode[T]    | an array: level by level, null where a node has no child, as in          |
|                | [1, null, 2]; null at the end may be left out; [] is no node at all      |
| void           | nothing is returned                                                      |

`ListNode` and `TreeNode` alone are of int.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SCALARS = ("int", "long", "float", "bool", "string", "char")
NODES = ("ListNode", "TreeNode")
_GENERIC = ("list", "optional", *NODES)
_DEEPEST = 8
_MOST_CHARACTERS = 128
_TOKEN = re.compile(r"\s*([A-Za-z]+|\[|\]|\S)")


@dataclass(frozen=True)
class Type:
    """A type; `inner` is what a generic one is of."""

    kind: str
    inner: Type | None = None

    @property
    def of(self) -> Type:
        """What a generic type is of."""
        assert self.inner is not None
        return self.inner

    def mentions(self, *kinds: str) -> bool:
        """Whether one of these kinds is in it, at whatever depth."""
        return self.kind in kinds or (self.inner is not None and self.inner.mentions(*kinds))

    def tree(self) -> list[Any]:
        """As plain data for a harness: ["list", ["int"]]."""
        return [self.kind] if self.inner is None else [self.kind, self.inner.tree()]

    def __str__(self) -> str:
        return self.kind if self.inner is None else f"{self.kind}[{self.inner}]"


VOID = Type("void")


def parse_type(text: str) -> Type:
    """The type that a text names.

    Raises:
        ValueError: it names none; says why.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"a type has at most {_MOST_CHARACTERS} characters")
    tokens = _TOKEN.findall(text)
    found = _parse(tokens, 1)
    if tokens:
        raise ValueError(f"{text!r} is no type: there is more after {str(found)!r}")
    return found


def _parse(tokens: list[str], depth: int) -> Type:
    if depth > _DEEPEST:
        raise ValueError(f"types may be nested {_DEEPEST} deep")
    name = tokens.pop(0) if tokens else ""
    if name in SCALARS or name == "void":
        return VOID if name == "void" else Type(name)
    if name not in _GENERIC:
        known = ", ".join((*SCALARS, *(f"{it}[T]" for it in _GENERIC), "void"))
        raise ValueError(f"{name!r} is no type; there are: {known}")
    if tokens[:1] != ["["]:
        if name in NODES:
            return Type(name, Type("int"))
        raise ValueError(f"{name!r} needs to say of what: {name}[int]")
    tokens.pop(0)
    inner = _parse(tokens, depth + 1)
    if tokens[:1] != ["]"]:
        raise ValueError(f"a ']' is missing after '{name}[{inner}'")
    tokens.pop(0)
    return _checked(Type(name, inner))


def _checked(made: Type) -> Type:
    inner = made.of
    if inner == VOID:
        raise ValueError(f"{made} cannot be: void is no value")
    if made.kind in NODES and inner.kind not in SCALARS:
        raise ValueError(f"{made} cannot be: nodes hold {', '.join(SCALARS)}")
    if made.kind == "optional" and inner.kind in ("optional", *NODES):
        raise ValueError(f"{made} cannot be: {inner.kind} may be null already")
    return made
