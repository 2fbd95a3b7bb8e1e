"""Checkers of the caller's own: 42 accepts, 43 refuses, anything else is a judge error."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models import Case, Checker, Result
from tests.execute.core import Core

ECHO = "import sys; sys.stdout.write(sys.stdin.read())"
#: Accepts what is the answer read backwards; tells both sides why.
BACKWARDS = """
import sys
from pathlib import Path
input_path, answer_path, feedback = sys.argv[1:]
output = sys.stdin.read().strip()
answer = Path(answer_path).read_text().strip()
Path(feedback, "judgemessage.txt").write_text(f"answer {answer}")
Path(feedback, "teammessage.txt").write_text("look twice")
sys.exit(42 if output == answer[::-1] else 43)
"""


def checked(core: Core, checker: str, *tests: Case, code: str = ECHO, **more: Any) -> Result:  # noqa: ANN401
    """Judged by a Python checker."""
    options = {key: more.pop(key) for key in ("passes", "files") if key in more}
    own = Checker(language="python", code=checker, **options)
    return core.judged(code, tests=list(tests), checker=own, **more)


def test_a_checker_decides_and_its_messages_are_shown_to_whose_it_is(core: Core) -> None:
    tests = [Case(stdin="abc", expected_output="cba"), Case(stdin="abc", expected_output="abc")]

    result = checked(core, BACKWARDS, *tests)

    assert [test.verdict for test in result.tests] == ["accepted", "wrong-answer"]
    assert (result.verdict, result.failed_test) == ("wrong-answer", 2)
    refused = result.tests[1]
    assert (refused.message, refused.judge_message) == ("look twice", "answer abc")


def test_a_checker_may_be_in_another_language_with_a_header(core: Core) -> None:
    code = (
        '#include "codes.h"\n#include <fstream>\n#include <iostream>\n'
        "int main(int, char **argv) { int a, b; std::ifstream(argv[2]) >> a; std::cin >> b;\n"
        "  return a == b ? accept : refuse; }"
    )
    files = {"codes.h": b"enum { accept = 42, refuse = 43 };"}
    checker = Checker(language="cpp17", code=code, files=files)
    tests = [Case(stdin=" 5", expected_output="5"), Case(stdin="6", expected_output="5")]

    result = core.judged(ECHO, tests=tests, checker=checker)

    assert [test.verdict for test in result.tests] == ["accepted", "wrong-answer"]


def test_a_checker_gives_points(core: Core) -> None:
    checker = (
        "import sys, pathlib\nscore = sys.stdin.read()\n"
        "pathlib.Path(sys.argv[3], 'score.txt').write_text(score)\nsys.exit(42)"
    )
    result = checked(core, checker, Case(stdin="1.5"), Case(stdin="2", points=10))

    assert ([test.points for test in result.tests], result.score) == ([1.5, 2], 3.5)


@pytest.mark.parametrize(
    ("checker", "why"),
    [
        ("", "exit code 0"),
        ("import sys; sys.exit(1)", "exit code 1"),
        ("raise ValueError('broken')", "exit code 1"),
        ("import os; os.kill(os.getpid(), 11)", "signal 11"),
        ("while True: print('x' * 65536)", "outputBytes"),
        (
            "import sys, pathlib; pathlib.Path(sys.argv[3], 'score.txt').write_text('nan');"
            "sys.exit(42)",
            "no number",
        ),
        (
            "import sys, pathlib; pathlib.Path(sys.argv[3], 'nextpass.in').write_text('');"
            "sys.exit(42)",
            "another pass",
        ),
    ],
)
def test_a_broken_checker_is_a_judge_error_with_the_reason(
    core: Core, checker: str, why: str
) -> None:
    result = checked(core, checker, Case(stdin="x"), Case(stdin="y"))

    assert (result.verdict, result.failed_test, len(result.tests)) == ("judge-error", 1, 1)
    assert why in (result.message or "")
    if "broken" in checker:
        assert "ValueError: broken" in (result.tests[0].judge_message or "")


def test_a_checker_that_does_not_compile_is_a_judge_error_with_what_the_compiler_said(
    core: Core,
) -> None:
    checker = Checker(language="cpp17", code="int main() { return }")
    result = core.judged(ECHO, tests=[Case()], checker=checker)

    assert (result.verdict, result.message) == ("judge-error", "the checker does not compile")
    assert "error" in (result.compile_output or "")


def test_a_program_that_fails_by_itself_is_not_shown_to_the_checker(core: Core) -> None:
    result = checked(core, "raise ValueError", Case(stdin="x"), code="import sys; sys.exit(1)")
    assert result.verdict == "runtime-error"


def test_a_checker_need_not_read(core: Core) -> None:
    large = "print('x' * 1_000_000)"
    assert checked(core, "import sys; sys.exit(42)", Case(), code=large).verdict == "accepted"


def test_the_program_never_meets_what_the_checker_sees(core: Core) -> None:
    spy = (
        "import os\n"
        "for folder, _, names in os.walk('/'):\n"
        "    if folder.startswith(('/proc', '/usr', '/lib', '/etc', '/dev', '/opt')): continue\n"
        "    for name in names:\n"
        "        try: text = open(os.path.join(folder, name), errors='replace').read(10000)\n"
        "        except OSError: continue\n"
        "        if 'zyz' + 'zyva7' in text or '.judge' in folder: print(folder, name)\n"
    )
    result = checked(core, BACKWARDS, Case(expected_output="zyzzyva7"), code=spy)

    assert (result.verdict, result.tests[0].stdout) == ("wrong-answer", "")


COUNTDOWN = """
import sys
from pathlib import Path
feedback = Path(sys.argv[3])
left = int(sys.stdin.read())
log = feedback / "judgemessage.txt"
log.write_text((log.read_text() if log.exists() else "") + f"{left};")
if left > 0: (feedback / "nextpass.in").write_text(str(left - 1))
sys.exit(42 if left >= 0 else 43)
"""


def test_a_checker_asks_for_as_many_passes_as_are_allowed(core: Core) -> None:
    fine = checked(core, COUNTDOWN, Case(stdin="3"), passes=4)
    above = checked(core, COUNTDOWN, Case(stdin="4"), passes=4)
    wrong = checked(core, COUNTDOWN, Case(stdin="3"), passes=4, code="print(int(input()) - 3)")

    assert (fine.verdict, fine.tests[0].judge_message) == ("accepted", "3;2;1;0;")
    assert above.verdict == "judge-error"
    assert "more than 4 passes" in (above.message or "")
    assert (wrong.verdict, wrong.tests[0].judge_message) == ("wrong-answer", "0;") or (
        wrong.verdict == "accepted"
    )


def test_cancelling_stops_a_checker(core: Core) -> None:
    checker = Checker(language="python", code="import time; time.sleep(600)")
    submission_id = core.submit("print('done')", tests=[Case()], checker=checker)
    core.await_running(submission_id)

    core.cancel(submission_id)

    core.assert_ended_once(submission_id)
    assert core.judged("print(1)", expected="1").verdict == "accepted"
