"""The programs that are measured: each as the engine is given it, and as a bare command."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace

from functions.execute import discovery, toolchains
from functions.execute.engine.cell import BASE_ENV
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Limits, Program
from functions.execute.toolchains import Toolchain
from infra.local.benches.bare import Bare

LIMITS = Limits(cpu_time_ms=20_000, wall_time_ms=60_000, memory_bytes=1 << 30)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """One program, both ways."""

    name: str
    program: Program
    argv: tuple[str, ...]
    hides: tuple[str, ...] = ()

    def bare(self) -> Bare:
        """The bare command."""
        return Bare(self.argv, self.program_env, self.program.files, self.hides)

    @property
    def program_env(self) -> Mapping[str, str]:
        """What the cell sets, and what the language adds."""
        return {**BASE_ENV, **self.program.env}


def discovered(*languages: str) -> list[Toolchain]:
    """The best toolchain of each of these languages that this machine has."""
    best: dict[str, Toolchain] = {}
    for toolchain in discovery.discover(only=list(languages)):
        best.setdefault(toolchain.language.name, toolchain)
    return list(best.values())


def engine_for(found: list[Toolchain], *, slots: int = 1, forks: bool = True) -> Engine:
    """An engine that can run them; without `forks` every program is exec'd."""
    mounts, hides = toolchains.mounts(found)
    start = toolchains.fork_start(found) if forks else None
    return Engine(slots, mounts=mounts, hides=hides, forks=start)


def hello(engine: Engine, toolchain: Toolchain) -> Subject | None:
    """The language's hello program, compiled if need be; None if it does not work here."""
    # Compilers do without what could be prepared for them.
    placed = replace(toolchain, shown_at=engine.shown_at, prepared="/nonexistent")
    language = placed.language
    files: Mapping[str, bytes] = {language.file: language.hello.encode()}
    if language.compile:
        compiled = engine.run(placed.compiler(files), placed.compile_limits)
        if not placed.made(compiled):
            _log.warning("%s cannot be compiled here: %r", language.name, compiled)
            return None
        files = dict(compiled.files)
    program = placed.program(files, LIMITS)
    if engine.run(program, LIMITS).exit_code != 0:
        return None
    return Subject(
        name=f"{language.name} hello",
        program=program,
        argv=tuple(toolchain.on_host(language.run)),
        hides=tuple(toolchain.folders(language.hides)),
    )


def true() -> Subject:
    """The least that can be run."""
    path = shutil.which("true") or "/bin/true"
    return Subject(name="true", program=Program(argv=(path,)), argv=(path,))
