"""Looks through a mebibyte of each hostile text, as it is told to: see test_hostile_text.py."""

from __future__ import annotations

import sys
from collections.abc import Callable

from functions.execute.engine import start_mode
from functions.execute.judging.calls import compiled
from functions.execute.judging.compare import comparer
from functions.execute.judging.naming import class_of, file_of, has_main
from shared.languages import known
from shared.models import Comparison

_PIECES = ("/* ", '"""', '"\\"', "'\\'", '"', "'", "\n", " \n", "{class A ", "static ", "import ")
_BYTES = 1 << 20


def java(text: str) -> None:
    """Where does it go, and what begins?"""
    text = f"static void main({text}"
    file_of(known()["java"], text)
    has_main(text)
    class_of(text)


def go(text: str) -> None:
    """What does it import?"""
    compiled._GO_PACKAGE.search(text)
    compiled._GO_IMPORT.search(text)


def python(text: str) -> None:
    """May it be forked?"""
    start_mode._LOOKS_CLOSELY.search(text.encode())


def output(text: str) -> None:
    """Is it the number that is wanted?"""
    near = comparer(Comparison(mode="floats"))
    near(b"1" * _BYTES + b"x", b"1")
    near(text.encode(), b"1")


LOOKS: dict[str, Callable[[str], None]] = {
    "java": java,
    "go": go,
    "python": python,
    "output": output,
}

if __name__ == "__main__":
    for piece in _PIECES:
        LOOKS[sys.argv[1]](piece * (_BYTES // len(piece)))
