"""What judging works with on one slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from functions.execute.compile_cache import CompileCache
from functions.execute.engine.cell import Cell
from functions.execute.judging.programs import Ready, Source, by_scripts, by_toolchain
from functions.execute.toolchains import Toolchain
from shared.problems.store import InstalledPackages


class NoLanguage(Exception):
    """This worker has no toolchain for a language that is needed."""

    def __init__(self, language: str) -> None:
        super().__init__(f"this worker has no {language}")


@dataclass(frozen=True)
class Tools:
    """A slot's cell, the toolchains that work, and what was compiled before."""

    cell: Cell
    toolchains: Mapping[str, Toolchain]
    cache: CompileCache
    packages: InstalledPackages
    tenant: str

    def ready(self, source: Source, language: str) -> Ready:
        """Make the program that is judged ready.

        Raises:
            NotBuilt: the compiler refused it.
            NoLanguage: it cannot be compiled here at all.
            GivenUp: it was stopped from outside.
        """
        return self._ready(source, language, self.cell, self.tenant)

    def ready_validator(self, source: Source, language: str | None, owner: str) -> Ready:
        """Make a validator ready: in the second cell, its text may hold answers.

        Args:
            owner: who shares what is compiled: a tenant, or whoever has this package.
        """
        return self._ready(source, language, self.cell.second(), owner)

    def _ready(self, source: Source, language: str | None, cell: Cell, owner: str) -> Ready:
        if source.has_build or source.has_run:
            return by_scripts(source, cell, self.cache)
        toolchain = self.toolchains.get(language or "")
        if toolchain is None:
            raise NoLanguage(language or "language for it")
        return by_toolchain(source, toolchain, owner, cell, self.cache)
