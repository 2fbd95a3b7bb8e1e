"""Packages of function problems: a signature, and data that is of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.problems.functions import signature_of
from shared.signatures import LANGUAGES
from tests.shared.problems.made import CUSTOM, LEGACY, MODERN, VALIDATOR, Files, read, refused

ASSAY = """
difficulty: easy
function:
  name: twoSum
  parameters:
    - name: nums
      type: list[int]
    - {name: target, type: int}
  returns: list[int]
  anyOrder: [1]
"""
DATA: Files = {
    "assay.yaml": ASSAY,
    "data/sample/1.in": "[2, 7, 11, 15]\n9\n",
    "data/sample/1.ans": "[0, 1]\n",
    "data/secret/1.in": "[3, 3]\n6\n",
    "data/secret/1.ans": '{"anyOf": [[0, 1], [1, 0]]}\n',
    "submissions/accepted/add.py": "class Solution: ...\n",
}


@pytest.mark.parametrize("files", [LEGACY, MODERN], ids=["legacy", "2025-09"])
def test_a_package_may_ask_for_a_function(tmp_path: Path, files: Files) -> None:
    package = read(tmp_path, {**files, **DATA})
    signature = signature_of(package)
    assert signature is not None and signature.name == "twoSum"
    assert [str(it.type) for it in signature.parameters] == ["list[int]", "int"]
    assert package.languages == tuple(sorted(LANGUAGES))


def test_a_function_problem_takes_only_languages_that_functions_are_called_in(
    tmp_path: Path,
) -> None:
    some = MODERN["problem.yaml"]
    assert isinstance(some, str)
    package = read(tmp_path, {**MODERN, **DATA, "problem.yaml": f"{some}languages: [python3, c]\n"})
    assert package.languages == ("python",)
    none = refused(tmp_path / "none", {**MODERN, **DATA, "problem.yaml": f"{some}languages: [c]\n"})
    assert (none.file, none.key) == ("problem.yaml", "languages")


def test_any_other_package_has_no_signature(tmp_path: Path) -> None:
    assert signature_of(read(tmp_path, LEGACY)) is None


@pytest.mark.parametrize(
    ("change", "file", "key", "words"),
    [
        ({"assay.yaml": "function: 1\n"}, "assay.yaml", "function", "mapping"),
        (
            {"assay.yaml": ASSAY.replace("list[int]", "list", 1)},
            "assay.yaml",
            "function.parameters[0].type",
            "of what",
        ),
        ({"assay.yaml": ASSAY + "  speed: 1\n"}, "assay.yaml", "function.speed", "is unknown"),
        ({"data/secret/1.in": "[3, 3] 6\n"}, "data/secret/1.in", "", "1 lines for 2 parameters"),
        ({"data/secret/1.in": "[3, true]\n6\n"}, "data/secret/1.in", "nums[1]", "not a bool"),
        ({"data/sample/1.in": "[3, 3]\n6 7\n"}, "data/sample/1.in", "line 2, target", "one JSON"),
        ({"data/secret/1.ans": "0 1\n"}, "data/secret/1.ans", "", "one JSON value"),
        ({"data/secret/1.ans": '{"anyOf": [[0], 1]}'}, "data/secret/1.ans", "anyOf[1]", "list"),
        ({"data/secret/1.ans": "[" * 100_000}, "data/secret/1.ans", "", "too deeply"),
        ({"data/secret/1.ans": " " * 9_000_000}, "data/secret/1.ans", "", "9000000 bytes"),
        (
            {"problem.yaml": CUSTOM, "output_validators/v/v.py": VALIDATOR},
            "assay.yaml",
            "function",
            "validator of its own",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_of_the_signature_is_refused_where_it_stands(
    tmp_path: Path, change: Files, file: str, key: str, words: str
) -> None:
    error = refused(tmp_path, {**LEGACY, **DATA, **change})
    assert (error.file, error.key) == (file, key)
    assert words in error.reason
