"""Languages are files: `shared/languages/<name>.toml`. Adding one is adding a file.

| key      | meaning                                                                  |
|----------|--------------------------------------------------------------------------|
| name     | what a submission says; `aliases` are other names for it                 |
| title    | what people read                                                         |
| file     | what the code is stored as in the work folder; `suffixes` help the CLI   |
| binary   | the toolchain: "{python}", "{node}" or names looked up on PATH; the      |
|          | first of several that works is taken                                     |
| version  | a command whose first output line is the version                         |
| compile  | a command that runs once, in a cell; missing for interpreted languages   |
| outputs  | what of its work folder the runs need (default: everything named)        |
| run      | the command of a run; arguments of the submission are appended           |
| start    | "fork" for a Python that runs may be forked from, see engine/nursery.py  |
| mounts   | folders the toolchain needs beside /usr; `hides`: those to appear empty  |
| env      | environment of compile and run                                           |
| limits   | defaults that differ from the table in shared/limits.py                  |
| hello    | a program that prints "hello"; the language is listed when it does       |
| starter  | what an editor shows first                                               |

`{binary}` is the toolchain found, `{prefix}` the folder two above it.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

FOLDER = Path(__file__).parent / "languages"


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One language as its file says."""

    name: str
    title: str
    file: str
    binary: str | list[str]
    version: list[str]
    run: list[str]
    hello: str
    starter: str = ""
    aliases: list[str] = []
    suffixes: list[str] = []
    compile: list[str] = []
    outputs: list[str] = []
    start: Literal["exec", "fork"] = "exec"
    mounts: list[str] = []
    hides: list[str] = []
    env: dict[str, str] = {}
    #: Defaults keyed as in shared/limits.py: {"memoryBytes": 536870912}.
    limits: dict[str, int] = {}

    @property
    def defaults(self) -> dict[str, int]:
        """Default limits of this language; what is missing comes from the table."""
        return self.limits


def load(folder: Path) -> dict[str, Language]:
    """Every language file of a folder, by name.

    Raises:
        ValueError: a file is not a language; names it and the key.
    """
    found = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            language = msgspec.convert(tomllib.loads(path.read_text()), Language)
        except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
            raise ValueError(f"{path.name}: {error}") from None
        found[language.name] = language
    return found


@cache
def known() -> dict[str, Language]:
    """All languages there are files for, installed or not."""
    return load(FOLDER)


@cache
def _names() -> dict[str, Language]:
    by_name = {}
    for language in known().values():
        for name in (language.name, *language.aliases):
            by_name[name.lower()] = language
    return by_name


def find(name: str) -> Language | None:
    """The language of a name or an alias, in any case."""
    return _names().get(name.lower())


def by_suffix(file_name: str) -> Language | None:
    """The language that a file's name suggests."""
    suffix = Path(file_name).suffix
    return next((item for item in known().values() if suffix in item.suffixes), None)
