"""The engine: `run(program, limits) -> Run`, on one of a fixed number of cells.

    facade (this file) -> cell -> keeper -> supervise -> child
    a thread per slot     socket   exec'd    one run      init + the program

Cells are made in the main thread, because a keeper dies with the thread that started
it. A cell that did anything unexpected is thrown away and made anew; until then its
slot is not lent out.

A slot may have a second cell, for checkers and validators, which see what the program
must not see. It is made when it is first asked for (`Cell.second`), and stays.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from functions.execute.engine import cgroups, leftovers, probe, root
from functions.execute.engine.cell import BASE_ENV, Cell, CellConfig
from functions.execute.engine.program import EngineError, Limits, OnOutput, Program, Run

#: Cells run programs as this user and the following ones.
_FIRST_UID = 61_000
#: Tells the groups of several engines of one process apart.
_SERIALS = itertools.count()
#: Who waits for a second cell looks so often whether it is still wanted.
_LOOK_INTERVAL_S = 0.2


@dataclass(frozen=True)
class ForkStart:
    """A Python that is started once per cell and forked for each run."""

    binary: str
    env: Mapping[str, str]
    #: After how many runs it is started anew: they share a hash seed and an address layout.
    runs: int = 500


class Engine:
    """All cells of one worker. Make and close it in the main thread."""

    def __init__(
        self,
        slots: int,
        *,
        isolation: str = "best",
        mounts: Iterable[str] = (),
        hides: Iterable[str] = (),
        forks: ForkStart | None = None,
    ) -> None:
        """
        Args:
            slots: how many runs may go on at the same time.
            isolation: the level to run at: best takes the best there is; full and
                container take exactly that.
            mounts: toolchain folders that programs may read.
            hides: folders below them that appear empty.
            forks: the Python whose programs are forked rather than exec'd.

        Raises:
            EngineError: this machine does not give what was asked for.
        """
        self.facts = probe.facts()
        self.level = choose_level(self.facts, isolation)
        self._folders = cgroups.parents() if self.level == "full" else {}
        self.reclaimed = cgroups.reclaim(self._folders) + leftovers.reclaim()
        self._mounts, self._hides = list(mounts), list(hides)
        self.slots = slots
        #: Told of each cell that had to be made anew.
        self.on_rebuilt: Callable[[], None] = lambda: None
        self._serial = next(_SERIALS)
        self._forks = forks if self.level != "container" else None
        self._idle: queue.LifoQueue[Cell] = queue.LifoQueue()
        #: What only the main thread may do: make cells.
        self._chores: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._cells: dict[int, Cell] = {}
        self._seconds: dict[int, Cell] = {}
        try:
            for index in range(slots):
                self._cells[index] = self._new_cell(index)
            for cell in self._cells.values():
                cell.wait_ready()
                self._idle.put(cell)
        except EngineError:
            self.close()
            raise

    @contextlib.contextmanager
    def cell(self) -> Iterator[Cell]:
        """Borrow a cell; one that broke is replaced rather than given back."""
        cell = self._idle.get()
        while not cell.is_idle():  # it died in the meantime, which is no submission's fault
            self._discard(cell)
            cell = self._idle.get()
        cell.renew()
        try:
            yield cell
        finally:
            if cell.broken:
                self._discard(cell)
            else:
                self._idle.put(cell)

    def run(self, program: Program, limits: Limits, *, on_output: OnOutput | None = None) -> Run:
        """Run one program on whichever cell is free.

        Raises:
            EngineError: our fault; nothing is known about the program.
        """
        with self.cell() as cell:
            return cell.run(program, limits, on_output=on_output)

    def repair(self, timeout_s: float) -> None:
        """Make cells that are wanted. The main thread calls it in its loop; waits up to a time."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._chores.get(timeout=timeout_s)()
                timeout_s = 0

    def _replace(self, index: int) -> None:
        self._cells[index].close()
        self.on_rebuilt()
        leftovers.reclaim()
        self._cells[index] = self._new_cell(index)
        self._cells[index].wait_ready()
        self._idle.put(self._cells[index])

    def _second_of(self, index: int) -> Cell:
        """The second cell of a slot, made by the main thread if need be."""
        there = self._seconds.get(index)
        if there is not None and not there.broken and there.is_idle():
            return there
        done = threading.Event()
        failed: list[EngineError] = []
        self._chores.put(partial(self._make_second, index, done, failed))
        if threading.current_thread() is threading.main_thread():
            self.repair(0)
        while not done.wait(_LOOK_INTERVAL_S):
            if self._cells[index].stopped:
                raise EngineError("stopped while a second cell was being made")
        if failed:
            raise failed[0]
        return self._seconds[index]

    def _make_second(self, index: int, done: threading.Event, failed: list[EngineError]) -> None:
        try:
            if old := self._seconds.pop(index, None):
                old.close()
                self.on_rebuilt()
                leftovers.reclaim()
            second = self._new_cell(index, second=True)
            self._seconds[index] = second
            second.wait_ready()
        except EngineError as error:
            failed.append(error)
        finally:
            done.set()

    def shown_at(self, path: str) -> str:
        """Where programs see a file of the host."""
        return path if self.level == "container" else root.shown_at(path)

    def start_mode(self, binary: str) -> str:
        """How programs of a Python, or of anything else, are started as a rule."""
        return "fork" if self._forks and self._forks.binary == binary else "exec"

    def close(self) -> None:
        """End every cell and everything in it."""
        for cell in (*self._cells.values(), *self._seconds.values()):
            cell.close()
        cgroups.leave(self._folders)

    def _discard(self, cell: Cell) -> None:
        index = next(i for i, c in self._cells.items() if c is cell)
        self._chores.put(partial(self._replace, index))
        if threading.current_thread() is threading.main_thread():
            self.repair(0)

    def _nursery(self) -> dict[str, Any] | None:
        if self._forks is None:
            return None
        return {
            "binary": self.shown_at(self._forks.binary),
            "env": {**BASE_ENV, **self._forks.env},
            "stack_bytes": Limits().stack_bytes,
            "most_runs": self._forks.runs,
        }

    def _new_cell(self, index: int, *, second: bool = False) -> Cell:
        number = index + self.slots if second else index
        cell = Cell(
            CellConfig(
                level=self.level,
                uid=_FIRST_UID + number,
                group=f"{cgroups.owner_tag(os.getpid())}.{self._serial}.{number}",
                folders={kind: str(path) for kind, path in self._folders.items()},
                landlock_abi=self.facts.landlock_abi,
                mounts=self._mounts,
                hides=self._hides,
                nursery=self._nursery(),
            )
        )
        if not second:
            cell.lend = partial(self._second_of, index)
        return cell


def choose_level(facts: probe.Facts, wanted: str) -> str:
    """The level to run at: never silently lower than what the operator asked for.

    Raises:
        EngineError: it cannot be had here; says what is missing.
    """
    found = facts.level
    if found == "none":
        raise EngineError(
            "this machine gives no isolation to run programs in "
            f"(namespaces: {facts.namespaces}; seccomp: {facts.seccomp}; "
            f"Landlock ABI: {facts.landlock_abi}); see `doctor`"
        )
    if wanted == "full" and found != "full":
        raise EngineError(
            f"isolation 'full' was asked for, this machine gives {found!r} "
            f"(namespaces: {facts.namespaces}; cgroups: {facts.cgroups}); see `doctor`"
        )
    if wanted == "container" and not facts.allows_container:
        raise EngineError(
            "isolation 'container' was asked for, but Landlock here has ABI "
            f"{facts.landlock_abi} and it needs 6; see `doctor`"
        )
    return "container" if wanted == "container" else found
