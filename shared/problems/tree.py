"""A package's files, from a folder or a zip, seen alike and never trusted.

Theory of operation. The tree is listed once, and every entry is checked then: names that
the format does not allow are left out as if they were not there (with a warning), links
are followed within the package only, sizes and counts are bounded before a byte is read.
Nothing is ever unpacked: content is streamed out of where it lies, never past the size
that was announced. `overlay` holds content that was changed while reading (constants).
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from shared.limits import MIB
from shared.problems.model import File, PackageError

MAX_FILES = 20_000
MAX_FILE_BYTES = 256 * MIB
MAX_PACKAGE_BYTES = 1024 * MIB
MAX_DEPTH = 16
#: What is read into memory at once: settings, programs, statements; never test data.
MAX_TEXT_BYTES = 16 * MIB

_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}")
_CHUNK = 1024 * 1024
#: An entry of a zip's list takes 46 bytes and its name.
MAX_DIRECTORY_BYTES = 16 * MIB
#: How far from a zip's end its last record may begin.
_END_BYTES = 65_536 + 22 + 20
#: Read although it begins with a period: the limit of DOMjudge and BAPCtools.
DOT_TIMELIMIT = ".timelimit"


@dataclass(frozen=True)
class Entry:
    """One file, wherever it lies."""

    path: str
    size: int
    executable: bool
    open: Callable[[], BinaryIO]


@dataclass
class Tree:
    """The files of one package by their path, with slashes."""

    name: str
    entries: dict[str, Entry]
    warnings: list[str] = field(default_factory=list)
    overlay: dict[str, bytes] = field(default_factory=dict)
    _digests: dict[str, File] = field(default_factory=dict)

    def __contains__(self, path: str) -> bool:
        return path in self.entries

    def has_folder(self, folder: str) -> bool:
        """Whether any file lies in it."""
        return folder in self._index

    def below(self, folder: str) -> dict[str, str]:
        """Every file below a folder: its path from there -> its whole path, sorted."""
        found: dict[str, str] = {}
        for name in self.children(folder):
            path = f"{folder}/{name}" if folder else name
            if path in self.entries:
                found[name] = path
            else:
                found |= {f"{name}/{inner}": whole for inner, whole in self.below(path).items()}
        return found

    def children(self, folder: str) -> list[str]:
        """Names of the files and folders directly in it, sorted."""
        return self._index.get(folder, [])

    @cached_property
    def _index(self) -> dict[str, list[str]]:
        names: dict[str, set[str]] = {}
        for path in self.entries:
            while path:
                folder, _, name = path.rpartition("/")
                names.setdefault(folder, set()).add(name)
                path = folder
        return {folder: sorted(inner) for folder, inner in names.items()}

    def executable(self, path: str) -> bool:
        """Whether it may be started."""
        return self.entries[path].executable

    def read(self, path: str) -> bytes:
        """Content of what is meant to be small.

        Raises:
            PackageError: it is not.
        """
        if path in self.overlay:
            return self.overlay[path]
        size = self.entries[path].size
        if size > MAX_TEXT_BYTES:
            raise PackageError(path, "", f"has {size} bytes; {MAX_TEXT_BYTES} are allowed here")
        return b"".join(self.chunks(path))

    def text(self, path: str) -> str:
        """The same as text.

        Raises:
            PackageError: it is not UTF-8.
        """
        try:
            return self.read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise PackageError(path, "", f"is not UTF-8 (byte {error.start})") from None

    def open(self, path: str) -> BinaryIO:
        """Content as a stream."""
        if path in self.overlay:
            return io.BytesIO(self.overlay[path])
        return self.entries[path].open()

    def chunks(self, path: str) -> Iterator[bytes]:
        """Content in pieces.

        Raises:
            PackageError: it cannot be read, or is not as long as announced.
        """
        size = len(self.overlay[path]) if path in self.overlay else self.entries[path].size
        seen = 0
        try:
            with self.open(path) as stream:
                while chunk := stream.read(_CHUNK):
                    seen += len(chunk)
                    if seen > size:
                        break
                    yield chunk
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, RuntimeError) as error:
            # RuntimeError: encrypted; its child NotImplementedError: an unknown compression
            raise PackageError(path, "", f"cannot be read: {str(error)[:200]}") from None
        except Exception as error:  # zlib.error, lzma.LZMAError: whatever a codec raises
            raise PackageError(path, "", f"is damaged: {str(error)[:200]}") from None
        if seen != size:
            raise PackageError(path, "", f"has not the {size} bytes that were announced")

    def file(self, path: str) -> File:
        """A file with its digest."""
        known = self._digests.get(path)
        if known is None:
            digest, size = hashlib.sha256(), 0
            for chunk in self.chunks(path):
                digest.update(chunk)
                size += len(chunk)
            known = File(path=path, size=size, digest=digest.hexdigest())
            self._digests[path] = known
        return known

    def add(self, path: str, content: bytes) -> None:
        """Go on as if there were this file, too; it is in no listing."""
        self.entries[path] = Entry(path, len(content), False, lambda: io.BytesIO(content))

    def replace(self, path: str, content: bytes) -> None:
        """Go on as if a file had this content."""
        self.overlay[path] = content
        self._digests.pop(path, None)


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """The tree of a folder or a zip.

    Raises:
        PackageError: it is neither, or holds what no package may.
    """
    if path.is_dir():
        yield _of_folder(path)
        return
    with _opened(path) as archive:
        yield of_zip(archive, path.stem)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        with path.open("rb") as stream:
            if _directory_bytes(stream) > MAX_DIRECTORY_BYTES:
                raise PackageError(path.name, "", f"has more than {MAX_FILES} files")
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, struct.error) as error:
        raise PackageError(path.name, "", f"is no zip: {error}") from None
    except OSError as error:
        raise PackageError(path.name, "", f"cannot be read ({error.strerror})") from None


def _directory_bytes(stream: BinaryIO) -> int:
    """The size of a zip's list of files, which `ZipFile` would read whole, however large."""
    length = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, length - _END_BYTES))
    tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise zipfile.BadZipFile("it has no end")
    size = int(struct.unpack_from("<I", tail, end + 12)[0])
    if tail[max(0, end - 20) :][:4] == b"PK\x06\x07":  # zip64: the real record lies elsewhere
        stream.seek(struct.unpack_from("<Q", tail, end - 12)[0])
        size = max(size, struct.unpack_from("<Q", stream.read(56), 40)[0])
    return size


