"""The program that a function problem's submission is: the solution, and a harness that calls it.

Theory of operation. The solution stays a file of its own, so that compilers and tracebacks
say its own line numbers. The harness, which is the program that a language's file runs,
reads the arguments from stdin (a JSON value on a line for each parameter), calls the
function, and appends the result as one JSON value to `RESULT` in the work folder, which is
read when every process of the run is dead. What the program prints is nothing but output.

Harness and solution live in one process, so everything the harness does is assumed to be
forged. It carries values and no more: the right value is never in the cell, and whether the
result is right is decided outside (`shared/signatures`). A program may as well write the
file by itself: then it must write the right value.

The sources are under `harnesses/`, a folder for each language.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.execute.judging.calls import compiled
from functions.execute.judging.calls.sources import Files, filled
from shared import models
from shared.signatures import Signature, parse_signature


@dataclass(frozen=True)
class Call:
    """What is called: by its name alone, or as a signature says."""

    function: str
    signature: Signature | None = None

    @classmethod
    def stored(cls, call: models.Call) -> Call:
        """The call of a submission."""
        block = call.signature
        return cls(call.function, None if block is None else parse_signature(block))

    def plain(self) -> dict[str, Any]:
        """As data for a harness."""
        signature = self.signature
        if signature is None:
            return {
                "function": self.function,
                "parameters": None,
                "result": None,
                "inPlace": None,
                "cut": False,
            }
        return {
            "function": self.function,
            "parameters": [parameter.type.tree() for parameter in signature.parameters],
            "result": signature.result.tree(),
            "inPlace": signature.in_place,
            "cut": signature.cut,
        }


def place(language: str, call: Call, code: str) -> Files:
    """The files of a submission in a language: what stands for its one file of code.

    Raises:
        KeyError: there is no harness for that language, see `shared/signatures/languages.py`.
        ValueError: the language needs a signature, if it is not dynamic.
    """
    return _PLACES[language](call, code)


def _python(call: Call, code: str) -> Files:
    signature = call.signature
    converts = signature is not None and any(
        map(signature.mentions, ("ListNode", "TreeNode", "float"))
    )
    plain = repr({**call.plain(), "converts": converts})
    files = {
        "main.py": filled("python/main.py").replace("CALL = {}", f"CALL = {plain}").encode(),
        "solution.py": code.encode(),
    }
    if converts:
        files["assay_values.py"] = filled("python/assay_values.py").encode()
    return files


def _javascript(call: Call, code: str) -> Files:
    return _node(call, code, "js")


def _typescript(call: Call, code: str) -> Files:
    return _node(call, code, "ts")


def _node(call: Call, code: str, suffix: str) -> Files:
    plain = json.dumps({**call.plain(), "file": f"solution.{suffix}"})
    harness = filled("javascript/main.js").replace("CALL = {}", f"CALL = {plain}").encode()
    files = {f"solution.{suffix}": code.encode()}
    if suffix == "js":
        return {"main.js": harness, **files}
    # Types are taken out of every .ts file that is run: the less there is, the better.
    return {"main.ts": b'require("./assay.js");', "assay.js": harness, **files}


def _typed(make: Callable[[Signature, str], Files]) -> Callable[[Call, str], Files]:
    def place_typed(call: Call, code: str) -> Files:
        if call.signature is None:
            raise ValueError("the types have to be known")
        return make(call.signature, code)

    return place_typed


_PLACES: dict[str, Callable[[Call, str], Files]] = {
    "python": _python,
    "javascript": _javascript,
    "typescript": _typescript,
    "cpp17": _typed(compiled.cpp),
    "cpp20": _typed(compiled.cpp),
    "java": _typed(compiled.java),
    "go": _typed(compiled.go),
}
