"""Toolchains: language files put into words that a cell understands.

A language is offered only after its hello program was compiled and run in a cell here,
see `functions/execute/trials.py`.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from functions.execute.engine import root
from functions.execute.engine.engine import ForkStart
from functions.execute.engine.program import MIB, Limits, Outcome, Program, Run
from shared import logs
from shared.built import esbuild
from shared.languages import Language
from shared.limits import LIMITS

_log = logs.get_logger(__name__)

#: What a compiler may use, by wire names; a language file may say otherwise. It is
#: stopped and measured as any program is.
COMPILE_LIMITS = {
    "cpuTimeMs": 30_000,
    "wallTimeMs": 60_000,
    "memoryBytes": 1024 * MIB,
    "processes": 128,
}
#: `{paths PATTERN}`, where the pattern may say `{prefix}`.
_PATHS = re.compile(r"\{paths ((?:[^{}]|\{\w+\})+)\}")


@dataclass(frozen=True)
class Toolchain:
    """A language with the toolchain that was found for it."""

    language: Language
    binary: str
    version: str
    #: Where a program sees a path of the host; the engine knows better what its level is.
    shown_at: Callable[[str], str] = root.shown_at
    #: A folder of the host for what is made once for many compiles; may not be there (yet).
    prepared: str = ""

    @property
    def identity(self) -> str:
        """Which toolchain that is, and which state of it: another one after an upgrade."""
        asked = " ".join(self.language.version)
        helper = f" {_state_of(esbuild())}" if self._wants_esbuild else ""
        return f"{_state_of(self.binary)} {self.version} ({asked}){helper}"

    @property
    def lacks_esbuild(self) -> bool:
        """Whether it needs esbuild, and set-up could not bring it."""
        return self._wants_esbuild and not esbuild()

    @property
    def _wants_esbuild(self) -> bool:
        return "{esbuild}" in self.language.compile

    def compiler(self, files: Mapping[str, bytes], sources: Collection[str] = ()) -> Program:
        """The program that compiles these files; only for a language that is compiled.

        Args:
            sources: what the compiler is to be given instead of the language's one file.
        """
        language = self.language
        words: list[str] = []
        for word in language.compile:
            words += sources if sources and word == language.file else [word]
        names = [name for name in language.outputs if "*" not in name]
        patterns = [name for name in language.outputs if "*" in name]
        return Program(
            argv=self._command(words, self.compile_limits),
            files=files,
            env=self._env(self.compile_limits),
            collect=tuple(names),
            collect_matching=tuple(patterns),
        )

    @property
    def compile_limits(self) -> Limits:
        """What its compiler may use."""
        return engine_limits({**COMPILE_LIMITS, **self.language.compile_limits})

    def program(
        self,
        files: Mapping[str, bytes],
        limits: Limits,
        args: Collection[str] = (),
        main_class: str = "",
    ) -> Program:
        """The program that these files are, once they are compiled.

        Args:
            main_class: what it starts with, where that has a name of its own.
        """
        words = self.language.run
        if main_class:
            words = [main_class if word == self.main_class else word for word in words]
        return Program(
            argv=(*self._command(words, limits), *args),
            files=files,
            env=self._env(limits),
        )

    @property
    def main_class(self) -> str:
        """What a program of this language starts with, where that is named; else empty."""
        stem = self.language.file.partition(".")[0]
        return stem if stem in self.language.run else ""

    def made(self, compiled: Run) -> bool:
        """Whether the compiler succeeded: it says so, and what runs need is there."""
        named = [name for name in self.language.outputs if "*" not in name]
        exited = compiled.outcome is Outcome.EXITED and compiled.exit_code == 0
        return exited and all(name in compiled.files for name in named)

    def understood(self, run: Run) -> Run:
        """The run, with its virtual machine's word for a reached memory limit understood."""
        word = self.language.out_of_memory.encode()
        died = run.outcome is Outcome.EXITED and run.exit_code != 0
        if word and died and word in run.stderr:
            return replace(run, outcome=Outcome.MEMORY_LIMIT)
        return run

    def _command(self, words: list[str], limits: Limits) -> tuple[str, ...]:
        return tuple(self._fill(word, limits) for word in words)

    def _env(self, limits: Limits) -> dict[str, str]:
        return {name: self._fill(value, limits) for name, value in self.language.env.items()}

    def _fill(self, word: str, limits: Limits) -> str:
        if "{" not in word:
            return word
        memory_mb = limits.memory_bytes // MIB
        heap_mb = max(memory_mb - max(memory_mb // 8, 32), 8)
        for path in _PATHS.findall(word):
            word = word.replace(f"{{paths {path}}}", _listed(path, self.binary, self.shown_at))
        if "{esbuild}" in word:
            word = word.replace("{esbuild}", self.shown_at(esbuild()))
        filled = _fill(word, self.shown_at(self.binary), self.shown_at(self.prepared))
        return filled.replace("{memory_mb}", str(memory_mb)).replace("{heap_mb}", str(heap_mb))

    def on_host(self, words: list[str]) -> list[str]:
        """A command of the language file as it is said outside."""
        return [_fill(word, self.binary, self.prepared) for word in words]

    def folders(self, patterns: list[str]) -> list[str]:
        """`mounts` or `hides` of the language file, with patterns resolved, on the host."""
        return [path for pattern in patterns for path in glob.glob(_fill(pattern, self.binary))]

    def facts(self, start_mode: str = "exec") -> dict[str, str]:
        """What is announced of it."""
        return {
            "name": self.language.name,
            "title": self.language.title,
            "version": self.version,
            "startMode": start_mode,
        }


def _state_of(binary: str) -> str:
    try:
        status = os.stat(binary)
    except OSError:  # removed just now: whatever needs it will fail in its own words
        return f"{binary} gone"
    return f"{binary} {status.st_size} {status.st_mtime_ns}"


@cache
def _listed(pattern: str, binary: str, shown_at: Callable[[str], str]) -> str:
    """Paths of the host that match, where programs see them, as PATH has them."""
    return ":".join(map(shown_at, sorted(glob.glob(_fill(pattern, binary)))))


def _fill(word: str, binary: str, prepared: str = "") -> str:
    folder = Path(binary).parent
    values = {"{binary}": binary, "{folder}": str(folder), "{prefix}": str(folder.parent)}
    for name, value in {**values, "{prepared}": prepared, "{esbuild}": esbuild()}.items():
        word = word.replace(name, value)
    return word


def fork_start(found: list[Toolchain]) -> ForkStart | None:
    """The Python that programs may be forked from: the first whose file says so."""
    for toolchain in found:
        if toolchain.language.start == "fork":
            return ForkStart(toolchain.binary, toolchain.language.env)
    return None


def mounts(found: list[Toolchain], private: Iterable[Path] = ()) -> tuple[list[str], list[str]]:
    """What cells have to show, and what of it to hide.

    Args:
        private: folders that no program may see; what holds one of them is not shown. A
            binary in ~/bin would have its `{prefix}`, a home folder, shown as a toolchain.
    """
    shown = {path for t in found for path in t.folders(t.language.mounts)}
    for folder in private:
        while holder := holding(folder, shown):
            _log.warning("programs are not shown a folder", folder=str(holder), holds=str(folder))
            shown.remove(holder)
    hidden = {path for t in found for path in t.folders(t.language.hides)}
    return sorted(shown), sorted(hidden)


def holding(folder: Path, shown: Iterable[str]) -> str | None:
    """Which of the folders that programs see holds another one, if any does."""
    place = folder.resolve()
    return next((path for path in shown if place.is_relative_to(Path(path).resolve())), None)


def engine_limits(values: Mapping[str, int]) -> Limits:
    """The engine's limits from wire names and the table of defaults."""
    full = {name: row.default for name, row in LIMITS.items()} | dict(values)
    return Limits(
        cpu_time_ms=full["cpuTimeMs"],
        wall_time_ms=full["wallTimeMs"],
        memory_bytes=full["memoryBytes"],
        output_bytes=full["outputBytes"],
        processes=full["processes"],
    )