def _of_folder(root: Path) -> Tree:
    real = root.resolve()
    tree = Tree(real.name, {})
    try:
        _walk(tree, root, real, "", (real,))
    except (OSError, RuntimeError) as error:  # RuntimeError: a circle of links
        raise PackageError(root.name, "", f"cannot be read ({error})") from None
    _check_bounds(tree)
    return tree


def _walk(tree: Tree, folder: Path, root: Path, prefix: str, above: tuple[Path, ...]) -> None:
    if len(above) > MAX_DEPTH:
        raise PackageError(prefix, "", f"is more than {MAX_DEPTH} folders deep")
    for child in sorted(folder.iterdir()):
        path = f"{prefix}{child.name}"
        if not _allowed(tree, path, child.name):
            continue
        target = child
        if child.is_symlink():
            target = child.resolve()
            if root not in target.parents:
                raise PackageError(path, "", "is a link to outside of the package")
        if target.is_dir():
            if target in above:
                raise PackageError(path, "", "is a link to a folder it lies in")
            _walk(tree, target, root, f"{path}/", (*above, target.resolve()))
        elif target.is_file():
            status = target.stat()
            _add(tree, Entry(path, status.st_size, bool(status.st_mode & 0o111), _opener(target)))
        else:
            raise PackageError(path, "", "is neither a file nor a folder")


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def of_zip(archive: zipfile.ZipFile, name: str) -> Tree:
    """The tree of an open zip: what lies at its root, or in the one folder that it holds."""
    found: dict[str, zipfile.ZipInfo] = {}
    if len(archive.infolist()) > 2 * MAX_FILES:
        raise PackageError("", "", f"has more than {MAX_FILES} files")
    for info in archive.infolist():
        path = _zip_path(info)
        if info.filename.endswith("/"):
            continue
        if path in found:
            raise PackageError(path, "", "is in the zip twice")
        found[path] = info
    name, prefix = _root_of(set(found), name)
    tree = Tree(name, {})
    for path, info in _linked(archive, found).items():
        inner = path.removeprefix(prefix)
        if path.startswith(prefix) and all(
            _allowed(tree, inner, part) for part in inner.split("/")
        ):
            executable = bool(info.external_attr >> 16 & 0o111)
            _add(tree, Entry(inner, info.file_size, executable, _zip_opener(archive, info)))
    for path in tree.entries:
        parents = path.split("/")[:-1]
        for count in range(len(parents)):
            if "/".join(parents[: count + 1]) in tree.entries:
                raise PackageError(path, "", "lies in what is a file")
    _check_bounds(tree)
    return tree


