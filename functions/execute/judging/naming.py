"""The file that a program's text belongs in.

A language has one name for it. Java wants a public class to be in a file of its own name, and
people hand in `public class Hello`, as do the example submissions of many packages: such a
program keeps its name, and is started by it.

The text is a stranger's, up to 1 MiB of it, and a pattern holds the interpreter's lock while it
looks: each one here goes through it once. What is not closed goes on to the end of its line or of
the text, rather than be looked for again from the next place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from shared.languages import Language

#: What only looks like code: comments, texts, strings, characters.
_NO_CODE = re.compile(
    r"//[^\n]*"
    r"|/\*.*?(?:\*/|\Z)"
    r'|""".*?(?:"""|\Z)'
    r'|"(?:\\(?:.|\Z)|[^"\\\n])*(?:"|(?=\n)|\Z)'
    r"|'(?:\\(?:.|\Z)|[^'\\\n])*(?:'|(?=\n)|\Z)",
    re.DOTALL,
)
_PACKAGE = re.compile(r"^[^\S\n]*package\s", re.MULTILINE)
_KIND = r"(?:class|enum|record|interface)\s+(\w+)"
_PUBLIC = re.compile(rf"^[ \t]*public\s+(?:(?:final|abstract|strictfp)\s+)*{_KIND}", re.MULTILINE)
_CLASS = re.compile(rf"\b{_KIND}")
_MAIN = re.compile(r"\bstatic\s+(?:public\s+)?(?:final\s+)?void\s+main\s*\(")


def file_of(language: Language, code: str, taken: Collection[str] = ()) -> str:
    """Where this text goes: the language's file, or that of the class it starts with.

    Args:
        taken: names of files beside it.
    """
    if language.name != "java":
        return language.file
    name = _java_class(code)
    file = f"{name}.java" if name.isascii() else ""
    return file if name and file and file not in taken else language.file


def has_main(code: str) -> bool:
    """Whether a Java program can start with something of this file."""
    return _MAIN.search(_NO_CODE.sub(" ", code)) is not None


def class_of(code: str) -> str:
    """The class that a Java file has to be named by: the public one, or its first."""
    text = _NO_CODE.sub(" ", code)
    public = _PUBLIC.search(text)
    found = public or next(_outermost(text), None)
    return found[1] if found else ""


def _java_class(code: str) -> str:
    """The class that a program starts with; empty if it cannot be told."""
    text = _NO_CODE.sub(" ", code)
    main = _MAIN.search(text)
    if main is None or _PACKAGE.search(text):
        return ""
    outer = list(_outermost(text))
    public = {found[1] for found in _PUBLIC.finditer(text)}
    for found in outer:
        if found[1] in public:
            return found[1]
    before = [found[1] for found in outer if found.start() < main.start()]
    return before[-1] if before else ""


def _outermost(text: str) -> Iterator[re.Match[str]]:
    """The classes that are in no other."""
    depth = end = 0
    for found in _CLASS.finditer(text):
        begin, end = end, found.start()
        depth += text.count("{", begin, end) - text.count("}", begin, end)
        if depth == 0:
            yield found
