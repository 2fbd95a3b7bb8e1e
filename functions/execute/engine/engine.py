"""The engine: `run(program, limits) -> Run`, on one of a fixed number of cells.

    facade (this file) -> cell -> keeper -> supervise -> child
    a thread per slot     socket   exec'd    one run      init + the program

Cells are made in the main thread, because a keeper dies with the thread that started
it. A cell that did anything unexpected is thrown away and made anew; until then its
slot is not lent out.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterable, Iterator

from functions.execute.engine import cgroups, probe
from functions.execute.engine.cell import Cell, CellConfig
from functions.execute.engine.program import EngineError, Limits, OnOutput, Program, Run

#: Cells run programs as this user and the following ones.
_FIRST_UID = 61_000


class Engine:
    """All cells of one worker. Make and close it in the main thread."""

    def __init__(
        self,
        slots: int,
        *,
        isolation: str = "best",
        mounts: Iterable[str] = (),
        hides: Iterable[str] = (),
    ) -> None:
        """
        Args:
            slots: how many runs may go on at the same time.
            isolation: the least to accept: best, full or container.
            mounts: toolchain folders that programs may read.
            hides: folders below them that appear empty.

        Raises:
            EngineError: this machine does not give what was asked for.
        """
        self.facts = probe.facts()
        _refuse_less(self.facts, isolation)
        self._folders = cgroups.parents() if self.facts.cgroups != "none" else {}
        self.reclaimed = cgroups.reclaim(self._folders)
        self._mounts, self._hides = list(mounts), list(hides)
        self._idle: queue.LifoQueue[Cell] = queue.LifoQueue()
        self._broken: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._cells: dict[int, Cell] = {}
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
        cell.renew()
        try:
            yield cell
        finally:
            if cell.broken:
                self._broken.put(next(i for i, c in self._cells.items() if c is cell))
                self._repair_if_main()
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
        """Make broken cells anew. The main thread calls it in its loop; waits up to a time."""
        with contextlib.suppress(queue.Empty):
            while True:
                index = self._broken.get(timeout=timeout_s)
                self._cells[index].close()
                self._cells[index] = self._new_cell(index)
                self._cells[index].wait_ready()
                self._idle.put(self._cells[index])
                timeout_s = 0

    def close(self) -> None:
        """End every cell and everything in it."""
        for cell in self._cells.values():
            cell.close()

    def _repair_if_main(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self.repair(0)

    def _new_cell(self, index: int) -> Cell:
        return Cell(
            CellConfig(
                uid=_FIRST_UID + index,
                group=f"{cgroups.owner_tag(os.getpid())}.{index}",
                folders={kind: str(path) for kind, path in self._folders.items()},
                landlock_abi=self.facts.landlock_abi,
                mounts=self._mounts,
                hides=self._hides,
            )
        )


def _refuse_less(facts: probe.Facts, wanted: str) -> None:
    """Never silently lower than what the operator asked for."""
    if facts.level == "none":
        raise EngineError(
            "this machine gives no isolation to run programs in "
            f"(namespaces: {facts.namespaces}; seccomp: {facts.seccomp}); see `doctor`"
        )
    if wanted == "full" and facts.level != "full":
        raise EngineError(
            f"isolation 'full' was asked for, this machine gives {facts.level!r} "
            f"(cgroups: {facts.cgroups}); see `doctor`"
        )
