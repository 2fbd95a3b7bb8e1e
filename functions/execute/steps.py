"""What a submission goes through on its slot: each step is counted and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from functions.execute.engine.program import Run
from shared.counts import Counting


class Steps:
    """Of one claim, from there to its end."""

    def __init__(self, counting: Counting, language: str) -> None:
        self._counting = counting
        self._language = language

    @contextmanager
    def judging(self) -> Iterator[None]:
        """All the time that it has the slot."""
        began_s = time.perf_counter()
        try:
            yield
        finally:
            ms = (time.perf_counter() - began_s) * 1000
            self._counting.took("judge", self._language, ms=ms)

    def ran(self, run: Run) -> None:
        """Its program was run once."""
        self._counting.add("runs", self._language, run.start_mode)
        self._counting.took("run", self._language, ms=run.wall_time_ms)
