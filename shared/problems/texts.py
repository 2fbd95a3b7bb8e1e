"""What people read of a package: statements, samples as they are shown, attachments."""

from __future__ import annotations

import re
from typing import Literal

from shared.problems.model import Case, File, PackageError, SampleText, Statement
from shared.problems.programs import files_below
from shared.problems.tree import Tree

FOLDERS = ("statement", "problem_statement")
_STATEMENT = re.compile(r"problem(?:\.([a-zA-Z]{2,3}(?:[-_][a-zA-Z]{2,4})?))?\.(tex|md|pdf)")
#: DOMjudge has one in the package's root.
_ROOT = ("problem.pdf", "problem.html", "problem.txt")
_PLAIN_NAME = re.compile(r"^%+\s*plainproblemname:\s*(.+?)\s*$", re.MULTILINE)
_TEX_NAME = re.compile(r"\\problemname\{((?:[^{}]|\{[^{}]*\})*)\}")
_TEX_MARKUP = re.compile(r"\\[a-zA-Z]+\s*|[{}$]")
_SAMPLES = "data/sample"
_KINDS: dict[str, Literal["tex", "md", "pdf", "html", "txt"]] = {
    it: it for it in ("tex", "md", "pdf", "html", "txt")
}


def read_statements(tree: Tree) -> tuple[list[Statement], dict[str, File]]:
    """The statements, English first, and the files beside them."""
    statements: list[Statement] = []
    beside: dict[str, File] = {}
    for folder in FOLDERS:
        for name, path in tree.below(folder).items():
            found = _STATEMENT.fullmatch(name)
            if found is None:
                beside[name] = tree.file(path)
                continue
            language = (found[1] or "en").replace("_", "-")
            statements.append(_statement(tree, path, language))
    for path in _ROOT:
        if path in tree and not statements:
            statements.append(_statement(tree, path, "en"))
    return sorted(statements, key=_order), beside


def _statement(tree: Tree, path: str, language: str) -> Statement:
    return Statement(language=language, kind=_KINDS[path.rpartition(".")[2]], file=tree.file(path))


def _order(statement: Statement) -> tuple[bool, str, int]:
    """English first; of one language the kind that can be shown best."""
    kinds = ("md", "tex", "html", "txt", "pdf")
    return statement.language != "en", statement.language, kinds.index(statement.kind)


def names_in(tree: Tree, statements: list[Statement]) -> dict[str, str]:
    """Titles that are only in the LaTeX statements."""
    names: dict[str, str] = {}
    for statement in statements:
        if statement.kind == "tex" and statement.language not in names:
            text = tree.text(statement.file.path)
            found = _PLAIN_NAME.search(text) or _TEX_NAME.search(text)
            if found and (name := _TEX_MARKUP.sub("", found[1]).strip()):
                names[statement.language] = name
    return names


def read_samples(tree: Tree, cases: list[Case], warnings: list[str]) -> list[SampleText]:
    """Samples as they are shown, in the order of the tests; some are no tests."""
    by_name = {case.name: case for case in cases if case.sample}
    places = {f"data/{name}": None for name in by_name}
    for path in tree.below(_SAMPLES).values():
        for suffix in (".interaction", ".in.statement"):
            if path.endswith(suffix):
                places.setdefault(path.removesuffix(suffix))
    names = [place.removeprefix("data/") for place in sorted(places)]
    return [_sample(tree, name, by_name.get(name), warnings) for name in names]


def _sample(tree: Tree, name: str, case: Case | None, warnings: list[str]) -> SampleText:
    place = f"data/{name}"

    def first(*suffixes: str) -> File | None:
        found = next((s for s in suffixes if f"{place}{s}" in tree), None)
        return tree.file(f"{place}{found}") if found else None

    interaction = first(".interaction")
    others = (".in.statement", ".ans.statement", ".out")
    if interaction and any(f"{place}{suffix}" in tree for suffix in others):
        warnings.append(f"{place}.interaction stands beside other texts of this sample")
    short = name.removeprefix("sample/")
    description = case.description if case else ""
    if interaction:
        return SampleText(name=short, interaction=interaction, description=description)
    return SampleText(
        name=short,
        input=first(".in.statement", ".in"),
        output=first(".ans.statement", ".out", ".ans"),
        download_input=first(".in.download", ".in"),
        download_output=first(".ans.download", ".out", ".ans"),
        description=description,
    )


def read_attachments(tree: Tree) -> dict[str, File]:
    """Files for everybody. No two may be told apart by their folder alone.

    Raises:
        PackageError: a statement's image has the same name as one of them.
    """
    attachments = files_below(tree, "attachments")
    for folder in FOLDERS:
        if both := sorted(set(attachments) & set(tree.below(folder))):
            raise PackageError(f"attachments/{both[0]}", "", f"is in {folder}/, too")
    return attachments
