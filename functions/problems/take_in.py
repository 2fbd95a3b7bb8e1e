"""Taking in a package: a zip on disk becomes blobs and an entry, or an error by file and key."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from shared.blobs import Blobs
from shared.errors import InvalidField, InvalidPackage
from shared.limits import LIMITS
from shared.problems.answers import ProblemEntry
from shared.problems.model import Package, PackageError
from shared.problems.reader import Opened, read_tree
from shared.problems.store import entry_of, store_files
from shared.problems.tree import open_tree
from shared.signatures import SignatureError, parse_signature


def take_in(
    path: Path, blobs: Blobs, problem_id: str, time_limit_ms: int | None
) -> tuple[ProblemEntry, list[str]]:
    """Read a package and store its files; what the index is to say of it, and warnings.

    Args:
        problem_id: its id; empty if the folder in the zip is to name it.
        time_limit_ms: stronger than what the package says; None if there is none.

    Raises:
        InvalidPackage: it cannot be honoured.
        InvalidField: it has no name.
    """
    try:
        with open_tree(path) as tree:
            if not problem_id and tree.name == path.stem:
                why = "must name the problem, as the zip holds no folder that does"
                raise InvalidField(f"id {why}", field="id")
            opened = read_tree(tree, problem_id or tree.name)
            check_function(opened.package)
            if time_limit_ms is not None:
                opened = _with_limit(opened, time_limit_ms)
            digest = store_files(opened, blobs)
    except PackageError as error:
        field = ": ".join(part for part in (error.file, error.key) if part)
        raise InvalidPackage(str(error)[:1000], field=field[:200]) from None
    return entry_of(opened.package, digest), list(opened.package.warnings)


def check_function(package: Package) -> None:
    """See that the signature of a function problem is one.

    Raises:
        PackageError: it is none.
    """
    if package.extension.function is None:
        return
    try:
        parse_signature(package.extension.function)
    except SignatureError as error:
        raise PackageError("assay.yaml", "", str(error)) from None


def _with_limit(opened: Opened, time_limit_ms: int) -> Opened:
    limit = structs.replace(
        opened.package.time_limit, explicit_ms=time_limit_ms, source="the request"
    )
    return opened.with_package(structs.replace(opened.package, time_limit=limit))


def parse_time_limit(text: str | None) -> int | None:
    """The query's `timeLimitMs`.

    Raises:
        InvalidField: it is no number in the range of the limit.
    """
    if text is None:
        return None
    row = LIMITS["cpuTimeMs"]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
    if not row.least <= number <= row.most:
        why = f"timeLimitMs must be from {row.least} to {row.most}"
        raise InvalidField(why, field="timeLimitMs")
    return number
