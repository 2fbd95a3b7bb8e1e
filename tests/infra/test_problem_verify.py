"""`problem`: packages of our own for the rows of the importer's checklist, on the real pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import cli
from infra.local.api import Api
from infra.local.failure import Failure
from infra.local.problems import table
from infra.local.problems.sending import install, packages_in
from infra.local.problems.verify import Report, Verifier
from shared.problems.reader import read_package
from tests.infra.running import running
from tests.infra.serving import SERVE
from tests.shared.problems.made import ADD, LEGACY, MODERN, VALIDATOR, Files, folder, without

SLOW = "slow = '3' in input()\nwhile slow: pass\nprint(3)\n"
ALWAYS = "while True:\n    print(5, flush=True)\n    input()\n"
GUESSER = """import sys
secret = int(open(sys.argv[1]).read())
for _ in range(20):
    guess = int(sys.stdin.readline() or 0)
    print('=' if guess == secret else '<' if secret < guess else '>', flush=True)
    if guess == secret:
        sys.exit(42)
sys.exit(43)
"""
BINARY = """low, high = 1, 1000
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == '=':
        break
    low, high = (low, middle - 1) if said == '<' else (middle + 1, high)
"""
PASSES = """import sys
feedback, number = sys.argv[3], int(sys.stdin.read())
if number == 0:
    sys.exit(42)
