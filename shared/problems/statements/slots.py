"""Marks in a text, for pieces of HTML that are put in after it was cleaned.

A mark is a number between two characters of the private use area. The source loses those
characters before it is read, but an author can still write them as `&#xE000;`. So a slot is
filled once: who forges a mark moves a formula, and cannot make a page grow.
"""

from __future__ import annotations

import re

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([0-9]{{1,6}}){_CLOSE}")
_ALONE = re.compile(rf"<p>\s*{_OPEN}([0-9]{{1,6}}){_CLOSE}\s*</p>")


def without_marks(text: str) -> str:
    """The text without the two characters that make a mark."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


class Slots:
    """Pieces of HTML that are harmless by how they were made."""

    def __init__(self) -> None:
        self._pieces: dict[int, str] = {}
        self._blocks: set[int] = set()
        self._used = 0

    def put(self, html: str, *, block: bool = False) -> str:
        """Keep a piece, and answer the mark for it. A block replaces the paragraph it is in."""
        self._used += 1
        self._pieces[self._used] = html
        if block:
            self._blocks.add(self._used)
        return f"{_OPEN}{self._used}{_CLOSE}"

    def fill(self, html: str) -> str:
        """Put every piece where its mark is. `html` is clean: no mark is in an attribute."""

        def block(match: re.Match[str]) -> str:
            number = int(match[1])
            return self._pieces.pop(number, "") if number in self._blocks else match[0]

        html = _ALONE.sub(block, html)
        return _MARK.sub(lambda match: self._pieces.pop(int(match[1]), ""), html)
