"""What is counted of the whole service: one hash in Redis, `keys.COUNTS`, that only grows.

Theory of operation. A count is exact if it changes in the same Lua call as what it counts:
so verdicts, lost leases and times in queue are counted there. What only a worker knows
(how long it compiled and ran, what it started, which cells it made anew) it adds up in
memory and reports with each heartbeat, as numbers to add. A report has a number and is
counted once, however often it is sent. So a worker that is killed takes the counts of its
last second with it, and nothing ever goes backwards: what is in Redis is not the worker's.

A field is the name of a count and its labels, with commas: `verdicts,python,accepted`. A
histogram has a field for each bound that was met, `wait,default,le:250`, not cumulated, and
`wait,default,sum`. Times are stored as whole milliseconds where Lua measures them, and as
microseconds where a worker does. `functions/admin/figures.py` makes metrics of it.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

#: Upper bounds of time in queue in ms; `_lib.lua` has the same.
WAIT_BOUNDS_MS = (
    *(5, 10, 25, 50, 100, 250, 500, 1000, 2500),
    *(5000, 10_000, 30_000, 60_000, 300_000, 1_800_000),
)
#: Upper bounds of what takes a worker's time, in ms.
WORK_BOUNDS_MS = (
    *(1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
    *(5000, 10_000, 30_000, 60_000, 180_000),
)


def bound_label(ms: float) -> str:
    """How a bound is written in a field, as Lua writes it."""
    return f"le:{ms:.14g}"


@dataclass(frozen=True)
class CountReport:
    """What a worker has counted since its last report."""

    number: int
    counts: Mapping[str, int] = field(default_factory=dict)


NO_REPORT = CountReport(0)


class Counting:
    """The counts of one worker, for all of its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: Counter[str] = Counter()
        self._sent = NO_REPORT

    def add(self, name: str, *labels: str, by: int = 1) -> None:
        """So many more."""
        key = ",".join((name, *labels))
        with self._lock:
            self._fresh[key] += by

    def took(self, name: str, *labels: str, ms: float) -> None:
        """One more that took so long."""
        key = ",".join((name, *labels))
        at = bisect_left(WORK_BOUNDS_MS, ms)
        bound = bound_label(WORK_BOUNDS_MS[at] if at < len(WORK_BOUNDS_MS) else inf)
        with self._lock:
            self._fresh[f"{key},{bound}"] += 1
            self._fresh[f"{key},sum"] += round(ms * 1000)

    def report(self) -> CountReport:
        """What is to be reported now: the last report again, if nobody is known to have it."""
        with self._lock:
            if not self._sent.counts:
                self._sent = CountReport(self._sent.number + 1, self._fresh)
                self._fresh = Counter()
            return self._sent

    def heard(self, report: CountReport) -> None:
        """It is counted."""
        with self._lock:
            if report is self._sent:
                self._sent = CountReport(report.number)
