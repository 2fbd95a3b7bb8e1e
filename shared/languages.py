"""Languages are files: `shared/languages/<name>.toml`. Adding one is adding a file.

| key            | meaning                                                              |
|----------------|----------------------------------------------------------------------|
| name           | what a submission says; `aliases` are other names for it             |
| title          | what people read                                                     |
| file           | what the code is stored as in the work folder; `suffixes` help the   |
|                | command line                                                         |
| binary         | the toolchain: "{python}", "{node}", paths, or names looked up on    |
|                | PATH; the first of several that works is taken                       |
| locate         | a command that prints where the toolchain really is, where PATH has  |
|                | only a version manager's proxy; `binary` may then say `{located}`    |
| version        | a command whose output holds the version: the first 1.2 or 1.2.3     |
| compile        | a command that runs once, in a cell; missing if there is nothing to  |
|                | compile                                                              |
| prepare        | a command that makes, once, what makes compiles cheaper; it runs in  |
|                | the folder that the compile command calls `{prepared}`, which may    |
|                | not be there: see functions/execute/prepare.py                       |
| outputs        | what of the compiler's work folder the runs need beside the          |
|                | submission's files: names, or patterns as `*.class` and `**/*.class` |
| run            | the command of a run; arguments of the submission are appended       |
| start          | "fork" for a Python that runs may be forked from                     |
| forks          | true if its compiler or its interpreter starts processes: where      |
|                | programs may not, at level `container`, it is not offered            |
| mounts         | files and folders the toolchain needs beside /usr, with patterns     |
| hides          | folders of those, or of /usr, that appear empty                      |
| env            | environment of compile and run                                       |
| limits         | defaults that differ from the table in shared/limits.py              |
| compile_limits | the same for the compiler, see functions/execute/toolchains.py       |
| out_of_memory  | what its virtual machine writes on stderr when it dies because the   |
|                | heap that `run` gave it is full: then the memory limit was reached   |
| install        | packages that bring it, by the ID of /etc/os-release: `doctor`       |
| hello          | a program that prints "hello"; the language is listed when it does   |
| starter        | what an editor shows first: reads stdin, writes stdout               |

In commands and `env`, `{binary}` is the toolchain found, `{folder}` the folder it is in,
`{prefix}` the one above that, `{memory_mb}` the memory limit of the run in MiB, rounded
down, `{heap_mb}` what of it a virtual machine can give its heap, and `{paths PATTERN}` all
paths that match, with colons between them. `{esbuild}` is the one that set-up brings.
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
    locate: list[str] = []
    compile: list[str] = []
    prepare: list[str] = []
    outputs: list[str] = []
    start: Literal["exec", "fork"] = "exec"
    forks: bool = False
    mounts: list[str] = []
    hides: list[str] = []
    env: dict[str, str] = {}
    #: Defaults keyed as in shared/limits.py: {"memoryBytes": 536870912}.
    limits: dict[str, int] = {}
    compile_limits: dict[str, int] = {}
    out_of_memory: str = ""
    #: {"debian": "ruby"}
    install: dict[str, str] = {}

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
