"""What a submission goes through on its slot: each step is counted, timed, and may be traced."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from functions.execute.engine.program import Run
from shared import tracing
from shared.claims import Claim
from shared.counts import Counting

#: A trace tells of so many runs; a submission may have thousands of tests.
_MOST_TRACED = 50


class Steps:
    """Of one claim, from there to its end."""

    def __init__(self, counting: Counting, claim: Claim) -> None:
        self._counting = counting
        self._claim = claim
        self._runs = 0

    @contextmanager
    def judging(self) -> Iterator[None]:
        """All the time that it has the slot."""
        claim, began_s = self._claim, time.perf_counter()
        try:
            with tracing.span(
                "judge",
                kind="consumer",
                parent=claim.spec.traceparent,
                submission_id=claim.submission_id,
                tenant=claim.tenant,
                language=claim.language,
                attempt=claim.attempt,
            ):
                tracing.past("queue", began_ms=claim.queued_ms)
                yield
        finally:
            ms = (time.perf_counter() - began_s) * 1000
            self._counting.took("judge", claim.language, ms=ms)

    def ran(self, run: Run) -> None:
        """Its program was run once."""
        language = self._claim.language
        self._counting.add("runs", language, run.start_mode)
        self._counting.took("run", language, ms=run.wall_time_ms)
        self._runs += 1
        if self._runs <= _MOST_TRACED:
            began_ms = time.time() * 1000 - run.wall_time_ms
            tracing.past(
                "run", began_ms=began_ms, start=run.start_mode, outcome=run.outcome,
                cpu_time_ms=run.cpu_time_ms, peak_memory_bytes=run.peak_memory_bytes,
            )  # fmt: skip
