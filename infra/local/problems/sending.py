"""Finding packages in folders, and sending one to a running Assay as a zip."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

from infra.local.api import Api
from infra.local.failure import Failure
from shared.problems.model import PackageError
from shared.problems.tree import Tree, open_tree

_ZIPS = (".zip", ".kpp")
_SIGNS = ("problem.yaml", "domjudge-problem.ini")


def packages_in(places: Iterable[str]) -> list[Path]:
    """Packages that are named, or lie in the folders that are named.

    Raises:
        Failure: a place is no package and holds none.
    """
    found: list[Path] = []
    for place in map(Path, places):
        inside = [place] if _is_package(place) else _inside(place)
        if not inside:
            raise Failure(f"{place} is no problem package, and no folder with packages in it.", 2)
        found += inside
    return found


def _is_package(path: Path) -> bool:
    if path.is_dir():
        return any((path / sign).is_file() for sign in _SIGNS)
    return path.is_file() and path.suffix in _ZIPS


def _inside(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if _is_package(path)]


def install(api: Api, path: Path, problem_id: str = "", time_limit_ms: int = 0) -> dict[str, Any]:
    """Send a package; the answer of `POST /problems`.

    Raises:
        Failure: it was refused, or nobody answers.
    """
    query = {"id": problem_id or _name_of(path)}
    if time_limit_ms:
        query["timeLimitMs"] = str(time_limit_ms)
    with _as_zip(path) as content:
        return api.send("/problems?" + urlencode(query), content, "application/zip")


def _name_of(path: Path) -> str:
    """What the package is called: its folder, the folder in its zip, or the zip."""
    try:
        with open_tree(path) as tree:
            return tree.name
    except PackageError as error:
        raise Failure(f"{path.name} is refused: {error}.", 2) from None


@contextmanager
def _as_zip(path: Path) -> Iterator[BinaryIO]:
    """A zip as it is, or a folder as a zip that is made for the moment."""
    if path.is_file():
        with path.open("rb") as stream:
            yield stream
        return
    with tempfile.TemporaryFile() as stream:
        try:
            with open_tree(path) as tree:
                _write_zip(tree, stream)
        except PackageError as error:
            raise Failure(f"{path.name} is refused: {error}.", 2) from None
        stream.seek(0)
        yield stream


def _write_zip(tree: Tree, stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(tree.entries):
            info = zipfile.ZipInfo(path)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if tree.executable(path) else 0o100644) << 16
            with tree.open(path) as source, archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1024 * 1024)
