"""The tests of a package: `data/sample` and `data/secret`, in judging order, with their groups.

A test is there because its `.in` is. Tests and folders of one folder are taken in
lexicographical order of their names, without `.in`, side by side. In legacy packages each
folder is a group; in 2025-09 only `sample`, `secret` and the folders directly in `secret`
are, and what lies deeper belongs to the group around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msgspec import structs

from shared.problems.fields import Fields
from shared.problems.model import Case, File, Group, PackageError, Scoring
from shared.problems.programs import files_below
from shared.problems.settings import (
    CaseSettings,
    LegacySettings,
    legacy_settings,
    load,
    modern_case_settings,
    modern_scoring,
)
from shared.problems.tree import Tree

_TOPS = ("sample", "secret")
_LEGACY_FILE = "testdata.yaml"
_MODERN_FILE = "test_group.yaml"
_ILLUSTRATIONS = (".png", ".jpg", ".jpeg", ".svg")
#: Extensions that belong to a test, beside `.in`.
EXTENSIONS = (
    *(".ans", ".out", ".hint", ".desc", ".yaml", ".interaction"),
    *(".in.statement", ".ans.statement", ".in.download", ".ans.download"),
    *_ILLUSTRATIONS,
)


@dataclass
class TestData:
    """What was found below `data/`."""

    __test__ = False  # no test class, whatever its name

    cases: list[Case] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Folder:
    """One folder: the names of its tests and of the folders in it."""

    path: str
    cases: list[str]
    folders: list[str]

    @property
    def names(self) -> list[str]:
        return sorted([*self.cases, *self.folders])


def _folder(tree: Tree, path: str) -> _Folder:
    names = tree.children(path)
    files = {name for name in names if f"{path}/{name}" in tree}
    cases = [name.removesuffix(".in") for name in sorted(files) if name.endswith(".in")]
    taken = {f"{case}.files" for case in cases}
    folders = [name for name in names if name not in files and name not in taken]
    if both := sorted(set(cases) & set(folders)):
        raise PackageError(f"{path}/{both[0]}", "", "is a test and a folder")
    return _Folder(path, cases, folders)


class Reader:
    """Reads the test data of one package."""

    def __init__(self, tree: Tree, constants: Mapping[str, str], needs_answers: bool) -> None:
        self.tree = tree
        self.constants = constants
        self.needs_answers = needs_answers
        self.found = TestData()

    def legacy(
        self, root: LegacySettings, flags: tuple[str, ...], grading: Mapping[str, object]
    ) -> TestData:
        """Groups with graders, of any depth; `grading` are keys of an old `problem.yaml`."""
        keys = load(self.tree, f"data/{_LEGACY_FILE}", self.constants)
        old = {key: value for key, value in grading.items() if key not in keys}
        from_problem = Fields(old, "problem.yaml", "grading.")
        settings = legacy_settings(from_problem, root, flags)
        settings = legacy_settings(keys, settings, flags)
        self.found.warnings += keys.unknown()
        tops = tuple(name for name in _TOPS if self.tree.has_folder(f"data/{name}"))
        self.found.groups.append(_legacy_group("", tops, settings))
        # `ignore_sample` is said of the root, and of nothing below it.
        below = replace(settings, grader=structs.replace(settings.grader, ignore_sample=False))
        for name in tops:
            self._legacy_folder(f"data/{name}", below, flags)
        return self.found

    def _legacy_folder(self, path: str, above: LegacySettings, flags: tuple[str, ...]) -> None:
        keys = load(self.tree, f"{path}/{_LEGACY_FILE}", self.constants)
        settings = legacy_settings(keys, above, flags)
        self.found.warnings += keys.unknown()
        folder = _folder(self.tree, path)
        self._strangers(folder)
        group = path.removeprefix("data/")
        children = tuple(f"{group}/{name}" for name in folder.names)
        self.found.groups.append(_legacy_group(group, children, settings))
        for name in folder.names:
            if name in folder.cases:
                self.found.cases.append(self._case(f"{path}/{name}", group, settings.case))
            else:
                self._legacy_folder(f"{path}/{name}", settings, flags)

    def modern(self, flags: tuple[str, ...]) -> TestData:
        """Groups of 2025-09."""
        tops = tuple(name for name in _TOPS if self.tree.has_folder(f"data/{name}"))
        self.found.groups.append(Group(children=tops, name="", scoring=Scoring(aggregation="sum")))
        above = CaseSettings(output_validator_args=flags)
        for name in tops:
            self._modern_group(f"data/{name}", replace(above, full_feedback=name == "sample"))
        return self.found

    def _modern_group(self, path: str, above: CaseSettings) -> None:
        group = path.removeprefix("data/")
        keys = load(self.tree, f"{path}/{_MODERN_FILE}", self.constants)
        settings = modern_case_settings(keys, above)
        scoring = modern_scoring(keys, group)
        self.found.warnings += keys.unknown()
        folder = _folder(self.tree, path)
        self._strangers(folder)
        groups = folder.folders if group == "secret" else []
        if groups and folder.cases:
            raise PackageError(path, "", "holds tests and groups, and may hold one of them only")
        if groups:
            children = [f"{group}/{name}" for name in groups]
            self.found.groups.append(Group(name=group, children=tuple(children), scoring=scoring))
            for name in groups:
                self._modern_group(f"{path}/{name}", settings)
            return
        cases = self._modern_cases(path, group, settings)
        names = tuple(case.name for case in cases)
        self.found.groups.append(Group(name=group, children=names, scoring=scoring))
        self.found.cases += cases

    def _modern_cases(self, path: str, group: str, settings: CaseSettings) -> list[Case]:
        """The tests in a group's folder and in all folders below it."""
        folder = _folder(self.tree, path)
        cases = []
        for name in folder.names:
            place = f"{path}/{name}"
            if name in folder.folders:
                cases += self._modern_cases(place, group, settings)
                continue
            keys = load(self.tree, f"{place}.yaml", self.constants)
            cases.append(self._case(place, group, modern_case_settings(keys, settings)))
            self.found.warnings += keys.unknown()
        return cases

    def _case(self, place: str, group: str, settings: CaseSettings) -> Case:
        hint, description = f"{place}.hint", f"{place}.desc"
        return Case(
            name=place.removeprefix("data/"),
            group=group,
            sample=place.startswith("data/sample/"),
            input=self.tree.file(f"{place}.in"),
            answer=self._answer(place),
            args=settings.args,
            files=files_below(self.tree, f"{place}.files"),
            output_validator_args=settings.output_validator_args,
            input_validator_args=settings.input_validator_args,
            full_feedback=settings.full_feedback or place.startswith("data/sample/"),
            hint=self.tree.text(hint) if hint in self.tree else settings.hint,
            description=(
                self.tree.text(description) if description in self.tree else settings.description
            ),
            illustration=self._illustration(place),
            accept_score=settings.accept_score,
            reject_score=settings.reject_score,
        )

    def _answer(self, place: str) -> File:
        path = f"{place}.ans"
        if path not in self.tree:
            if self.needs_answers:
                raise PackageError(path, "", "is missing: the default validator compares with it")
            self.found.warnings.append(f"{path} is missing; the validator gets an empty file")
            self.tree.add(path, b"")
        return self.tree.file(path)

    def _illustration(self, place: str) -> File | None:
        for suffix in _ILLUSTRATIONS:
            if f"{place}{suffix}" in self.tree:
                return self.tree.file(f"{place}{suffix}")
        return None

    def _strangers(self, folder: _Folder) -> None:
        """Warn of files that look as if they were meant to be a test."""
        known = {f"{case}{suffix}" for case in folder.cases for suffix in EXTENSIONS}
        for name in self.tree.children(folder.path):
            place = f"{folder.path}/{name}"
            if place in self.tree and name.endswith(".ans") and name not in known:
                self.found.warnings.append(f"{place} has no .in beside it; it is ignored")


def _legacy_group(name: str, children: tuple[str, ...], settings: LegacySettings) -> Group:
    return Group(
        name=name,
        children=children,
        grader=settings.grader,
        stop_at_reject=settings.stop_at_reject,
        score_range=settings.score_range,
        accept_score=settings.case.accept_score,
        reject_score=settings.case.reject_score,
    )
