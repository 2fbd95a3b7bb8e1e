"""The sample problems: complete, small, made by scripts, and with statements that render clean."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.problems.model import Package
from shared.problems.reader import read_package
from shared.problems.statements import render
from tests.shared.statements.checker import faults

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "infra" / "catalogue"
PROBLEMS = sorted(path.name for path in CATALOGUE.iterdir() if path.is_dir())
MOST_BYTES = 50_000

packages = {name: read_package(CATALOGUE / name) for name in PROBLEMS}
each_problem = pytest.mark.parametrize("package", packages.values(), ids=PROBLEMS)


def folders(package: Package) -> dict[str, set[str | None]]:
    """The languages of a package's example submissions, by their folder."""
    found: dict[str, set[str | None]] = {}
    for example in package.examples:
        found.setdefault(example.directory, set()).add(example.program.language)
    return found


@each_problem
def test_a_problem_is_complete(package: Package) -> None:
    examples = folders(package)
    assert package.warnings == ()
    assert package.extension.difficulty
    assert package.extension.tags
    assert package.samples
    assert package.time_limit.explicit_ms
    assert len(examples["accepted"]) >= 2, "solutions in two languages"
    assert {"wrong_answer", "partially_accepted"} & set(examples)
    assert {"run_time_error", "rejected", "partially_accepted"} & set(examples)
    assert all(language for languages in examples.values() for language in languages)
    assert package.input_validators or package.extension.function


@each_problem
def test_its_test_data_is_small(package: Package) -> None:
    data = CATALOGUE / package.short_name / "data"
    assert sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) <= MOST_BYTES


@each_problem
def test_its_statement_renders_without_a_warning(package: Package) -> None:
    folder = CATALOGUE / package.short_name
    assert package.statements
    for statement in package.statements:
        assert statement.kind in {"md", "tex"}
        shown = render(
            (folder / statement.file.path).read_bytes(),
            statement.kind,
            problem_id=package.short_name,
            constants=package.constants,
            files=package.statement_files,
        )
        assert shown.warnings == ()
        assert faults(shown.html, package.short_name) == []
        for name in package.statement_files:
            assert f"/problems/{package.short_name}/files/{name}" in shown.html
        assert shown.title in {None, package.name_in("en")}


@each_problem
def test_its_generator_writes_the_same_test_data(package: Package, tmp_path: Path) -> None:
    copy = tmp_path / package.short_name
    shutil.copytree(CATALOGUE / package.short_name, copy)
    given = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("secret/**/*.*")}
    for path in [*copy.rglob("secret/**/*.in"), *copy.rglob("secret/**/*.ans")]:
        path.unlink()
    subprocess.run([sys.executable, copy / "generators" / "generate.py"], check=True)
    made = {path.relative_to(copy): path.read_bytes() for path in copy.rglob("secret/**/*.*")}
    assert made == given


@each_problem
def test_its_input_validator_knows_right_from_wrong(package: Package) -> None:
    validator = CATALOGUE / package.short_name / "input_validators" / "validate.py"
    if not package.input_validators:
        return  # arguments of a function are checked by the reader
    constants = {f"{{{{{name}}}}}": value for name, value in package.constants.items()}
    source = validator.read_text()
    for constant, value in constants.items():
        source = source.replace(constant, value)

    def code(data: bytes, *flags: str) -> int:
        command = [sys.executable, "-c", source, *flags]
        return subprocess.run(command, input=data, stderr=subprocess.DEVNULL).returncode

    for case in package.cases[:: max(1, len(package.cases) // 4)]:
        data = (CATALOGUE / package.short_name / case.input.path).read_bytes()
        assert code(data, *case.input_validator_args.get("", ())) == 42
    for wrong in (b"", b"x\n" * 3, data + b" ", data.replace(b"\n", b"\r\n"), b"1e9\n"):
        assert code(wrong) != 42


def test_the_catalogue_has_problems_of_every_kind() -> None:
    every = packages.values()
    assert len(every) >= 16
    assert {package.extension.difficulty for package in every} == {"easy", "medium", "hard"}
    assert {package.format.value for package in every} == {"legacy", "2025-09"}
    assert {statement.kind for package in every for statement in package.statements} == {
        "md",
        "tex",
    }
    assert sum(package.extension.function is not None for package in every) >= 4
    assert sum(package.interactive for package in every) >= 2
    assert sum(package.scoring for package in every) >= 2
    assert sum(package.multi_pass for package in every) >= 1
    assert (
        sum(not package.validation.is_default and not package.interactive for package in every) >= 2
    )
    flags = {
        flag for package in every for case in package.cases for flag in case.output_validator_args
    }
    assert {"float_tolerance", "case_sensitive", "space_change_sensitive"} <= flags


def test_no_file_is_there_that_a_package_does_not_have() -> None:
    names = {path.name for path in CATALOGUE.rglob("*") if path.is_file()}
    assert not {name for name in names if name.startswith(".") and name != ".timelimit"}
    assert not [
        path for path in CATALOGUE.rglob("*") if os.access(path, os.X_OK) and path.is_file()
    ]
