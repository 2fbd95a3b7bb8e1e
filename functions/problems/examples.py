"""Judging a package's own example submissions: `problem verify` is made of this."""

from __future__ import annotations

from collections.abc import Collection

from shared.blobs import Blobs, read
from shared.errors import InvalidField, NotFound
from shared.languages import known
from shared.models import Spec
from shared.problems.enforced import limits_of
from shared.problems.model import Example, Package


def example_spec(
    package: Package, digest: str, name: str, blobs: Blobs, there: Collection[str]
) -> Spec:
    """What is to be judged: every test, and everything is told.

    Args:
        name: as people call it, `accepted/sol.py`.
        there: the languages that are installed.

    Raises:
        NotFound: the package has no such example.
        InvalidField: it is in no language that can be run here.
    """
    example = next((it for it in package.examples if it.name == name), None)
    if example is None:
        raise NotFound(f"the problem {package.short_name} has no example {name[:200]!r}")
    program = example.program
    language = known().get(program.language or "")
    if language is None or language.name not in there:
        what = program.language or "its language"
        raise InvalidField(f"{what} is not installed here", field="language")
    entry = _entry(example)
    files = {inner: read(blobs, file.digest) for inner, file in program.files.items()}
    try:
        code = files.pop(entry).decode()
    except UnicodeDecodeError:
        raise InvalidField(f"{entry} is not UTF-8", field="code") from None
    return Spec(
        code=code,
        language=language.name,
        problem_id=package.short_name,
        files=files,
        limits=limits_of(package, language),
        stop_on_failure=False,
        package=digest,
        reveal=True,
        # One file alone is named as the language wants it.
        entry=entry if len(program.sources) > 1 or files else "",
        sources=list(program.sources) if len(program.sources) > 1 else [],
    )


def _entry(example: Example) -> str:
    """The file that a program is told to begin with, or the first that is compiled."""
    program = example.program
    named = program.entry_point or ""
    for name in (named, f"{named}.java", f"{named.removesuffix('Kt')}.kt", f"{named}.py"):
        if name in program.files:
            return name
    return (*program.sources, *program.files)[0]
