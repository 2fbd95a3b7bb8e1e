"""What the tests of a package come to: its groups, its score, and which tests matter still."""

from __future__ import annotations

from functions.execute.judging.plan import Case, Judged
from functions.execute.judging.tally import Tally
from shared.models import GroupResult
from shared.problems.model import Package
from shared.problems.scoring import CaseScore, Judgement
from shared.verdicts import Verdict


class PackageTally(Tally):
    """A tally by the rules of a package, which `shared/problems/scoring.py` knows."""

    def __init__(self, package: Package, *, run_all: bool = False, reveal: bool = False) -> None:
        """
        Args:
            run_all: run also the tests that cannot matter any more.
            reveal: tell of groups also where contestants are not to see them.
        """
        super().__init__(stop_on_failure=False)
        self._shows_groups = reveal or package.show_groups
        self._cases = {case.name: case for case in package.cases}
        self._judgement = Judgement(package, run_all=run_all)

    def add(self, case: Case, judged: Judged) -> float | None:
        super().add(case, judged)
        result = CaseScore(judged.verdict, judged.score, judged.multiplier)
        return self._judgement.add(self._cases[case.key], result)

    def wants(self, case: Case) -> bool:
        return super().wants(case) and self._judgement.wants(self._cases[case.key])

    @property
    def verdict(self) -> Verdict:
        if self.overdue:
            return super().verdict
        return self._judgement.whole().verdict or Verdict.JUDGE_ERROR

    @property
    def score(self) -> float | None:
        return self._judgement.whole().score

    @property
    def message(self) -> str | None:
        if self.overdue:
            return super().message
        whole = self._judgement.whole()
        return whole.message if whole.verdict is Verdict.JUDGE_ERROR and whole.message else None

    def groups(self) -> list[GroupResult]:
        """Verdict and score of each group, where contestants may see them."""
        if not self._shows_groups:
            return []
        return [
            GroupResult(name=group.name, verdict=group.verdict, score=group.score)
            for group in self._judgement.groups()
        ]