def _zip_path(info: zipfile.ZipInfo) -> str:
    # Not `is_dir()`: it fails on the empty name that a damaged archive can hold.
    path = info.filename.rstrip("/") if info.filename.endswith("/") else info.filename
    parts = path.split("/")
    if "\\" in path or {"", ".", ".."} & set(parts) or not path.isprintable():
        raise PackageError(repr(path)[1:-1][:200], "", "is no path within a package")
    if len(parts) > MAX_DEPTH:
        raise PackageError(path[:200], "", f"is more than {MAX_DEPTH} folders deep")
    return path


def _root_of(paths: set[str], name: str) -> tuple[str, str]:
    """The package's name, and the folder of the zip that it is."""
    tops = {path.partition("/")[0] for path in paths if not path.startswith((".", "__MACOSX/"))}
    if paths & {"problem.yaml", "domjudge-problem.ini"} or len(tops) != 1:
        return name, ""
    top = tops.pop()
    return (top, f"{top}/") if f"{top}/" not in paths and top not in paths else (name, "")


def _linked(
    archive: zipfile.ZipFile, found: dict[str, zipfile.ZipInfo]
) -> dict[str, zipfile.ZipInfo]:
    """The same with links replaced by what they lead to, files or folders."""
    links = {path: _link_target(archive, path, info) for path, info in found.items()}
    plain = {path: info for path, info in found.items() if not links[path]}
    whole = dict(plain)
    for path, link in links.items():
        if not link:
            continue
        below = {f"{path}{p[len(link) :]}": i for p, i in plain.items() if p.startswith(f"{link}/")}
        if link in plain:
            whole[path] = plain[link]
        elif below:
            whole |= below
        else:
            raise PackageError(path, "", "is a link to what is not in the package")
        if len(whole) > 2 * MAX_FILES:
            raise PackageError("", "", f"has more than {MAX_FILES} files")
    return whole


def _link_target(archive: zipfile.ZipFile, path: str, info: zipfile.ZipInfo) -> str:
    """Where a link leads within the zip; empty for what is none."""
    if info.external_attr >> 28 != 0o12:
        return ""
    if info.file_size > 4096:
        raise PackageError(path, "", "is no link")
    parts = path.split("/")[:-1]
    target = archive.read(info).decode(errors="replace")
    for part in target.split("/"):
        if part == "..":
            if not parts:
                raise PackageError(path, "", "is a link to outside of the package")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if target.startswith("/") or not parts:
        raise PackageError(path, "", "is a link to outside of the package")
    if path.startswith((link := "/".join(parts)) + "/"):
        raise PackageError(path, "", "is a link to a folder it lies in")
    return link


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: archive.open(info)  # type: ignore[return-value]


def _allowed(tree: Tree, path: str, part: str) -> bool:
    """Whether a name takes part; those of other tools (`.git`) are left out silently."""
    if path == DOT_TIMELIMIT or _NAME.fullmatch(part):
        return True
    if not part.startswith((".", "-")) and part != "__MACOSX":
        tree.warnings.append(f"{path[:200]!r} is left out: the format does not allow this name")
    return False


def _add(tree: Tree, entry: Entry) -> None:
    if entry.size > MAX_FILE_BYTES:
        raise PackageError(
            entry.path, "", f"has {entry.size} bytes; {MAX_FILE_BYTES} are allowed for one file"
        )
    tree.entries[entry.path] = entry
    if len(tree.entries) > MAX_FILES:
        raise PackageError("", "", f"has more than {MAX_FILES} files")


def _check_bounds(tree: Tree) -> None:
    total = sum(entry.size for entry in tree.entries.values())
    if total > MAX_PACKAGE_BYTES:
        raise PackageError("", "", f"has {total} bytes; {MAX_PACKAGE_BYTES} are allowed")
