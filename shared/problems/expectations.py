"""Whether an example submission did what its package says of it: pure, on what was found out.

`problem verify` runs all tests of an example and asks here; each answer is one sentence
about what is not as it should be, so that none means: as expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.problems.globs import matches
from shared.problems.model import Case, Example, Package, Rule
from shared.problems.scoring import GroupScore
from shared.verdicts import Verdict

_ROUNDING = 1e-6


@dataclass(frozen=True)
class CaseOutcome:
    """What became of one test of an example."""

    verdict: Verdict
    cpu_time_ms: float = 0.0
    #: The validator's words for judges.
    message: str = ""


@dataclass(frozen=True)
class ExampleOutcome:
    """What became of an example: in the whole, by test, by group."""

    verdict: Verdict
    score: float | None = None
    cases: Mapping[str, CaseOutcome] = field(default_factory=dict)
    groups: Sequence[GroupScore] = ()
    #: What the result itself says, in words.
    message: str = ""


def complaints(package: Package, example: Example, outcome: ExampleOutcome) -> list[str]:
    """What is not as the package says; empty if all is."""
    if example.final is not None and outcome.verdict not in example.final:
        return [f"expected {_words(example.final)}, got {outcome.verdict}"]
    if outcome.verdict is Verdict.JUDGE_ERROR:
        return [f"the judge failed: {outcome.message}" if outcome.message else "the judge failed"]
    if outcome.verdict is Verdict.COMPILE_ERROR:
        told = example.rules or example.group_verdicts
        said = f": {outcome.message}" if outcome.message else ""
        return [f"it does not compile{said}"] if told and example.final is None else []
    found = [each for rule in example.rules for each in _broken(package, rule, outcome)]
    found += _group_complaints(package, example, outcome)
    if example.partial and outcome.score is not None and outcome.score >= full_score(package):
        found.append("expected less than the full score")
    return found


def _broken(package: Package, rule: Rule, outcome: ExampleOutcome) -> list[str]:
    cases = [case for case in package.cases if _applies(rule, case)]
    results = [(it.name, outcome.cases[it.name]) for it in cases if it.name in outcome.cases]
    source = f" ({rule.source})" if rule.source else ""
    found = []
    if rule.permitted is not None:
        for name, result in results:
            if result.verdict not in rule.permitted:
                found.append(f"{name}: {result.verdict} is not permitted{source}")
                break
    if rule.required is not None and not any(it.verdict in rule.required for _, it in results):
        found.append(f"no test is {_words(rule.required)}{source}")
    if rule.message and not any(rule.message in it.message for _, it in results):
        found.append(f"no judge message says {rule.message[:80]!r}{source}")
    if rule.score is not None:
        found += _score_complaints(rule, rule.score, outcome)
    return found


def _applies(rule: Rule, case: Case) -> bool:
    return matches(rule.cases, case.name)


def _score_complaints(
    rule: Rule, wanted: tuple[float, float], outcome: ExampleOutcome
) -> list[str]:
    low, high = wanted
    scores = (
        [("", outcome.score)]
        if not rule.cases
        else [
            (group.name, group.score) for group in outcome.groups if matches(rule.cases, group.name)
        ]
    )
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return [
        f"{name + ': ' if name else ''}expected a score of {span}, got {_number(score)}"
        for name, score in scores
        if score is None or not low - _ROUNDING <= score <= high + _ROUNDING
    ]


def _group_complaints(package: Package, example: Example, outcome: ExampleOutcome) -> list[str]:
    """`@EXPECTED_GRADES@`: the groups directly below `secret`, in order."""
    if not example.group_verdicts:
        return []
    inner = [
        it for it in package.groups if it.name.startswith("secret/") and it.name.count("/") == 1
    ]
    got = {group.name: group.verdict for group in outcome.groups}
    pairs = zip(inner, example.group_verdicts, strict=False)
    return [
        f"{group.name}: expected {wanted}, got {got.get(group.name) or 'nothing'}"
        for group, wanted in pairs
        if got.get(group.name) is not wanted
    ]


def full_score(package: Package) -> float:
    """The most that can be reached, where the package says it; else without bound."""
    for name in ("", "secret"):
        group = next((it for it in package.groups if it.name == name), None)
        if group is not None and group.score_range is not None:
            return group.score_range[1]
        if group is not None and group.scoring is not None and group.scoring.max_score is not None:
            return float(group.scoring.max_score)
    return float("inf")


def times(example: Example, outcome: ExampleOutcome, use: str) -> list[float]:
    """For each rule that bounds the time limit so, the slowest of the tests it is about."""
    return [
        max(found)
        for rule in example.rules
        if rule.use_for_time_limit == use
        and (
            found := [
                it.cpu_time_ms for name, it in outcome.cases.items() if matches(rule.cases, name)
            ]
        )
    ]


def _words(verdicts: frozenset[Verdict]) -> str:
    return " or ".join(sorted(verdicts))


def _number(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"
