"""Reading LaTeX source: a place in it, and what can be taken from there.

Nothing here goes back, but for macros, whose bodies are put in at the place; how much that
may add is bounded. A delimiter that was once looked for in vain is not looked for again. So
reading ends, in time that grows with the length of the source alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_EXPANSIONS = 2_000
MAX_EXPANDED = 128 * 1024

_WORD = re.compile(r"([A-Za-z]+\*?)(?:[ \t]*\n(?![ \t]*\n)[ \t]*|[ \t]*)|(.|$)", re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\n]|%[^\n]*\n?)*")
_BRACKET = re.compile(r"\[([^\[\]\n]{0,400})\]")
_PARAMETER = re.compile(r"#([1-9])")
_DOLLARS = re.compile(r"(?:[^$\\]|\\.)*", re.DOTALL)


class Reader:
    """The source and a place in it."""

    def __init__(self, source: str, warn: Callable[[str], None]) -> None:
        self.source = source
        self.at = 0
        self.warn = warn
        self.macros: dict[str, tuple[int, str]] = {}
        self._missing: set[str] = set()
        self._expansions = 0
        self._expanded = 0

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Take what a pattern finds exactly here."""
        found = pattern.match(self.source, self.at)
        if found:
            self.at = found.end()
        return found

    def word(self) -> str:
        """Take a command after its backslash: letters, or one other character."""
        found = self.match(_WORD)
        assert found is not None
        return found[1] or found[2]

    def until(self, end: str) -> str | None:
        """Take the text up to a delimiter and the delimiter; nothing if there is none."""
        if end in self._missing:
            return None
        found = self.source.find(end, self.at)
        if found < 0:
            self._missing.add(end)
            self.warn(f"{end} is missing")
            return None
        text = self.source[self.at : found]
        self.at = found + len(end)
        return text

    def dollars(self, delimiter: str) -> str | None:
        """Take the rest of a formula after its opening `$` or `$$`."""
        if delimiter in self._missing:
            return None
        found = _DOLLARS.match(self.source, self.at)
        assert found is not None
        if not self.source.startswith(delimiter, found.end()):
            self._missing.add(delimiter)
            self.warn(f"a formula has no closing {delimiter}")
            return None
        self.at = found.end() + len(delimiter)
        return found[0]

    def argument(self) -> str:
        """Take `{...}` as source; or one character or command, as TeX does."""
        self.match(_BLANK)
        if self.source.startswith("\\", self.at):
            self.at += 1
            return "\\" + self.word()
        if not self.source.startswith("{", self.at):
            self.at += 1
            return self.source[self.at - 1 : self.at]
        start = self.at + 1
        end = _closing(self.source, start) if "}" not in self._missing else -1
        if end < 0:
            self._missing.add("}")
            self.warn("a closing brace is missing")
            self.at = start
            return ""
        self.at = end + 1
        return self.source[start:end]

    def option(self) -> str | None:
        """Take `[...]` if it is there."""
        found = self.match(_BRACKET)
        return found[1] if found else None

    def opens(self) -> bool:
        """Whether `{` comes next; blanks before it are taken then."""
        found = _BLANK.match(self.source, self.at)
        place = found.end() if found else self.at
        if self.source.startswith("{", place) and "\n\n" not in self.source[self.at : place]:
            self.at = place
            return True
        return False

    def define(self) -> None:
        """Take what follows `\\newcommand`."""
        name = self.argument().strip().removeprefix("\\")
        count = self.option()
        default = self.option()
        body = self.argument()
        if (count is not None and not count.isdigit()) or default is not None:
            self.warn(f"\\{name} has an optional argument: it is not expanded")
        elif re.fullmatch(r"[A-Za-z]+", name):
            self.macros[name] = (int(count or 0), body)

    def expand(self, name: str) -> bool:
        """Put the body of a macro in here; False if it is none, or there were too many."""
        if name not in self.macros:
            return False
        count, body = self.macros[name]
        values = [self.argument() for _ in range(min(count, 9))]
        text = fill(body, values)
        self._expansions += 1
        self._expanded += len(text)
        if self._expansions > MAX_EXPANSIONS or self._expanded > MAX_EXPANDED:
            self.warn("macros expand to too much: the rest is left out")
            self.at = len(self.source)
            return True
        self.source = text + self.source[self.at :]
        self.at = 0
        return True


def fill(body: str, values: list[str]) -> str:
    """The body of a macro with its values in it."""

    def value(match: re.Match[str]) -> str:
        number = int(match[1])
        return values[number - 1] if number <= len(values) else ""

    return _PARAMETER.sub(value, body)


_BRACE = re.compile(r"\\.|[{}]|%[^\n]*", re.DOTALL)


def _closing(source: str, start: int) -> int:
    """Where the group that was opened before `start` closes; -1 if it does not."""
    depth = 1
    for found in _BRACE.finditer(source, start):
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0:
            return found.start()
    return -1
