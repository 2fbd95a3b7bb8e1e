"""Reads a problem package, folder or zip, exactly as it is: `read_package(path)`.

    tree       the files, bounded and checked
    metadata   problem.yaml, assay.yaml, DOMjudge's .ini and .timelimit
    testdata   tests and groups in judging order
    texts      statements, samples, attachments
    programs   validators, graders, example submissions

What cannot be honoured raises `PackageError` with file, key and reason; what is not
understood and does not hinder judging is in `Package.warnings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shared.problems.consistency import check
from shared.problems.examples import read_examples
from shared.problems.functions import check_function
from shared.problems.metadata import Metadata, read_metadata
from shared.problems.model import File, Package, PackageError, Program, Validation
from shared.problems.programs import files_below, program_at, programs_in
from shared.problems.settings import CaseSettings, LegacySettings, substitute
from shared.problems.testdata import Reader, TestData
from shared.problems.texts import FOLDERS, names_in, read_attachments, read_samples, read_statements
from shared.problems.tree import Tree, open_tree

_SHORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LIKE_AN_ID = re.compile(r"[0-9a-fA-F]{32}")
_SHORT_NAME_OF_FORMAT = re.compile(r"[a-z0-9]+")
_MOST_WARNINGS = 200
#: Where constants are replaced; `test_group.yaml` is done where it is read.
_WITH_CONSTANTS = (
    *("output_validator", "output_validators", "input_validators", "input_format_validators"),
    *("static_validator", "include", "submissions"),
)


@dataclass(frozen=True)
class Opened:
    """A package and its content, as long as its folder or zip is open."""

    package: Package
    _tree: Tree

    def with_package(self, package: Package) -> Opened:
        """The same content under another description."""
        return Opened(package, self._tree)

    def open(self, file: File) -> BinaryIO:
        """The content of one of the package's files."""
        return self._tree.open(file.path)

    def read(self, file: File) -> bytes:
        """The same, whole."""
        with self.open(file) as stream:
            return stream.read()


@contextmanager
def open_package(path: Path | str, short_name: str = "") -> Iterator[Opened]:
    """Read a package and keep its content at hand; `short_name` overrides its own name.

    Raises:
        PackageError: it cannot be honoured.
    """
    with open_tree(Path(path)) as tree:
        yield read_tree(tree, short_name or tree.name)


def read_tree(tree: Tree, short_name: str) -> Opened:
    """Read a package whose files are at hand already.

    Raises:
        PackageError: it cannot be honoured.
    """
    return Opened(_read(tree, short_name), tree)


def read_package(path: Path | str, short_name: str = "") -> Package:
    """Read a package alone.

    Raises:
        PackageError: it cannot be honoured.
    """
    with open_package(path, short_name) as opened:
        return opened.package


def _read(tree: Tree, short_name: str) -> Package:
    meta = read_metadata(tree)
    _check_name(short_name, meta)
    constants = meta.plain.get("constants", {})
    _put_constants(tree, constants)
    validation = _validation(tree, meta)
    data = _test_data(tree, meta, constants, validation)
    warnings = [*meta.warnings, *data.warnings]
    statements, beside = read_statements(tree)
    samples = read_samples(tree, data.cases, warnings)
    examples, more = read_examples(tree, meta.format, meta.scoring)
    graders = programs_in(tree, "graders")
    if len(graders) > 1:
        raise PackageError("graders", "", "holds more than one grader")
    assert meta.limits is not None
    package = Package(
        format=meta.format,
        short_name=short_name,
        names=meta.names or names_in(tree, statements) or {"en": short_name},
        scoring=meta.scoring,
        interactive=meta.interactive,
        multi_pass=meta.multi_pass,
        time_limit=meta.time_limit,
        limits=meta.limits,
        cases=tuple(data.cases),
        groups=tuple(data.groups),
        validation=validation,
        input_validators=tuple(_input_validators(tree)),
        grader=graders[0] if graders else None,
        static_validator=_one_program(tree, "static_validator"),
        include={name: files_below(tree, f"include/{name}") for name in tree.children("include")},
        statements=tuple(statements),
        statement_files=beside,
        samples=tuple(samples),
        attachments=read_attachments(tree),
        examples=tuple(examples),
        warnings=tuple(dict.fromkeys([*warnings, *more, *tree.warnings]))[:_MOST_WARNINGS],
        **meta.plain,
    )
    return check_function(tree, check(package))


def _check_name(short_name: str, meta: Metadata) -> None:
    if not _SHORT_NAME.fullmatch(short_name) or _LIKE_AN_ID.fullmatch(short_name):
        reason = "is no name for a problem: letters, digits, - and _, no submission id"
        raise PackageError(repr(short_name[:80])[1:-1], "", reason)
    if not _SHORT_NAME_OF_FORMAT.fullmatch(short_name):
        meta.warnings.append(f"{short_name}: the format allows lower-case letters and digits only")


def _put_constants(tree: Tree, constants: dict[str, str]) -> None:
    """Replace them where the format says, and go on with what came out."""
    if not constants:
        return
    places = [path for folder in _WITH_CONSTANTS for path in tree.below(folder).values()]
    places += [
        path
        for folder in FOLDERS
        for path in tree.below(folder).values()
        if path.endswith((".md", ".tex"))
    ]
    for path in places:
        content = tree.read(path)
        if (replaced := substitute(content, constants)) != content:
            tree.replace(path, replaced)


def _validation(tree: Tree, meta: Metadata) -> Validation:
    """Which programs judge the output: what is there, if legacy's `validation` agrees."""
    folders = ("output_validators", "output_validator")
    folder = next((name for name in folders if tree.has_folder(name)), "")
    if meta.format.is_legacy or meta.custom:
        if not meta.custom:
            if folder:
                meta.warnings.append(f"{folder}: not used, as validation is not custom")
            return Validation()
        if not folder:
            raise PackageError("problem.yaml", "validation", "is custom, but there is no validator")
    if not folder:
        return Validation()
    if folder == "output_validator":
        one = _one_program(tree, folder)
        programs = [one] if one is not None else []
    else:
        programs = programs_in(tree, folder)
    programs = [it for it in programs if it.sources or it.has_build or it.has_run]
    if not programs:
        raise PackageError(folder, "", "holds no program in a language that is known here")
    return Validation(validators=tuple(programs), gives_score=meta.gives_score)


def _one_program(tree: Tree, folder: str) -> Program | None:
    """The program of a folder that holds one: in a folder of its own, or directly in it."""
    names = tree.children(folder)
    if len(names) == 1:
        return program_at(tree, f"{folder}/{names[0]}")
    return program_at(tree, folder) if names else None


def _input_validators(tree: Tree) -> list[Program]:
    folders = ("input_validators", "input_format_validators")
    return [program for folder in folders for program in programs_in(tree, folder)]


def _test_data(
    tree: Tree, meta: Metadata, constants: dict[str, str], validation: Validation
) -> TestData:
    needs_answers = validation.is_default and not (meta.interactive or meta.multi_pass)
    reader = Reader(tree, constants, needs_answers)
    if meta.format.is_legacy or _is_mixed(tree, meta):
        case = CaseSettings(output_validator_args=meta.validator_flags)
        above = LegacySettings(case=case)
        return reader.legacy(above, meta.validator_flags, meta.grading)
    return reader.modern(meta.validator_flags)


def _is_mixed(tree: Tree, meta: Metadata) -> bool:
    """2023-07 with the group settings of legacy, as the official examples have it."""
    old = any(path.endswith("/testdata.yaml") for path in tree.below("data").values())
    return not meta.format.value.startswith("2025") and old
