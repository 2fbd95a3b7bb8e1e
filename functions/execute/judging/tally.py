"""What all cases come to: the verdict, the points, and whether to go on."""

from __future__ import annotations

import time
from collections.abc import Callable

from functions.execute.judging.plan import Case, Judged, Plan
from shared.limits import MAX_JUDGING_S
from shared.verdicts import Verdict

_PASSED = (Verdict.ACCEPTED, Verdict.COMPLETED)
OVERDUE = f"judging took longer than {MAX_JUDGING_S} s in all; the other tests were not run"


class Tally:
    """Counts cases in the plan's order: the first that fails decides."""

    def __init__(self, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self._plan = plan
        self._clock = clock
        self._deadline_s = clock() + MAX_JUDGING_S
        #: None: no case has points.
        self.score: float | None = None
        self.failed: Case | None = None
        self.overdue = False
        self._failure: Verdict | None = None
        self._compared = False

    def add(self, case: Case, judged: Judged) -> float | None:
        """Count a case; gives its points."""
        passed = judged.verdict in _PASSED
        self._compared |= judged.verdict is not Verdict.COMPLETED
        if not passed and self.failed is None:
            self.failed, self._failure = case, judged.verdict
        if judged.verdict is Verdict.JUDGE_ERROR:  # whatever came before it is worth nothing
            self.failed, self._failure = case, judged.verdict
        points = judged.score
        if points is None and case.points is not None:
            factor = 1.0 if judged.multiplier is None else judged.multiplier
            points = case.points * factor if passed else 0.0
        if points is not None:
            self.score = (self.score or 0.0) + points
        return points

    def goes_on(self) -> bool:
        """Whether another case is to be run."""
        if self._failure is Verdict.JUDGE_ERROR:
            return False
        if self.failed is not None and self._plan.stop_on_failure:
            return False
        self.overdue = self._clock() > self._deadline_s
        return not self.overdue

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole, once all is counted."""
        if self._failure is not None:
            return self._failure
        if self.overdue:
            return Verdict.TIME_LIMIT
        return Verdict.ACCEPTED if self._compared else Verdict.COMPLETED
