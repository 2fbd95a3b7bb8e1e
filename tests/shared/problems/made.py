"""Small packages of our own, made in a test: a dictionary of files, a folder or a zip of it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from shared.problems.model import Package, PackageError
from shared.problems.reader import read_package

Files = dict[str, str | bytes]

ADD = "a, b = map(int, input().split())\nprint(a + b)\n"

#: The smallest legacy package: implicit version, no name.
LEGACY: Files = {
    "problem.yaml": "",
    "problem_statement/problem.en.tex": "\\problemname{Adding}\nAdd two numbers.\n",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/1.in": "3 4\n",
    "data/secret/1.ans": "7\n",
    "submissions/accepted/add.py": ADD,
    "submissions/wrong_answer/sub.py": ADD.replace("+", "-"),
}

#: The smallest of 2025-09.
MODERN: Files = {
    "problem.yaml": "problem_format_version: 2025-09\nname: Adding\nuuid: 5ca6ba5b\n",
    "statement/problem.en.md": "Add two numbers.\n",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/1.in": "3 4\n",
    "data/secret/1.ans": "7\n",
    "submissions/accepted/add.py": ADD,
    "submissions/wrong_answer/sub.py": ADD.replace("+", "-"),
}

CUSTOM = "validation: custom\n"

#: A validator in Python that accepts what is the answer.
VALIDATOR = """import sys
answer = open(sys.argv[2]).read().split()
sys.exit(42 if sys.stdin.read().split() == answer else 43)
"""


def folder(root: Path, files: Files, name: str = "adding") -> Path:
    """A package as a folder."""
    top = root / name
    for path, content in files.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return top


def zipped(files: Files, top: str = "") -> bytes:
    """A package as a zip, with the files at its root or in one folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"{top}/{path}" if top else path, content)
    return stream.getvalue()


def without(files: Files, *paths: str) -> Files:
    """The same but for some files."""
    return {path: content for path, content in files.items() if path not in paths}


def read(root: Path, files: Files, name: str = "adding") -> Package:
    """The package of these files, read from a folder."""
    return read_package(folder(root, files, name))


def refused(root: Path, files: Files) -> PackageError:
    """Why a package of these files is refused."""
    with pytest.raises(PackageError) as raised:
        read(root, files)
    return raised.value
