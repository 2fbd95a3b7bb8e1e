"""Every value goes through every harness and comes back as it was.

Many values of a type travel in one list, so that each costs no run of its own. The
solutions are the starters with a body: so starters compile, and say the right types.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from functions.execute.judging.calls.harness import Call
from shared.signatures import Type, parse_type, starter
from tests.execute.calls.desk import Desk
from tests.shared.signatures.made import TYPES, made, values

#: Compiling costs seconds, and TypeScript's harness is JavaScript's: of these languages only
#: what they do each in their own way.
FEW = ("list[list[string]]", "float", "TreeNode", "optional[long]")
CASES = [("python", kind) for kind in TYPES] + [("javascript", kind) for kind in TYPES]
CASES += [
    (language, kind)
    for language in ("typescript", "cpp17", "java", "go")
    for kind in TYPES
    if str(kind) in FEW
]
CASES += [("go", parse_type("list[list[char]]"))]


def batch(kind: Type) -> list[Any]:
    """Some values of a type: the same ones in each run of the suite."""
    drawn: list[list[Any]] = []

    @settings(
        max_examples=30,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(values(kind), max_size=5))
    def draw(found: list[Any]) -> None:
        drawn.append(found)

    draw()
    return [value for found in drawn for value in found]


@pytest.mark.parametrize(("language", "kind"), CASES, indirect=["language"], ids=str)
def test_every_value_comes_back_as_it_was(desk: Desk, language: str, kind: Type) -> None:
    many = Type("list", kind)
    signature = made(str(many), str(many), tolerance=0)
    code = starter(signature, language, "return a" if language in ("python", "go") else "return a;")
    sent = batch(kind)
    for spaced in (False, True):
        called = desk.call(language, Call("f", signature), code, [sent], sent, spaced=spaced)
        assert called.verdict == "accepted", (called.outcome, called.run.stderr)
