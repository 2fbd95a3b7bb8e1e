"""Which toolchains work here: each compiles and runs its hello program in a cell.

What worked is remembered, by the language file, the binary and the isolation level, so
that the next start need not try it again. What did not work is tried at every start:
what it lacked may have been installed meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import msgspec

from functions.execute import discovery
from functions.execute.engine.cell import Cell
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError, Outcome, Run
from functions.execute.state import write_atomically
from functions.execute.toolchains import Toolchain, engine_limits
from shared import logs

_log = logs.get_logger(__name__)
#: What is remembered at most, oldest first out: old toolchains are of no use.
_MOST_REMEMBERED = 512
_REPAIR_INTERVAL_S = 0.02
_SAID_BYTES = 300
#: Generous, so that a busy machine does not cost a language.
_HELLO_LIMITS = {"cpuTimeMs": 20_000, "wallTimeMs": 60_000}


class Memory:
    """What is known of toolchains from earlier starts: versions, and which ones worked."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: a small JSON file; one that cannot be read or written is done without.
        """
        self._path = path
        self._lock = threading.Lock()
        self._known = self._read()

    def version(self, toolchain: Toolchain) -> str:
        """`discovery.version`, asked only when the binary is a new one."""
        key = f"version {toolchain.identity}"
        known = self._known.get(key)
        if known is None:
            known = discovery.version(toolchain)
            if known:
                self.add(key, known)
        return known

    def worked(self, toolchain: Toolchain, level: str) -> bool:
        """Whether its hello program has worked at this level."""
        return _trial(toolchain, level) in self._known

    def works(self, toolchain: Toolchain, level: str) -> None:
        """Its hello program has worked."""
        self.add(_trial(toolchain, level), toolchain.version)

    def add(self, key: str, value: str) -> None:
        """Remember something; what other workers remembered meanwhile is kept."""
        with self._lock:
            everything = {**self._read(), **self._known, key: value}
            self._known = dict(list(everything.items())[-_MOST_REMEMBERED:])
            try:
                write_atomically(self._path, msgspec.json.format(msgspec.json.encode(self._known)))
            except OSError as error:
                _log.warning("what is found out of toolchains is not kept", error=error)

    def _read(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
        except (OSError, msgspec.DecodeError):
            return {}


def _name(toolchain: Toolchain) -> str:
    return toolchain.language.name


def _trial(toolchain: Toolchain, level: str) -> str:
    digest = hashlib.sha256(msgspec.json.encode(toolchain.language)).hexdigest()[:16]
    return f"works {level} {toolchain.language.name} {digest} {toolchain.identity}"


class Trials:
    """The toolchains that work in an engine's cells, found out by as many threads as slots.

    The main thread has to call `engine.repair` meanwhile.
    """

    def __init__(self, engine: Engine, found: Iterable[Toolchain], memory: Memory) -> None:
        #: For each language the first toolchain that works; grows while they are tried.
        self.working: dict[str, Toolchain] = {}
        #: Why the others do not, in words.
        self.problems: dict[str, str] = {}
        self._engine = engine
        self._memory = memory
        self._stopped = False
        self._cells: set[Cell] = set()
        ordered = sorted(found, key=_name)  # stable: the best of each language stays first
        self._left = deque(list(candidates) for _, candidates in groupby(ordered, key=_name))
        self._threads = [
            threading.Thread(target=self._try_all, name="trials", daemon=True)
            for _ in range(engine.slots)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, patience_s: float) -> bool:
        """From the main thread: whether all have been tried before time ran out.

        Raises:
            EngineError: a broken cell could not be made anew.
        """
        deadline = time.monotonic() + patience_s
        while any(thread.is_alive() for thread in self._threads):
            if time.monotonic() > deadline:
                return False
            self._engine.repair(_REPAIR_INTERVAL_S)
        return True

    def stop(self) -> None:
        """Try no more; what is being tried ends."""
        self._stopped = True
        for cell in list(self._cells):
            cell.kill()

    def _try_all(self) -> None:
        while not self._stopped:
            try:
                candidates = self._left.popleft()
            except IndexError:
                return
            try:
                self._try(candidates)
            except Exception:
                _log.exception("a language is not offered", language=candidates[0].language.name)

    def _try(self, candidates: list[Toolchain]) -> None:
        for candidate in candidates:
            placed = replace(candidate, shown_at=self._engine.shown_at)
            known = self._memory.worked(placed, self._engine.level)
            problem = "" if known else self._problem(placed)
            if self._stopped:
                return
            if not problem:
                self.working[placed.language.name] = placed
                if not known:
                    self._memory.works(placed, self._engine.level)
                return
            self.problems[placed.language.name] = problem
            # Where programs may not fork, many compilers do not work: nothing to worry about.
            level = logging.INFO if self._engine.level == "container" else logging.WARNING
            _log.log(
                level, "a language is not offered", language=placed.language.name, problem=problem
            )

    def _problem(self, toolchain: Toolchain) -> str:
        if toolchain.language.forks and self._engine.level == "container":
            return "it starts processes, which programs may not do at this level"
        if toolchain.lacks_esbuild:
            return "esbuild is not installed: the page's packages bring it, and they are missing"
        try:
            with self._engine.cell() as cell:
                self._cells.add(cell)
                try:
                    return "" if self._stopped else problem_with_hello(cell, toolchain)
                finally:
                    self._cells.discard(cell)
        except EngineError as error:
            return str(error)


def problem_with_hello(cell: Cell, toolchain: Toolchain) -> str:
    """Compile and run the hello program in a cell: what went wrong, empty if nothing.

    Raises:
        EngineError: the cell broke.
    """
    language = toolchain.language
    files: Mapping[str, bytes] = {language.file: language.hello.encode()}
    if language.compile:
        compiled = cell.run(toolchain.compiler(files), toolchain.compile_limits)
        if not toolchain.made(compiled):
            return f"compiling its hello program: {_in_short(compiled)}"
        files = compiled.files
    limits = engine_limits({**language.limits, **_HELLO_LIMITS})
    run = cell.run(toolchain.program(files, limits), limits)
    good = run.outcome is Outcome.EXITED and run.exit_code == 0 and run.stdout.strip() == b"hello"
    return "" if good else f"its hello program: {_in_short(run)}"


def _in_short(run: Run) -> str:
    said = (run.stderr + run.stdout)[:_SAID_BYTES].decode(errors="replace")
    return f"{run.outcome}, exit code {run.exit_code}, signal {run.signal}: {said!r}"
