"""The file that a program's text belongs in.

A language has one name for it. Java wants a public class to be in a file of its own name, and
people hand in `public class Hello`, as do the example submissions of many packages: such a
program keeps its name, and is started by it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from shared.languages import Language

#: What only looks like code: comments, texts, strings, characters.
_NO_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|""".*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)
_PACKAGE = re.compile(r"^\s*package\s", re.MULTILINE)
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
    first = next((it for it in _CLASS.finditer(text) if _depth(text, it.start()) == 0), None)
    found = public or first
    return found[1] if found else ""


def _java_class(code: str) -> str:
    """The class that a program starts with; empty if it cannot be told."""
    text = _NO_CODE.sub(" ", code)
    main = _MAIN.search(text)
    if main is None or _PACKAGE.search(text):
        return ""
    outer = [found for found in _CLASS.finditer(text) if _depth(text, found.start()) == 0]
    public = {found[1] for found in _PUBLIC.finditer(text)}
    for found in outer:
        if found[1] in public:
            return found[1]
    before = [found[1] for found in outer if found.start() < main.start()]
    return before[-1] if before else ""


def _depth(text: str, at: int) -> int:
    return text.count("{", 0, at) - text.count("}", 0, at)
