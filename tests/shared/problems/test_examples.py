"""Example submissions: which program they are, and what must become of them."""

from __future__ import annotations

from pathlib import Path

from shared.verdicts import Verdict
from tests.shared.problems.made import (
    ADD,
    LEGACY,
    MODERN,
    Files,
    read,
    without,
)


def test_submissions_that_are_folders(tmp_path: Path) -> None:
    more: Files = {
        "submissions/accepted/java/Main.java": "class Main {}",
        "submissions/accepted/java/Other.java": "class Other {}",
        "submissions/accepted/py/helper.py": "x = 1",
        "submissions/accepted/py/solve.py": "if __name__ == '__main__': pass",
        "submissions/accepted/cpp/a.cpp": "int main() {}",
        "submissions/accepted/cpp/b.h": "",
        "submissions/accepted/old.py": "#!/usr/bin/env python2\nprint 1\n",
        "submissions/accepted/README.md": "how",
    }
    package = read(tmp_path, LEGACY | more)
    found = {it.program.name: it.program for it in package.examples if it.directory == "accepted"}
    assert {name: (it.language, it.entry_point) for name, it in found.items()} == {
        "add.py": ("python", "add.py"),
        "cpp": ("cpp20", "a.cpp"),
        "java": ("java", "Main.java"),
        "old.py": (None, None),
        "py": ("python", "solve.py"),
    }
    assert "old.py" in " ".join(package.warnings)


def test_submissions_yaml(tmp_path: Path) -> None:
    more: Files = {
        "submissions/mixed/some.py": ADD,
        "submissions/submissions.yaml": (
            "wrong_answer: {permitted: [AC, WA, TLE]}\n"
            "'mixed/{some,other}.py':\n"
            "  language: python3\n  entrypoint: some.py\n  score: [10, 20]\n  message: off by one\n"
            "  authors: Ada <ada@problem.example>\n"
            "  sample: {permitted: [AC]}\n"
            "  secret/*: {permitted: [AC, TLE], required: [TLE]}\n"
            "accepted/*.py: {use_for_time_limit: false, model_solution: true}\n"
        ),
    }
    package = read(tmp_path, MODERN | more)
    accepted, mixed, wrong = package.examples
    assert accepted.model_solution
    assert wrong.rules[0].permitted and Verdict.TIME_LIMIT in wrong.rules[0].permitted
    assert wrong.rules[0].required == frozenset({Verdict.WRONG_ANSWER})
    assert len(wrong.rules) == 1
    whole, sample, secret = mixed.rules
    assert (whole.score, whole.message, mixed.authors) == ((10, 20), "off by one", ("Ada",))
    assert (sample.cases, sample.use_for_time_limit) == ("sample", "lower")
    assert (secret.cases, secret.use_for_time_limit) == ("secret/*", "upper")
    assert package.warnings == ()


def test_domjudge_habits(tmp_path: Path) -> None:
    more: Files = {
        "domjudge-problem.ini": "name = Adding\ntimelimit = 2\ncolor = #FF0000\n",
        "problem.pdf": b"%PDF",
        "submissions/mixed/a.py": "# @EXPECTED_RESULTS@: WRONG-ANSWER, TIMELIMIT\n",
        "submissions/mixed/b.py": "# @EXPECTED_RESULTS@: CHECK-MANUALLY\n",
        "submissions/compiler_error/c.c": "int main(",
        "submissions/accepted/add.py": f"# @EXPECTED_RESULTS@: WRONG-ANSWER\n{ADD}",
        "submissions/submissions.json": '{"mixed/a.py": {"entry_point": "a"}}',
    }
    files = without(LEGACY, "problem.yaml", "problem_statement/problem.en.tex") | more
    package = read(tmp_path, files)
    assert package.names == {"en": "Adding"}
    assert package.statements[0].kind == "pdf"
    accepted, broken, mixed, manual, _ = package.examples
    assert accepted.final is None and accepted.rules[0].permitted == frozenset({Verdict.ACCEPTED})
    assert broken.final == frozenset({Verdict.COMPILE_ERROR})
    assert mixed.final == frozenset({Verdict.WRONG_ANSWER, Verdict.TIME_LIMIT})
    assert mixed.program.entry_point == "a"
    assert manual.final is None and manual.rules == ()


def test_scores_and_grades_in_the_source(tmp_path: Path) -> None:
    more: Files = {
        "problem.yaml": "type: scoring\n",
        "submissions/partially_accepted/a.py": "# @EXPECTED_GRADES@ AC WA TLE\n",
        "submissions/partially_accepted/b.py": "/* @EXPECTED_SCORE@: 30 */\n",
        "submissions/partially_accepted/c.py": "",
    }
    package = read(tmp_path, LEGACY | more)
    a, b, c = [it for it in package.examples if it.directory == "partially_accepted"]
    assert [it.value for it in a.group_verdicts] == [
        *("accepted", "wrong-answer", "time-limit-exceeded"),
    ]
    assert b.rules[0].score == (30.0, 30.0)
    assert c.partial and c.final == frozenset({Verdict.ACCEPTED})
