"""No known attack is without a test, and no test that is named is missing.

`answered/` lists every attack that is known of services like this one: what is attacked,
asked for and published in this field. A test is named by its promise in the attack table,
or as FILE::FUNCTION.
"""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.security.attacks import TABLE
from tests.security.scenarios import SCENARIOS

_ROOT = Path(__file__).resolve().parents[2]
_THEMES = [tomllib.loads(p.read_text()) for p in Path(__file__).parent.glob("answered/*.toml")]
#: The tests of each attack.
ANSWERED: dict[str, list[str]] = {k: v for theme in _THEMES for k, v in theme.items()}


@cache
def _functions(file: str) -> frozenset[str]:
    tree = ast.parse((_ROOT / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("attack", ANSWERED)
def test_the_answer_to_an_attack_is_tested(attack: str) -> None:
    assert ANSWERED[attack]
    for test in ANSWERED[attack]:
        file, is_function, name = test.partition("::")
        if is_function:
            assert name in _functions(file), f"{file} has no {name}"
        else:
            assert test in TABLE or test in SCENARIOS, f"nothing promises that {test}"


def test_every_row_answers_an_attack() -> None:
    """A row that nobody asked for may stay; it has to say which attack it is about."""
    answers = {test for tests in ANSWERED.values() for test in tests}
    assert sorted((TABLE.keys() | SCENARIOS.keys()) - answers) == []
