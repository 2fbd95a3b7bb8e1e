"""What a person at a terminal sees more than a pipe: colours, and a line that is written again."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from typing import Final, TextIO

_GREEN, _RED, _YELLOW = "32", "31", "33"
#: Verdicts that are no failure, and those that say nothing of the program.
_GOOD: Final = ("accepted", "completed")
_NOBODYS: Final = ("judge-error", "queue-timeout", "cancelled", "refused", "not kept")


def has_colours(sink: TextIO) -> bool:
    """Whether this is a terminal that shows colours, and nobody wants none (no-color.org)."""
    return sink.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"


def verdict(word: str, *, sink: TextIO) -> str:
    """A verdict in its colour: green, red, or yellow where it is nobody's fault."""
    return _painted(word, _GREEN if word in _GOOD else _YELLOW if word in _NOBODYS else _RED, sink)


def good(text: str, *, sink: TextIO) -> str:
    """What is well."""
    return _painted(text, _GREEN, sink)


def bad(text: str, *, sink: TextIO) -> str:
    """What is not."""
    return _painted(text, _RED, sink)


def _painted(text: str, code: str, sink: TextIO) -> str:
    return f"\033[{code}m{text}\033[0m" if has_colours(sink) else text


@contextlib.contextmanager
def shown(text: str) -> Iterator[None]:
    """A line at a terminal, as long as the context lasts; nothing at a pipe."""
    ticker = Ticker()
    ticker.show(text)
    try:
        yield
    finally:
        ticker.clear()


class Ticker:
    """One line on stderr that tells how far something is: at a terminal it is written again."""

    def __init__(self, sink: TextIO | None = None) -> None:
        self._sink = sink or sys.stderr
        self.is_live = self._sink.isatty()
        self._shown = False

    def show(self, text: str) -> None:
        """How far it is now; nothing at a pipe, where each word stays."""
        if self.is_live:
            room = shutil.get_terminal_size().columns - 1
            self._sink.write(f"\r\033[2K{text[:room]}")
            self._sink.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the line away, for what stays."""
        if self._shown:
            self._sink.write("\r\033[2K")
            self._sink.flush()
            self._shown = False
