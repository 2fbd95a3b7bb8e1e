"""From the files of `shared/lua` to the text that Redis runs as one script.

Theory of operation. Redis runs the whole text of a script at each call. Whatever stands above
the script is made anew each time: with all of the libraries (`_*.lua`) that took longer than
what most scripts do. So a script has above it what it uses of them, and nothing else. What that
is, its words tell: a definition is taken if its name occurs, and its own words count as well. A
name that occurs by chance takes in too much, which costs a little and changes nothing.

The names of keys stand in the text, too. A call does not send them; they are the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "lua"

#: In this order: what a library uses but by a table stands in one before it.
_LIBRARIES = (
    "_lib.lua",
    "_schedule.lua",
    "_admit.lua",
    "_batch.lua",
    "_standings.lua",
    "_once.lua",
    "_archive.lua",
    "_rate.lua",
    "_others.lua",
)

_BEGINS = re.compile(r"^(?=local |function )", re.MULTILINE)
_NAMES = re.compile(r"(?:local )?function ([\w.]+)|local ([\w, ]+)")
_COMMENT = re.compile(r"(?<!['\"])--.*")
_WORD = re.compile(r"(?<!\w)(?<!(?<!\.)\.)([A-Za-z_]\w*)(\.\w+)?")


@dataclass(frozen=True)
class Definition:
    """A part of a library: what it defines, its text, and all the words of it."""

    names: frozenset[str]
    text: str
    words: frozenset[str]


def script_text(name: str, keys: Sequence[str]) -> str:
    """The text of `<name>.lua`; in it, `KEYS` has these."""
    flags, script = _apart((FOLDER / f"{name}.lua").read_text())
    named = ", ".join(f"'{key}'" for key in keys)
    library = [_definition(f"local KEYS = {{ {named} }}\n"), *definitions()]
    used = "".join(it.text for it in _used(words(script), library))
    return f"{flags}{used}{script}"


def definitions() -> Iterator[Definition]:
    """All of the libraries; what is at the left margin and is no definition is of the last one."""
    for library in _LIBRARIES:
        head, *parts = _BEGINS.split((FOLDER / library).read_text())
        if _COMMENT.sub("", head).strip():
            raise AssertionError(f"{library} begins with something that is no definition")
        yield from map(_definition, parts)


def words(text: str) -> frozenset[str]:
    """The names in a text: of `line.enter`, `line` and `line.enter`."""
    found = _WORD.findall(_COMMENT.sub("", text))
    return frozenset(word for first, rest in found for word in (first, first + rest))


def _apart(text: str) -> tuple[str, str]:
    """The line of flags, which has to be the first one; and the rest."""
    if not text.startswith("#!"):
        return "", text
    flags, rest = text.split("\n", 1)
    return f"{flags}\n", rest


def _definition(text: str) -> Definition:
    named = _NAMES.match(text)
    if named is None:
        raise AssertionError(f"a definition without a name: {text[:80]!r}")
    names = named[1] or named[2]
    return Definition(frozenset(re.findall(r"[\w.]+", names)), text, words(text))


def _used(spoken: frozenset[str], library: Sequence[Definition]) -> list[Definition]:
    """Those that are named, by those words or by one another, in their order."""
    kept: set[int] = set()
    while more := {n for n, it in enumerate(library) if n not in kept and it.names & spoken}:
        kept |= more
        spoken = spoken.union(*(library[n].words for n in more))
    return [library[n] for n in sorted(kept)]
