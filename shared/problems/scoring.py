"""From the results of tests to groups, verdict and score; and which test is to be run next.

`Judgement(package)` is told of each test as it ends. It is a fold without clocks or files:
the same results give the same end.

| package         | which tests are run                     | verdict                  |
|-----------------|-----------------------------------------|--------------------------|
| pass-fail       | all, until the first that fails         | of the first that fails  |
| legacy scoring  | a group stops at its first test (or     | as the graders say,      |
|                 | group) that fails, if `on_reject` is    | from the bottom up       |
|                 | `break`                                 |                          |
| 2025-09 scoring | a group is left out if one it requires  | accepted if the score is |
|                 | failed; a `pass-fail` or `min` group    | more than zero, else of  |
|                 | stops at its first failure              | the first that fails     |

With `run_all` every test is run that could be: example submissions are verified so. The
verdict and the score are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.problems.model import Case, Grader, Group, Package, Scoring
from shared.verdicts import Verdict

#: The worst first: `worst_error` of legacy.
_BADNESS = (
    *(Verdict.JUDGE_ERROR, Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT),
    *(Verdict.TIME_LIMIT, Verdict.OUTPUT_LIMIT, Verdict.WRONG_ANSWER, Verdict.ACCEPTED),
)
#: Of a test that is one: its own message says why.
_JUDGE_ERROR = "judge error"
#: The sums of doubles may be this far past a maximum.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CaseScore:
    """What became of one test. At most one of the two numbers comes from a validator."""

    verdict: Verdict
    #: `score.txt`
    score: float | None = None
    #: `score_multiplier.txt`
    multiplier: float | None = None


@dataclass(frozen=True)
class GroupScore:
    """What became of a group, or of the whole package. `verdict` is None if nothing was run."""

    name: str
    verdict: Verdict | None
    score: float | None
    #: Why it is a judge error, or why it was not run; for the judges.
    message: str = ""


class ScoreError(Exception):
    """A score that the package does not allow: the judge's fault, never the program's."""


#: Asks the package's custom grader: group, and verdict and score of each of its parts.
CustomGrader = Callable[[Group, list["GroupScore"]], tuple[Verdict, float]]


@dataclass
class Judgement:
    """The results so far of one submission to one package."""

    package: Package
    run_all: bool = False
    #: Needed where a group has `grading: custom`; it may raise `ScoreError`.
    custom_grader: CustomGrader | None = None
    results: dict[str, CaseScore] = field(default_factory=dict)
    _groups: dict[str, Group] = field(init=False)
    _cases: dict[str, Case] = field(init=False)
    #: Names of groups in which a test failed, those around them included.
    _failing: set[str] = field(init=False, default_factory=set)
    _error: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._groups = {group.name: group for group in self.package.groups}
        self._cases = {case.name: case for case in self.package.cases}

    def add(self, case: Case, result: CaseScore) -> float | None:
        """Count a test; gives its score, None where tests have none."""
        self.results[case.name] = result
        points = None
        try:
            points = self._points(case, result)
        except ScoreError as error:
            # Without the test's name: a hidden test has none for a contestant.
            self._error = self._error or str(error)
            self.results[case.name] = CaseScore(Verdict.JUDGE_ERROR)
        if result.verdict is Verdict.JUDGE_ERROR:
            self._error = self._error or _JUDGE_ERROR
        if _failed(self.results[case.name]):
            self._failing.update(_around(case.group))
        return points

    def wants(self, case: Case) -> bool:
        """Whether a test is still to be run; ask in judging order."""
        if self._error or self._is_left_out(case.group):
            return False
        if self.run_all or not self._failing:
            return True
        return self.package.scoring and not self._is_stopped(case.group)

    def groups(self) -> list[GroupScore]:
        """Every group, parents first."""
        return [self._of(group) for group in self.package.groups if group.name]

    def whole(self) -> GroupScore:
        """The verdict and the score of the submission."""
        if self._error:
            return GroupScore("", Verdict.JUDGE_ERROR, None, self._error)
        if not self.package.scoring:
            return GroupScore("", self._first_failure(None) or Verdict.ACCEPTED, None)
        root = self._groups[""]
        if root.grader is not None:
            graded = self._of(root)
            if graded.verdict is None and self.results:  # of what counts nothing was run
                return GroupScore("", self._first_failure(None) or Verdict.ACCEPTED, 0.0)
            return graded
        secret = self._of(self._groups["secret"])
        if secret.verdict is Verdict.JUDGE_ERROR:
            return GroupScore("", Verdict.JUDGE_ERROR, None, secret.message)
        accepted = bool(secret.score) or self._first_failure(None) is None
        verdict = Verdict.ACCEPTED if accepted else self._first_failure(None)
        return GroupScore("", verdict, secret.score)

    # Which tests

    def _is_left_out(self, name: str) -> bool:
        """2025-09: whether a group that this one requires was not passed."""
        for around in _around(name):
            scoring = self._groups[around].scoring
            required = scoring.require_pass if scoring and self.package.scoring else ()
            if not all(map(self._is_passed, required)):
                return True
        return False

    def _is_passed(self, name: str) -> bool:
        cases = [case for case in self.package.cases if _within(case.group, name)]
        return name not in self._failing and all(case.name in self.results for case in cases)

    def _is_stopped(self, name: str) -> bool:
        """Whether the group of a test, or one around it, has come to its end already."""
        groups = [self._groups[around] for around in _around(name)]
        return any(self._stops(group) and self._has_failed(group) for group in groups)

    def _stops(self, group: Group) -> bool:
        if group.grader is not None:
            return group.stop_at_reject
        scoring = group.scoring
        assert scoring is not None
        # Tests of a group that is worth nothing any more; groups are looked at one by one.
        return bool(group.name) and scoring.aggregation in ("pass-fail", "min")

    def _has_failed(self, group: Group) -> bool:
        """Whether a test or a group directly in it failed; a group may forgive its tests."""
        if group.name not in self._failing:
            return False
        ignored = "sample" if group.grader and group.grader.ignore_sample else None
        for name in group.children:
            if name == ignored:  # what does not count stops nothing, either
                continue
            if name in self.results:
                if _failed(self.results[name]):
                    return True
            elif name in self._groups:
                verdict = self._of(self._groups[name]).verdict
                if verdict not in (None, Verdict.ACCEPTED):
                    return True
        return False

    # Verdicts and scores

    def _first_failure(self, group: str | None) -> Verdict | None:
        for case in self.package.cases:
            result = self.results.get(case.name)
            if result and _failed(result) and (group is None or _within(case.group, group)):
                return result.verdict
        return None

    def _of(self, group: Group) -> GroupScore:
        try:
            if group.grader is not None:
                return self._graded(group, group.grader)
            assert group.scoring is not None
            return self._scored(group, group.scoring)
        except ScoreError as error:
            return GroupScore(group.name, Verdict.JUDGE_ERROR, None, str(error))

    def _graded(self, group: Group, grader: Grader) -> GroupScore:
        """legacy: from the parts that were run."""
        parts = [part for name in group.children if (part := self._part(name)) is not None]
        if grader.ignore_sample:
            parts = [part for part in parts if not _within(part.name, "sample")]
        if not parts:
            return GroupScore(group.name, None, None)
        verdicts = [part.verdict for part in parts if part.verdict is not None]
        verdict = _aggregate(verdicts, grader)
        if not self.package.scoring or verdict is Verdict.JUDGE_ERROR:
            broken = next((it.message for it in parts if it.verdict is Verdict.JUDGE_ERROR), "")
            return GroupScore(group.name, verdict, None, broken)
        if grader.custom:
            if self.custom_grader is None:
                raise ScoreError("there is nobody to run the custom grader")
            verdict, score = self.custom_grader(group, parts)
            self._check_range(group, score)
            return GroupScore(group.name, verdict, score)
        score = _FOLDS[grader.score]([part.score or 0.0 for part in parts])
        self._check_range(group, score)
        return GroupScore(group.name, verdict, score)

    def _check_range(self, group: Group, score: float) -> None:
        if group.score_range is None:
            return
        low, high = group.score_range
        if not low - _ROUNDING <= score <= high + _ROUNDING:
            raise ScoreError(f"{group.name or 'data'}: the score {score:g} is not in {low} {high}")

    def _part(self, name: str) -> GroupScore | None:
        """A test or a group within a group, if anything of it was run."""
        result = self.results.get(name)
        if result is not None:
            score = self._points(self._cases[name], result) if self.package.scoring else None
            return GroupScore(name, result.verdict, score)
        group = self._groups.get(name)
        found = self._of(group) if group is not None else None
        return found if found is not None and found.verdict is not None else None

    def _scored(self, group: Group, scoring: Scoring) -> GroupScore:
        """2025-09."""
        cases = [case for case in self.package.cases if _within(case.group, group.name)]
        results = [self.results[case.name] for case in cases if case.name in self.results]
        failure = self._first_failure(group.name)
        if not results:
            left_out = self._is_left_out(group.name)
            message = "a group that it requires was not passed" if left_out else ""
            score = 0.0 if left_out and self.package.scoring else None
            return GroupScore(group.name, None, score, message)
        verdict = failure or Verdict.ACCEPTED
        if not self.package.scoring or group.name == "sample":
            return GroupScore(group.name, verdict, None)
        score = self._sum_up(group, scoring, cases)
        if scoring.max_score is not None and score > scoring.max_score + _ROUNDING:
            raise ScoreError(f"{group.name}: the score {score:g} is more than {scoring.max_score}")
        return GroupScore(group.name, verdict, score)

    def _sum_up(self, group: Group, scoring: Scoring, cases: list[Case]) -> float:
        if scoring.aggregation == "pass-fail":
            passed = all(
                case.name in self.results and not _failed(self.results[case.name]) for case in cases
            )
            return float(scoring.max_score or 0) if passed else 0.0
        inner = [self._groups[name] for name in group.children if name in self._groups]
        if inner:
            parts = [self._of(each) for each in inner]
            if broken := next((it for it in parts if it.verdict is Verdict.JUDGE_ERROR), None):
                raise ScoreError(broken.message)
            scores = [part.score or 0.0 for part in parts]
        else:
            scores = [
                (self._points(case, self.results[case.name]) or 0.0)
                if case.name in self.results
                else 0.0
                for case in cases
            ]
        return sum(scores) if scoring.aggregation == "sum" else min(scores)

    def _points(self, case: Case, result: CaseScore) -> float | None:
        """The score of one test.

        Raises:
            ScoreError: the validator gave one that it may not give.
        """
        if not self.package.scoring:
            return None
        gave = result.score is not None or result.multiplier is not None
        if gave and not self.package.validation.gives_score:
            raise ScoreError("the validator gave a score, which the package does not say it does")
        group = self._groups[case.group]
        if group.grader is not None:
            return _legacy_points(case, result)
        if case.sample:
            return None
        assert group.scoring is not None
        return _modern_points(result, group.scoring, len(group.children))


def _legacy_points(case: Case, result: CaseScore) -> float:
    if result.multiplier is not None:
        raise ScoreError("score_multiplier.txt does not exist in legacy")
    if _failed(result):
        if result.score is not None:
            raise ScoreError("the validator gave a score to what it rejected")
        return case.reject_score
    return case.accept_score if result.score is None else result.score


def _modern_points(result: CaseScore, scoring: Scoring, count: int) -> float | None:
    gave = result.score is not None or result.multiplier is not None
    if scoring.aggregation == "pass-fail" or _failed(result):
        if gave:
            raise ScoreError("the validator gave a score where there is none to give")
        return None if scoring.aggregation == "pass-fail" else 0.0
    if result.score is not None and result.multiplier is not None:
        raise ScoreError("the validator gave a score and a multiplier")
    if scoring.max_score is None:
        if result.score is None:
            raise ScoreError("the validator gave no score in an unbounded group")
        return _checked(result.score, math.inf)
    most = float(scoring.max_score)
    if scoring.aggregation == "sum":
        static = scoring.static_validation_score
        most = (most - (static if isinstance(static, int) else 0)) / count
    if result.multiplier is not None:
        return most * _checked(result.multiplier, 1)
    return most if result.score is None else _checked(result.score, most)


def _checked(number: float, most: float) -> float:
    if not 0 <= number <= most + _ROUNDING or math.isinf(number):
        raise ScoreError(f"the validator gave {number:g}, which is not from 0 to {most:g}")
    return number


def _aggregate(verdicts: list[Verdict], grader: Grader) -> Verdict:
    if Verdict.JUDGE_ERROR in verdicts:
        return Verdict.JUDGE_ERROR
    if grader.verdict == "always_accept":
        return Verdict.ACCEPTED
    if grader.accept_if_any_accepted and Verdict.ACCEPTED in verdicts:
        return Verdict.ACCEPTED
    if grader.verdict == "first_error":
        return next((it for it in verdicts if it is not Verdict.ACCEPTED), Verdict.ACCEPTED)
    return min(verdicts, key=_BADNESS.index)


_FOLDS: Mapping[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda scores: sum(scores) / len(scores),
    "min": min,
    "max": max,
}


def _failed(result: CaseScore) -> bool:
    return result.verdict is not Verdict.ACCEPTED


def _around(group: str) -> list[str]:
    """A group and those around it, the root last."""
    parts = group.split("/") if group else []
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _within(name: str, group: str) -> bool:
    return not group or name == group or name.startswith(f"{group}/")
