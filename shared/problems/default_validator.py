"""The default output validator of the package format, as a pure function of bytes.

| flag                         | what it changes                                              |
|------------------------------|--------------------------------------------------------------|
| `case_sensitive`             | ASCII letters must have the same case                        |
| `space_change_sensitive`     | each run of white space must be the same, the first and last |
|                              | ones too                                                     |
| `float_relative_tolerance E` | a number is right within E times the expected one            |
| `float_absolute_tolerance E` | a number is right within E                                   |
| `float_tolerance E`          | both                                                         |

With both tolerances one is enough. With any, a token that is expected and reads as a
number is compared as one, also when it is an integer. White space is what C's `isspace`
says, which is what `bytes.split` says, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

_NUMBER = re.compile(rb"[+-]?(?:[0-9]*\.[0-9]+|[0-9]+\.?)(?:[eE][+-]?[0-9]+)?")
_PIECE = re.compile(rb"[ \t-\r]+|[^ \t-\r]+")
#: What a message shows of a token at most.
_MOST_SHOWN = 60


class FlagsError(ValueError):
    """Flags that the default validator does not know."""


@dataclass(frozen=True)
class Flags:
    """How strict the comparison is; `None`: numbers are text."""

    case_sensitive: bool = False
    space_change_sensitive: bool = False
    relative_tolerance: float | None = None
    absolute_tolerance: float | None = None

    @property
    def compares_numbers(self) -> bool:
        """Whether any tolerance is set."""
        return self.relative_tolerance is not None or self.absolute_tolerance is not None


@dataclass(frozen=True)
class Compared:
    """Whether an output is right; if not, where it first differs, in words for judges."""

    accepted: bool
    message: str = ""


_ACCEPTED = Compared(True)


def parse_flags(args: Sequence[str]) -> Flags:
    """Flags from a validator's arguments.

    Raises:
        FlagsError: an unknown one, or a tolerance that is no number.
    """
    flags: dict[str, bool | float] = {}
    words = iter(args)
    for word in words:
        if word in ("case_sensitive", "space_change_sensitive"):
            flags[word] = True
        elif word in ("float_tolerance", "float_relative_tolerance", "float_absolute_tolerance"):
            tolerance = _tolerance(word, next(words, None))
            for kind in ("relative", "absolute"):
                if word in ("float_tolerance", f"float_{kind}_tolerance"):
                    flags[f"{kind}_tolerance"] = tolerance
        else:
            raise FlagsError(f"the default validator has no flag {word!r}")
    return Flags(**flags)  # type: ignore[arg-type]


def _tolerance(flag: str, text: str | None) -> float:
    if text is None:
        raise FlagsError(f"{flag} needs a number behind it")
    if not _NUMBER.fullmatch(text.encode()) or not 0 <= float(text) < math.inf:
        raise FlagsError(f"{flag} needs a number that is not negative, not {text!r}")
    return float(text)


def validate(output: bytes, answer: bytes, flags: Flags) -> Compared:
    """Judge an output against the answer file."""
    if _same(output, answer, flags):
        return _ACCEPTED
    if not flags.space_change_sensitive:
        got, wanted = output.split(), answer.split()
        if got == wanted or (
            len(got) == len(wanted)
            and all(a == b or _near(a, b, flags) for a, b in zip(got, wanted, strict=True))
        ):
            return _ACCEPTED
    return _walk(output, answer, flags)


def _same(output: bytes, answer: bytes, flags: Flags) -> bool:
    """Whether they are equal at one glance, which most right outputs are."""
    return output == answer or (not flags.case_sensitive and output.lower() == answer.lower())


def _walk(output: bytes, answer: bytes, flags: Flags) -> Compared:
    """Compare piece by piece, until the first difference."""
    for count, (got, wanted) in enumerate(
        zip_longest(_pieces(output, flags), _pieces(answer, flags)), start=1
    ):
        if got == wanted:
            continue
        if got is None or wanted is None or not _near(got[0], wanted[0], flags):
            return Compared(False, _message(got, wanted, answer, count, flags))
    return _ACCEPTED


#: A token or a run of white space, and where it begins.
_Piece = tuple[bytes, int]


def _pieces(text: bytes, flags: Flags) -> Iterator[_Piece]:
    for found in _PIECE.finditer(text):
        if flags.space_change_sensitive or not found[0].isspace():
            yield found[0], found.start()


def _near(got: bytes, wanted: bytes, flags: Flags) -> bool:
    if got == wanted:
        return True
    if flags.compares_numbers and _NUMBER.fullmatch(wanted):
        return bool(_NUMBER.fullmatch(got)) and _within(float(got), float(wanted), flags)
    if flags.case_sensitive or got.isspace():
        return False
    return got.lower() == wanted.lower()


def _within(got: float, wanted: float, flags: Flags) -> bool:
    if not math.isfinite(got) or not math.isfinite(wanted):
        return got == wanted  # past what a double holds, on the same side
    off = abs(got - wanted)
    relative, absolute = flags.relative_tolerance, flags.absolute_tolerance
    return (absolute is not None and off <= absolute) or (
        relative is not None and off <= relative * abs(wanted)
    )


def _message(
    got: _Piece | None, wanted: _Piece | None, answer: bytes, count: int, flags: Flags
) -> str:
    if wanted is None:
        assert got is not None
        return f"the answer is complete, but the output goes on: {_shown(got[0])}"
    line = answer.count(b"\n", 0, wanted[1]) + 1
    what = "token or space" if flags.space_change_sensitive else "token"
    place = f"{what} {count} (line {line} of the answer)"
    if got is None:
        return f"{place}: expected {_shown(wanted[0])}, but the output ends"
    return f"{place}: expected {_shown(wanted[0])}, got {_shown(got[0])}"


def _shown(piece: bytes) -> str:
    """A token as ASCII, cut to what a person reads."""
    text = repr(piece[:_MOST_SHOWN])[1:]
    return f"{text}… ({len(piece)} bytes)" if len(piece) > _MOST_SHOWN else text
