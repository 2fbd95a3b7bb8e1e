"""Scoring by example, for both ways of grouping, and against a naive model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.problems.model import Package
from shared.problems.scoring import CaseScore, Judgement, ScoreError
from shared.verdicts import Verdict
from tests.shared.problems.made import LEGACY, MODERN, VALIDATOR, Files, read, without

AC, WA, TLE, RTE = (
    *(Verdict.ACCEPTED, Verdict.WRONG_ANSWER),
    *(Verdict.TIME_LIMIT, Verdict.RUNTIME_ERROR),
)
BARE = "data/secret/1.in", "data/secret/1.ans"


def cases_of(*names: str) -> Files:
    return {f"data/{name}.{end}": "1 1" for name in names for end in ("in", "ans")}


def judged(package: Package, run_all: bool = False, **failing: Verdict | CaseScore) -> Judgement:
    """All tests run as the package wants; keywords: name with `_` for `/` -> what became of it."""
    judgement = Judgement(package, run_all)
    for case in package.cases:
        if judgement.wants(case):
            result = failing.get(case.name.replace("/", "_"), AC)
            judgement.add(case, result if isinstance(result, CaseScore) else CaseScore(result))
    return judgement


def scores(judgement: Judgement) -> dict[str, tuple[str | None, float | None]]:
    return {it.name: (it.verdict, it.score) for it in judgement.groups()}


OLYMPIAD: Files = without(LEGACY, *BARE) | {
    "problem.yaml": "type: scoring\n",
    "data/testdata.yaml": "on_reject: continue\ngrader_flags: ignore_sample\nrange: 0 100\n",
    "data/secret/testdata.yaml": "grader_flags: first_error accept_if_any_accepted\n",
    "data/secret/g1/testdata.yaml": (
        "on_reject: break\naccept_score: 40\ngrader_flags: min\nrange: 0 40\n"
    ),
    "data/secret/g2/testdata.yaml": (
        "on_reject: break\naccept_score: 60\ngrader_flags: min\nrange: 0 60\n"
    ),
    **cases_of("secret/g1/a", "secret/g1/b", "secret/g2/a", "secret/g2/b"),
}


def test_the_usual_olympiad_pattern(tmp_path: Path) -> None:
    package = read(tmp_path, OLYMPIAD)
    whole = judged(package).whole()
    assert (whole.verdict, whole.score) == (AC, 100)
    # When the first group fails at its first test, its second is not run, the next group is
    judgement = judged(package, secret_g1_a=WA)
    assert list(judgement.results) == ["sample/1", "secret/g1/a", "secret/g2/a", "secret/g2/b"]
    assert (judgement.whole().verdict, judgement.whole().score) == (AC, 60)
    assert scores(judgement)["secret/g1"] == (WA, 0)
    # A sample that fails does not count
    assert judged(package, sample_1=RTE).whole().score == 100
    # Nothing right: the first error decides
    nothing = judged(package, secret_g1_b=TLE, secret_g2_a=WA).whole()
    assert (nothing.verdict, nothing.score) == (TLE, 0)


def test_a_sample_that_does_not_count_stops_nothing_and_is_no_fault_of_the_judge(
    tmp_path: Path,
) -> None:
    root: Files = {
        "data/testdata.yaml": "on_reject: break\ngrader_flags: ignore_sample\nrange: 0 100\n"
    }
    package = read(tmp_path, OLYMPIAD | root)
    for sample in (WA, TLE, RTE):
        judgement = judged(package, sample_1=sample)
        assert len(judgement.results) == len(package.cases)
        assert (judgement.whole().verdict, judgement.whole().score) == (AC, 100)
    whole = judged(package, sample_1=WA, secret_g1_a=TLE, secret_g2_a=WA).whole()
    assert (whole.verdict, whole.score) == (TLE, 0)
    # Where nothing but samples was run, they say what there is to say
    few = read(tmp_path / "few", without(OLYMPIAD | root, *cases_of("secret/g1/a", "secret/g1/b")))
    judgement = Judgement(few)
    judgement.add(few.cases[0], CaseScore(WA))
    assert (judgement.whole().verdict, judgement.whole().score) == (WA, 0)


def test_on_reject_break_is_the_default_of_legacy(tmp_path: Path) -> None:
    files = LEGACY | {"problem.yaml": "type: scoring\n"} | cases_of("secret/2", "secret/3")
    judgement = judged(read(tmp_path, files), secret_2=WA)
    assert list(judgement.results) == ["sample/1", "secret/1", "secret/2"]
    assert (judgement.whole().verdict, judgement.whole().score) == (WA, 2)


def test_every_test_is_run_where_all_are_wanted(tmp_path: Path) -> None:
    package = read(tmp_path, LEGACY | cases_of("secret/2", "secret/3"))
    assert len(judged(package, secret_1=WA).results) == 2
    judgement = judged(package, run_all=True, secret_1=WA, secret_3=RTE)
    assert len(judgement.results) == 4
    assert (judgement.whole().verdict, judgement.whole().score) == (WA, None)


@pytest.mark.parametrize(
    ("flags", "verdict", "score"),
    [
        ("", RTE, 11),
        ("worst_error avg", RTE, 11 / 4),
        ("first_error min", WA, 0),
        ("always_accept max", AC, 10),
        ("accept_if_any_accepted", AC, 11),
    ],
)
def test_the_flags_of_the_default_grader(
    tmp_path: Path, flags: str, verdict: Verdict, score: float
) -> None:
    files = LEGACY | {
        "problem.yaml": "type: scoring\nvalidation: custom score\n",
        "output_validators/v.py": VALIDATOR,
        "data/testdata.yaml": "on_reject: continue\n",
        "data/secret/testdata.yaml": f"grader_flags: {flags}\n",
        **cases_of("secret/2", "secret/3", "secret/4"),
    }
    results = {"secret_2": WA, "secret_3": RTE, "secret_4": CaseScore(AC, 10)}
    judgement = judged(read(tmp_path, files), **results)  # type: ignore[arg-type]
    got = scores(judgement)["secret"]
    assert got[0] == verdict
    assert got[1] == pytest.approx(score)


def test_scores_that_the_package_does_not_allow_are_judge_errors(tmp_path: Path) -> None:
    package = read(tmp_path, LEGACY | {"problem.yaml": "type: scoring\n"})
    whole = judged(package, secret_1=CaseScore(AC, 5)).whole()
    assert (whole.verdict, whole.score) == (Verdict.JUDGE_ERROR, None)
    assert "gave a score" in whole.message
    assert "secret/1" not in whole.message  # nobody is told what a hidden test is called
    files: Files = {
        "problem.yaml": "type: scoring\nvalidation: custom score\n",
        "output_validators/v.py": VALIDATOR,
        "data/testdata.yaml": "range: 0 10\n",
    }
    package = read(tmp_path, LEGACY | files)
    assert judged(package, secret_1=CaseScore(AC, 9)).whole().score == 10
    for result in (CaseScore(AC, 10), CaseScore(WA, 1), CaseScore(AC, None, 0.5)):
        assert judged(package, secret_1=result).whole().verdict is Verdict.JUDGE_ERROR


def test_a_custom_grader_is_asked(tmp_path: Path) -> None:
    files: Files = {
        "problem.yaml": "type: scoring\n",
        "graders/g.py": "",
        "data/secret/testdata.yaml": "grading: custom\n",
    }
    package = read(tmp_path, LEGACY | files | cases_of("secret/2"))
    assert judged(package).whole().verdict is Verdict.JUDGE_ERROR
    judgement = judged(package)
    judgement.custom_grader = lambda group, parts: (AC, 7.0 * len(parts))
    assert scores(judgement)["secret"] == (AC, 14)

    def broken(_group: object, _parts: object) -> tuple[Verdict, float]:
        raise ScoreError("it crashed")

    judgement.custom_grader = broken
    assert scores(judgement)["secret"] == (Verdict.JUDGE_ERROR, None)
    assert judgement.whole().message == "it crashed"


GROUPED: Files = without(MODERN, *BARE) | {
    "problem.yaml": f"{MODERN['problem.yaml']!s}type: scoring\n",
    "output_validator/v.py": VALIDATOR,
    "data/secret/g1/test_group.yaml": "max_score: 20\nrequire_pass: sample\n",
    "data/secret/g2/test_group.yaml": (
        "max_score: 30\nscore_aggregation: sum\nrequire_pass: secret/g1\n"
    ),
    "data/secret/g3/test_group.yaml": "max_score: 50\nscore_aggregation: min\n",
    **cases_of("secret/g1/a", "secret/g1/b", "secret/g2/a", "secret/g2/b", "secret/g2/c"),
    **cases_of("secret/g3/a", "secret/g3/b"),
}


def test_groups_of_2025(tmp_path: Path) -> None:
    package = read(tmp_path, GROUPED)
    assert judged(package).whole().score == 100
    judgement = judged(package, secret_g2_b=WA, secret_g3_a=CaseScore(AC, None, 0.5))
    assert scores(judgement) == {
        "sample": (AC, None),
        "secret": (WA, 20 + 20 + 25),
        "secret/g1": (AC, 20),
        "secret/g2": (WA, 20),
        "secret/g3": (AC, 25),
    }
    assert (judgement.whole().verdict, judgement.whole().score) == (AC, 65)


def test_a_group_whose_requirement_failed_is_not_run(tmp_path: Path) -> None:
    package = read(tmp_path, GROUPED)
    for run_all in (False, True):
        judgement = judged(package, run_all, secret_g1_b=TLE)
        assert not any(name.startswith("secret/g2") for name in judgement.results)
        assert scores(judgement)["secret/g2"] == (None, 0)
        assert judgement.whole().score == 50
    judgement = judged(package, sample_1=WA)
    assert list(judgement.results) == ["sample/1", "secret/g3/a", "secret/g3/b"]
    everything = judged(package, sample_1=WA, secret_g3_a=RTE)
    assert list(everything.results) == ["sample/1", "secret/g3/a"]
    assert (everything.whole().verdict, everything.whole().score) == (WA, 0)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("secret_g1_a", CaseScore(AC, 1)),  # pass-fail groups have no scores of tests
        ("secret_g2_a", CaseScore(AC, 10.5)),  # 30 / 3 is the most
        ("secret_g2_a", CaseScore(AC, None, 1.5)),
        ("secret_g2_a", CaseScore(AC, 1, 0.5)),
        ("secret_g2_a", CaseScore(WA, 0)),
        ("secret_g2_a", CaseScore(AC, -1)),
        ("secret_g2_a", CaseScore(AC, float("nan"))),
        ("secret_g2_a", CaseScore(Verdict.JUDGE_ERROR)),
    ],
)
def test_wrong_scores_of_2025_are_judge_errors(
    tmp_path: Path, name: str, result: CaseScore
) -> None:
    judgement = judged(read(tmp_path, GROUPED), **{name: result})  # type: ignore[arg-type]
    assert judgement.whole().verdict is Verdict.JUDGE_ERROR
    assert list(judgement.results)[-1] == name.replace("_", "/"), "nothing is run behind it"


def test_an_unbounded_score(tmp_path: Path) -> None:
    files: Files = {
        "problem.yaml": f"{MODERN['problem.yaml']!s}type: scoring\n",
        "output_validator/v.py": VALIDATOR,
        "data/secret/test_group.yaml": "max_score: unbounded\n",
    }
    package = read(tmp_path, MODERN | files)
    assert judged(package, secret_1=CaseScore(AC, 123.5)).whole().score == 123.5
    assert judged(package, secret_1=CaseScore(AC)).whole().verdict is Verdict.JUDGE_ERROR
    assert judged(package, secret_1=WA).whole().score == 0


_VERDICTS = st.lists(st.sampled_from([AC, AC, WA, TLE, RTE]), min_size=5, max_size=5)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_VERDICTS)
def test_stopping_early_changes_nothing(tmp_path: Path, verdicts: list[Verdict]) -> None:
    """A legacy olympiad package: what is not run would not have changed verdict and score."""
    package = read(tmp_path, OLYMPIAD)
    names = [case.name.replace("/", "_") for case in package.cases]
    failing = dict(zip(names, verdicts, strict=True))
    early = judged(package, **failing).whole()  # type: ignore[arg-type]
    late = judged(package, run_all=True, **failing).whole()
    first, second = verdicts[1:3], verdicts[3:5]
    naive = 40 * all(it is AC for it in first) + 60 * all(it is AC for it in second)
    assert early.score == late.score == naive
    assert (early.verdict is AC) is (late.verdict is AC) is (naive > 0)
