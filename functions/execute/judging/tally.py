"""What all cases come to: the verdict, the points, and which are still to be run."""

from __future__ import annotations

import time
from collections.abc import Callable

from functions.execute.judging.plan import Case, Judged
from shared.limits import MAX_JUDGING_S
from shared.models import GroupResult
from shared.verdicts import Verdict

_PASSED = (Verdict.ACCEPTED, Verdict.COMPLETED)
_OVERDUE = f"judging took longer than {MAX_JUDGING_S} s in all; the other tests were not run"


class Tally:
    """Counts cases in the plan's order: the first that fails decides."""

    def __init__(
        self, *, stop_on_failure: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stop_on_failure = stop_on_failure
        self._clock = clock
        self._deadline_s = clock() + MAX_JUDGING_S
        self._points: float | None = None
        self._failure: Verdict | None = None
        self._compared = False
        self._begun = False
        self.failed: Case | None = None
        self.overdue = False

    def add(self, case: Case, judged: Judged) -> float | None:
        """Count a case; gives its points."""
        self._begun = True
        passed = judged.verdict in _PASSED
        self._compared |= judged.verdict is not Verdict.COMPLETED
        # Whatever came before our own fault is worth nothing.
        if judged.verdict is Verdict.JUDGE_ERROR or (not passed and self.failed is None):
            self.failed, self._failure = case, judged.verdict
        points = judged.score
        if points is None and case.points is not None:
            factor = 1.0 if judged.multiplier is None else judged.multiplier
            points = case.points * factor if passed else 0.0
        if points is not None:
            self._points = (self._points or 0.0) + points
        return points

    def wants(self, case: Case) -> bool:
        """Whether a case is to be run; the first one always is."""
        if self._failure is Verdict.JUDGE_ERROR:
            return False
        if self.failed is not None and self._stop_on_failure:
            return False
        self.overdue = self.overdue or (self._begun and self._clock() > self._deadline_s)
        return not self.overdue

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole, once all is counted."""
        if self._failure is not None:
            return self._failure
        if self.overdue:
            return Verdict.TIME_LIMIT
        return Verdict.ACCEPTED if self._compared else Verdict.COMPLETED

    @property
    def score(self) -> float | None:
        """None: no case has points."""
        return self._points

    @property
    def message(self) -> str | None:
        """What there is to say of the whole."""
        return _OVERDUE if self.overdue else None

    def groups(self) -> list[GroupResult]:
        """Of groups of cases, where there are any."""
        return []
