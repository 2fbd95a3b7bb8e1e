"""What cannot be honoured is refused, with the file, the key and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.problems.model import PackageError
from shared.problems.reader import read_package
from tests.shared.problems.made import (
    CUSTOM,
    LEGACY,
    MODERN,
    VALIDATOR,
    Files,
    folder,
    read,
    refused,
    without,
)


def test_a_missing_answer_is_refused_only_where_it_is_compared_with(tmp_path: Path) -> None:
    files = without(LEGACY, "data/secret/1.ans")
    error = refused(tmp_path, files)
    assert (error.file, "missing" in error.reason) == ("data/secret/1.ans", True)
    files |= {"problem.yaml": CUSTOM, "output_validators/check.py": VALIDATOR}
    package = read(tmp_path, files)
    assert package.case("secret/1").answer.size == 0
    assert "data/secret/1.ans" in " ".join(package.warnings)


def test_validation_must_agree_with_what_is_there(tmp_path: Path) -> None:
    assert refused(tmp_path, LEGACY | {"problem.yaml": CUSTOM}).key == "validation"
    more: Files = {"output_validators/check.py": VALIDATOR, "problem.yaml": ""}
    package = read(tmp_path, LEGACY | more)
    assert package.validation.is_default
    assert "not used" in package.warnings[0]


def test_flags_that_the_default_validator_does_not_know_are_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, LEGACY | {"problem.yaml": "validator_flags: ignore_case\n"})
    assert "ignore_case" in error.reason


@pytest.mark.parametrize(
    ("text", "key", "word"),
    [
        ("problem_format_version: 2031-01", "problem_format_version", "2025-09"),
        ("type: [scoring]", "type", "text"),
        ("type: graph", "type", "scoring"),
        ("validation: sometimes", "validation", "sometimes"),
        ("limits: {memory: lots}", "limits.memory", "number"),
        ("limits: {memory: -1}", "limits.memory", "more than 0"),
        ("limits: {memory: 1000000}", "limits.memory", "cannot be given"),
        ("limits: {time_limit: 3600}", "time limit", "cannot be given"),
        ("limits: 3", "limits", "mapping"),
        ("problem_format_version: legacy-icpc\ntype: scoring", "type", "no scoring"),
        ("problem_format_version: 2025-09\ntype: submit-answer", "type", "not supported"),
        ("problem_format_version: 2025-09\ntype: [pass-fail, scoring]", "type", "exclude"),
        ("problem_format_version: 2025-09\nconstants: {1x: 2}", "constants.1x", "no name"),
        ("problem_format_version: 2025-09\nlanguages: [cobol]", "languages", "cobol"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_key(
    tmp_path: Path, text: str, key: str, word: str
) -> None:
    error = refused(tmp_path, LEGACY | {"problem.yaml": text})
    assert (error.file, error.key) == ("problem.yaml", key)
    assert word in error.reason
    assert str(error) == f"problem.yaml: {key}: {error.reason}"


@pytest.mark.parametrize(
    ("files", "file"),
    [
        (without(LEGACY, "problem.yaml"), "problem.yaml"),
        (without(LEGACY, "data/secret/1.in"), "data/secret"),
        (LEGACY | {"graders/a.py": "", "graders/b.py": ""}, "graders"),
        (LEGACY | {"data/testdata.yaml": "grading: custom"}, "data/"),
        (LEGACY | {"data/secret/testdata.yaml": "range: x"}, "data/secret/testdata.yaml"),
        (LEGACY | {"data/secret/1/a.in": ""}, "data/secret/1"),
        (LEGACY | {"submissions/submissions.json": "[", "submissions.json": "x"}, ""),
        (MODERN | {"include/python3/main.py": "import solution"}, "include/python3/main.py"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, files: Files, file: str) -> None:
    assert refused(tmp_path, files).file.startswith(file)


SCORING = "problem_format_version: 2025-09\nname: A\ntype: scoring\n"
SECRET = "data/secret/test_group.yaml"


@pytest.mark.parametrize(
    ("files", "file", "key"),
    [
        (
            {
                "problem.yaml": SCORING,
                "data/secret/one/1.in": "1\n",
                "data/secret/one/1.ans": "1\n",
                "data/secret/one/test_group.yaml": "max_score: 100\nstatic_validation_score: 10\n",
                SECRET: "score_aggregation: sum\n",
            },
            "data/secret/one/test_group.yaml",
            "static_validation_score",
        ),
        (
            MODERN | {SECRET: "static_validation_score: pass-fail\n"},
            SECRET,
            "static_validation_score",
        ),
        (
            MODERN | {"data/sample/test_group.yaml": "static_validation_score: 0\n"},
            "data/sample/test_group.yaml",
            "static_validation_score",
        ),
        (MODERN | {SECRET: "static_validator_args: [a]\n"}, SECRET, "static_validator_args"),
        (MODERN | {SECRET: "static_validation: true\n"}, SECRET, "static_validation"),
        (MODERN | {SECRET: "static_validation: {score: 5}\n"}, SECRET, "static_validation"),
    ],
)
def test_what_looks_at_the_source_is_refused_since_it_is_not_run(
    tmp_path: Path, files: Files, file: str, key: str
) -> None:
    error = refused(tmp_path, files | {"static_validator/check.py": "raise SystemExit(42)\n"})
    assert (error.file, error.key) == (file, key)
    assert "static validators are not run" in error.reason


def test_a_static_validator_that_no_group_asks_for_is_a_warning(tmp_path: Path) -> None:
    files = MODERN | {"static_validator/check.py": "raise SystemExit(43)\n"}
    package = read_package(folder(tmp_path, files))
    assert any(it.startswith("static_validator: ") for it in package.warnings)
    assert not any("static" in it for it in read_package(folder(tmp_path / "2", MODERN)).warnings)


@pytest.mark.parametrize("name", ["a b", "-x", "x" * 65, "0123456789abcdef0123456789abcdef"])
def test_a_short_name_that_cannot_be_an_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match="no name for a problem"):
        read_package(folder(tmp_path, LEGACY), name)
