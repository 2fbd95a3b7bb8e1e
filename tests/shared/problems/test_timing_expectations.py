"""Derived time limits, and what is said of examples that did not do as they should."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from shared.problems.expectations import CaseOutcome, ExampleOutcome, complaints, times
from shared.problems.model import Example, Package, Program, Rule
from shared.problems.scoring import GroupScore
from shared.problems.timing import PROVISIONAL_MS, derive, time_limit_ms
from shared.verdicts import Verdict
from tests.shared.problems.made import LEGACY, MODERN, Files, read

AC, WA, TLE = Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.TIME_LIMIT


@pytest.mark.parametrize(
    ("files", "lower", "upper", "limit_ms", "word"),
    [
        (LEGACY, [10], [], 1000, ""),
        (LEGACY, [300, 100], [], 2000, ""),
        (LEGACY, [400], [], 2000, ""),
        (LEGACY, [300], [3000], 2000, "too close"),
        (LEGACY, [], [3000], None, "no accepted"),
        (LEGACY, [30_000], [], None, "can be given"),
        (MODERN, [300], [9000], 1000, ""),
        (MODERN, [600], [9000], 2000, ""),
        (MODERN, [600], [2900], None, "too close"),
        (MODERN, [600], [3000], 2000, ""),
    ],
)
def test_a_limit_is_derived(
    tmp_path: Path,
    files: Files,
    lower: list[float],
    upper: list[float],
    limit_ms: int | None,
    word: str,
) -> None:
    package = read(tmp_path, files)
    assert time_limit_ms(package) == PROVISIONAL_MS
    derived = derive(package, lower, upper)
    assert derived.limit_ms == limit_ms
    assert word in derived.problem
    assert bool(derived.problem) is bool(word)


def test_the_resolution_of_2025_is_kept(tmp_path: Path) -> None:
    text = f"{MODERN['problem.yaml']!s}limits: {{time_resolution: 0.1}}\n"
    package = read(tmp_path, MODERN | {"problem.yaml": text})
    assert derive(package, [110], []).limit_ms == 300
    assert derive(package, [100], []).limit_ms == 200


def example(*rules: Rule) -> Example:
    program = Program(path="submissions/x/a.py", files={})
    return Example(program=program, directory="x", rules=rules)


def outcome(verdict: Verdict, **cases: Verdict) -> ExampleOutcome:
    found = {f"secret/{name}": CaseOutcome(it, 10.0 * len(name)) for name, it in cases.items()}
    return ExampleOutcome(verdict, cases=found)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    names = ("a", "b", "g/c")
    more: Files = {f"data/secret/{name}.{end}": "1 1" for name in names for end in ("in", "ans")}
    return read(tmp_path, LEGACY | more)


def test_each_kind_of_rule_is_held(package: Package) -> None:
    rule = Rule(permitted=frozenset({AC, WA}), required=frozenset({WA}))
    assert complaints(package, example(rule), outcome(WA, a=AC, b=WA)) == []
    assert "no test is wrong-answer" in complaints(package, example(rule), outcome(AC, a=AC))[0]
    assert complaints(package, example(rule), outcome(TLE, a=TLE, b=WA)) == [
        "secret/a: time-limit-exceeded is not permitted"
    ]
    inner = structs.replace(rule, cases="secret/g")
    assert complaints(package, example(inner), outcome(TLE, a=TLE, **{"g/c": WA})) == []
    message = Rule(message="off by")
    assert len(complaints(package, example(message), outcome(WA, a=WA))) == 1
    said = ExampleOutcome(WA, cases={"secret/a": CaseOutcome(WA, 1, "it is off by one")})
    assert complaints(package, example(message), said) == []
    score = Rule(score=(10, 20))
    assert complaints(package, example(score), ExampleOutcome(AC, 15)) == []
    assert "10 to 20, got 21" in complaints(package, example(score), ExampleOutcome(AC, 21))[0]
    assert "got none" in complaints(package, example(score), ExampleOutcome(AC))[0]
    group = Rule(cases="secret/g", score=(5, 5))
    done = ExampleOutcome(AC, 9, groups=[GroupScore("secret/g", AC, 4)])
    assert complaints(package, example(group), done) == ["secret/g: expected a score of 5, got 4"]


def test_final_verdicts_and_broken_programs(package: Package) -> None:
    final = structs.replace(example(), final=frozenset({WA, TLE}))
    assert complaints(package, final, outcome(TLE)) == []
    assert (
        "expected time-limit-exceeded or wrong-answer" in complaints(package, final, outcome(AC))[0]
    )
    accepted = example(Rule(permitted=frozenset({AC})))
    assert complaints(package, accepted, outcome(Verdict.COMPILE_ERROR)) == ["it does not compile"]
    assert complaints(package, accepted, outcome(Verdict.JUDGE_ERROR)) == ["the judge failed"]
    broken = structs.replace(example(), final=frozenset({Verdict.COMPILE_ERROR}))
    assert complaints(package, broken, outcome(Verdict.COMPILE_ERROR)) == []
    grades = structs.replace(example(), group_verdicts=(WA,))
    assert complaints(package, grades, ExampleOutcome(WA)) == [
        "secret/g: expected wrong-answer, got nothing"
    ]
    done = ExampleOutcome(WA, groups=[GroupScore("secret/g", WA, None)])
    assert complaints(package, grades, done) == []


def test_which_times_count(package: Package) -> None:
    rules = (
        Rule(use_for_time_limit="lower", cases="secret/a"),
        Rule(use_for_time_limit="upper", cases="secret/{b,g}"),
        Rule(use_for_time_limit="lower", cases="sample"),
    )
    done = outcome(TLE, a=AC, b=AC, **{"g/c": TLE})
    assert times(example(*rules), done, "lower") == [10]
    assert times(example(*rules), done, "upper") == [30]
