"""An engine with two cells, the toolchains that work in it, and two hands to use them."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from functions.execute import discovery, toolchains
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import Run
from functions.execute.prepare import Preparations
from functions.execute.toolchains import Toolchain, engine_limits
from functions.execute.trials import Memory, Trials
from shared import languages

PROGRAMS = Path(__file__).parent / "programs"
_PATIENCE_S = 600.0
#: Far more than any program here needs: what a busy machine makes of it is not the point.
_WALL_TIME_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Job:
    """A program of a language, and what it finds."""

    language: str
    code: str
    stdin: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict, hash=False)
    #: Limits by wire name that differ from the language's own.
    limits: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Answer:
    """What came of a job: no run, if it was not compiled."""

    compiled: Run | None
    run: Run | None


class Workshop:
    """Made and asked in the main thread; works at two jobs at a time."""

    def __init__(
        self, folder: Path, state: Path, *, isolation: str = "best", only: Collection[str] = ()
    ) -> None:
        """
        Args:
            folder: where the language files are.
            state: a state folder, as the worker has it.
            only: names of the languages to look for; empty means all.
        """
        known = Memory(state / "toolchains.json")
        self.preparations = Preparations(state / "prepared", priority=0)
        found = discovery.discover(languages.load(folder), only=only, version_of=known.version)
        self.found = [self.preparations.placed(toolchain) for toolchain in found]
        mounts, hides = toolchains.mounts(self.found)
        self.engine = Engine(
            2,
            isolation=isolation,
            mounts=[*mounts, *self.preparations.mounts],
            hides=hides,
            forks=toolchains.fork_start(self.found),
        )
        self.trials = Trials(self.engine, self.found, known)
        assert self.trials.wait(_PATIENCE_S)
        #: What was compiled already; emptied, it is compiled anew.
        self.compiled: dict[Job, Future[Run]] = {}
        self._lock = threading.Lock()
        self._hands = ThreadPoolExecutor(2)

    def begin(self, job: Job) -> Future[Answer]:
        """Work at it as soon as a hand is free."""
        return self._hands.submit(self._do, job)

    def answer(self, begun: Future[Answer]) -> Answer:
        """What came of it; cells that broke are repaired meanwhile."""
        while wait([begun], 0.02).not_done:
            self.engine.repair(0)
        return begun.result()

    def _do(self, job: Job) -> Answer:
        toolchain = self.trials.working[job.language]
        language = toolchain.language
        files = {**job.files, language.file: job.code.encode()}
        compiled = None
        if language.compile:
            compiled = self._compiled(job, toolchain)
            if not toolchain.made(compiled):
                return Answer(compiled, None)
            files = {**job.files, **compiled.files}
        limits = engine_limits({**language.limits, "wallTimeMs": _WALL_TIME_MS, **job.limits})
        program = replace(toolchain.program(files, limits), stdin=job.stdin)
        return Answer(compiled, toolchain.understood(self.engine.run(program, limits)))

    def _compiled(self, job: Job, toolchain: Toolchain) -> Run:
        """Once for all jobs with the same code: compiling is most of the work."""
        source = Job(language=job.language, code=job.code)
        with self._lock:
            is_first = source not in self.compiled
            future = self.compiled.setdefault(source, Future())
        if is_first:
            files = {toolchain.language.file: job.code.encode()}
            try:
                run = self.engine.run(toolchain.compiler(files), toolchain.compile_limits)
                future.set_result(run)
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hands.shutdown(cancel_futures=True)
        self.engine.close()


def programs(language: str) -> dict[str, Any]:
    """The table of a language's test programs.

    `acts` reads a word from stdin and does it: exit, spin, memory, flood, text, beside.
    A language that cannot has a program for each. `broken` is no program of the language.
    """
    return tomllib.loads((PROGRAMS / f"{language}.toml").read_text())