open(feedback + 'nextpass.in', 'w').write(str(number))
sys.exit(42)
"""
BARE = ("data/secret/1.in", "data/secret/1.ans", "submissions/wrong_answer/sub.py")
OLYMPIAD: Files = without(LEGACY, *BARE) | {
    ".timelimit": "2",
    "problem.yaml": "type: scoring\n",
    "data/testdata.yaml": "on_reject: continue\ngrader_flags: ignore_sample\nrange: 0 100\n",
    "data/secret/testdata.yaml": "grader_flags: first_error accept_if_any_accepted\n",
    "data/secret/g1/testdata.yaml": "on_reject: break\naccept_score: 40\ngrader_flags: min\n",
    "data/secret/g2/testdata.yaml": "on_reject: break\naccept_score: 60\ngrader_flags: min\n",
    "data/secret/g1/1.in": "1 1",
    "data/secret/g1/1.ans": "2",
    "data/secret/g2/1.in": "1000 1",
    "data/secret/g2/1.ans": "1001",
    "submissions/partially_accepted/small.py": (
        "# @EXPECTED_GRADES@ AC WA\na, b = map(int, input().split())\nprint((a + b) % 1000)\n"
    ),
    "submissions/partially_accepted/score.py": (
        "# @EXPECTED_SCORE@: 40\na, b = map(int, input().split())\nprint((a + b) % 1000)\n"
    ),
}
_CUSTOM = MODERN | {"output_validator/check.py": VALIDATOR}
_HEAD = str(MODERN["problem.yaml"])
GOOD: dict[str, Files] = {
    "derived": MODERN
    | {
        # A fine resolution, so that being too slow takes no seconds.
        "problem.yaml": f"{_HEAD}limits: {{time_resolution: 0.2}}\n",
        "submissions/time_limit_exceeded/slow.py": SLOW,
        "submissions/run_time_error/crash.py": "1 / 0\n",
        "submissions/mixed/a.py": "# @EXPECTED_RESULTS@: WRONG-ANSWER, RUN-ERROR\nprint(0)\n",
        "submissions/accepted/folder/main.py": "from helper import add\nadd()\n",
        "submissions/accepted/folder/helper.py": f"def add():\n    {ADD.replace(chr(10), '; ')}\n",
        "data/secret/crlf.in": "1 2\r\n",
        "data/secret/crlf.ans": "3\r\n",
    },
    "custom": _CUSTOM | {"problem.yaml": f"{_HEAD}limits: {{time_limit: 2}}\n"},
    "olympiad": OLYMPIAD,
    "interactive": without(MODERN, *BARE, "submissions/accepted/add.py")
    | {
        "problem.yaml": f"{_HEAD}type: interactive\nlimits: {{time_limit: 2}}\n",
        "output_validator/judge.py": GUESSER,
        "data/sample/1.in": "7\n",
        "data/secret/1.in": "999\n",
        "data/secret/1.ans": "",
        "submissions/accepted/binary.py": BINARY,
        "submissions/wrong_answer/always.py": ALWAYS,
    },
    "passes": without(MODERN, *BARE, "submissions/accepted/add.py")
    | {
        "problem.yaml": (
            f"{_HEAD}type: multi-pass\nlimits: {{time_limit: 2, validation_passes: 5}}\n"
        ),
        "output_validator/judge.py": PASSES,
        "data/sample/1.in": "2\n",
        "data/secret/1.in": "4\n",
        "data/secret/1.ans": "",
        "submissions/accepted/down.py": "print(int(input()) - 1)\n",
    },
    "constants": MODERN
    | {
        "problem.yaml": f"{_HEAD}constants: {{zero: 0}}\nlimits: {{time_limit: 2}}\n",
        "submissions/accepted/add.py": ADD.replace("b)", "b + {{zero}})"),
        "submissions/mixed/some.py": ADD.replace("a + b", "7"),
        "submissions/submissions.yaml": (
            "mixed: {permitted: [AC, WA]}\n"
            "mixed/some.py: {sample: {required: [WA]}, secret/*: {permitted: [AC]}}\n"
        ),
    },
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    root = tmp_path_factory.mktemp("verify")
    with running(SERVE, root / "state", root / "output", ASSAY_LANGUAGES="python") as one:
        yield Api(one.ready()["url"])


def verified(api: Api, path: Path) -> Report:
    return Verifier(api).verify(read_package(path), path)


@pytest.mark.parametrize("name", list(GOOD))
def test_a_good_package_is_as_it_should_be(api: Api, tmp_path: Path, name: str) -> None:
    report = verified(api, folder(tmp_path, GOOD[name], name))
    text = "\n".join(table.lines(report))
    assert report.is_good, text
    assert all(row.outcome for row in report.rows), text
    assert "NOT" not in text
    assert (report.package.time_limit.explicit_ms is None) is ("derived" in text)
    assert api.json("GET", "/problems")["problems"] == [], "nothing is left behind"


def test_a_surprise_is_told_and_is_in_the_exit_code(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = GOOD["constants"] | {"submissions/accepted/bad.py": "print(3)\n"}
    path = folder(tmp_path, bad, "bad")
    broken = folder(tmp_path, LEGACY | {"problem.yaml": "type: odd\n"}, "broken")
    assert cli.main(["problem", "verify", str(path), str(broken), "--url", api.url]) == 1
    out = capsys.readouterr().out
    assert "broken: refused: problem.yaml: type" in out
    assert "accepted/bad.py: secret/1: wrong-answer is not permitted" in out
    assert "NOT AS IT SHOULD BE" in out


INPUT = "import sys\nassert sys.stdin.read().strip() != sys.argv[1], 'forbidden'\nsys.exit(42)\n"


def test_inputs_are_checked_by_the_packages_own_validators(api: Api, tmp_path: Path) -> None:
    checked = without(GOOD["constants"], "submissions/mixed/some.py") | {
        "submissions/submissions.yaml": "{}\n",
        "input_validators/named.py": INPUT.replace("sys.exit(42)", "sys.exit(42 + {{zero}})"),
        "input_validators/wordless.py": "raise SystemExit(43)\n",
        "input_validators/folder/main.py": "import rules, sys\nsys.exit(rules.VALID)\n",
        "input_validators/folder/rules.py": "VALID = 42\n",
        "input_validators/grammar.viva": "X\n",
        "data/secret/test_group.yaml": "input_validator_args: {named.py: ['5 6']}\n",
        "data/sample/test_group.yaml": "input_validator_args: [nothing]\n",
        "data/secret/two.in": "5 6\n",
        "data/secret/two.ans": "11\n",
        "data/secret/binary.in": b"1 2\xff",
        "data/secret/binary.ans": "3\n",
    }
    report = verified(api, folder(tmp_path, checked, "checked"))

    told = [text for text in report.problems if "wordless" not in text]
    assert told == [
        "input_validators/named.py: secret/two.in is not as promised: "
        "exit code 1: AssertionError: forbidden"
    ]
    assert "input_validators/wordless.py: secret/1.in is not as promised: exit code 43" in (
        report.problems
    )
    assert not report.is_good
    assert "input_validators/grammar.viva is not run: it is in no language that is known here" in (
        report.notes
    )
    assert any("binary.in is not validated" in note for note in report.notes)


def test_a_folder_of_packages_is_imported_and_listed(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path, LEGACY, "one")
    folder(tmp_path, GOOD["custom"], "two")
    url = ["--url", api.url]
    assert cli.main(["problem", "import", str(tmp_path), *url]) == 0
    assert cli.main(["problem", "import", str(tmp_path / "two"), *url]) == 0
    assert cli.main(["problem", "list", *url]) == 0
    out = capsys.readouterr().out
    assert "one: Adding (new)" in out and "two: Adding (replaced)" in out
    assert "one: time limit 1 s (derived)" in out and "two: time limit" not in out
    assert "one  Adding  (pass-fail, 2 tests, 1 s)" in out
    assert "two  Adding  (pass-fail, 2 tests, 2 s)" in out
    answer = api.json("POST", "/problems/one/examples/accepted/add.py")
    assert answer["status"] == "queued"
    # It shows hidden tests, so it is nobody's latest submission to the problem.
    assert api.json("GET", answer["links"]["result"])["problemId"] is None
    for name in ("one", "two"):
        api.json("DELETE", f"/problems/{name}")
    folder(tmp_path, LEGACY | {"problem.yaml": "type: odd\n"}, "three")
    assert cli.main(["problem", "import", str(tmp_path / "three"), *url]) == 1


def test_what_is_no_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no problem package"):
        packages_in([str(tmp_path)])
    with pytest.raises(Failure, match="refused"):
        path = tmp_path / "x.zip"
        path.write_bytes(b"no zip")
        install(Api("127.0.0.1:1"), path)


def test_the_template_is_read_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["problem", "new", "sums"]) == 0
    assert read_package(tmp_path / "sums").warnings == ()
    assert cli.main(["problem", "new", "sums"]) == 2
    assert cli.main(["problem", "new", "A b"]) == 2
