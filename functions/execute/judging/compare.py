"""Comparison of what a program wrote with what was expected. Bytes, not Unicode.

| mode   | free                                              | is not                        |
|--------|---------------------------------------------------|-------------------------------|
| exact  | nothing                                           |                               |
| lines  | white space at the end of lines, empty last lines | white space within a line     |
| tokens | white space between tokens and at the ends        | the tokens (the default)      |
| floats | as tokens, and numbers within a tolerance         | `inf`, `nan`, hexadecimal     |

Without `caseSensitive`, ASCII letters are equal to their other case in every mode.

In mode `floats` a token that is expected and reads as a number is compared as one, also
when it is an integer: right is what is within the absolute *or* the relative tolerance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.models import Comparison

#: ASCII only, as C's isspace: \x1c to \x1f are text. There is one way to read a text: `\d+\.?\d*`
#: has as many as there are digits, and took half a minute for 32 KB of them.
_NUMBER = re.compile(rb"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DEFAULT_TOLERANCE = 1e-9
#: What is shown of a line at most.
EXCERPT_BYTES = 200

Equal = Callable[[bytes, bytes], bool]


@dataclass(frozen=True)
class Difference:
    """Where an output first differs: the line, counted from 1, on both sides."""

    line: int
    expected: str
    got: str


def comparer(comparison: Comparison) -> Equal:
    """Whether an output (first) is as good as the expected one (second)."""
    compare = _MODES[comparison.mode](comparison)
    if comparison.case_sensitive:
        return compare
    return lambda output, expected: compare(output.lower(), expected.lower())


def _exact(_comparison: Comparison) -> Equal:
    return lambda output, expected: output == expected


def _lines(_comparison: Comparison) -> Equal:
    return lambda output, expected: _rows(output) == _rows(expected)


def _rows(text: bytes) -> list[bytes]:
    """Lines without the white space at their end, and without empty ones at the end."""
    return [line.rstrip() for line in text.rstrip().split(b"\n")]


def _tokens(_comparison: Comparison) -> Equal:
    return lambda output, expected: output.split() == expected.split()


def _floats(comparison: Comparison) -> Equal:
    relative, absolute = comparison.relative_tolerance, comparison.absolute_tolerance
    if relative is None and absolute is None:
        relative = absolute = _DEFAULT_TOLERANCE

    def near(got: bytes, wanted: bytes) -> bool:
        if got == wanted:
            return True
        if not _NUMBER.fullmatch(wanted) or not _NUMBER.fullmatch(got):
            return False
        off = abs(float(got) - float(wanted))
        if not math.isfinite(off):  # past what a double holds: only equal text is equal
            return False
        by_ratio = relative is not None and off <= relative * abs(float(wanted))
        return by_ratio or (absolute is not None and off <= absolute)

    def equal(output: bytes, expected: bytes) -> bool:
        got, wanted = output.split(), expected.split()
        return len(got) == len(wanted) and all(map(near, got, wanted))

    return equal


_MODES: dict[str, Callable[[Comparison], Equal]] = {
    "exact": _exact,
    "lines": _lines,
    "tokens": _tokens,
    "floats": _floats,
}


def difference(output: bytes, expected: bytes, equal: Equal) -> Difference | None:
    """The first line where they differ; None where no single line is to blame."""
    got, wanted = output.split(b"\n"), expected.split(b"\n")
    for index in range(max(len(got), len(wanted))):
        left = got[index] if index < len(got) else b""
        right = wanted[index] if index < len(wanted) else b""
        if left != right and not equal(left, right):
            return Difference(index + 1, _excerpt(right), _excerpt(left))
    return None


def _excerpt(line: bytes) -> str:
    cut = line[:EXCERPT_BYTES].decode(errors="replace")
    return cut + "…" if len(line) > EXCERPT_BYTES else cut
