"""Programs that talk to a checker, the well-behaved and the hostile ones."""

from __future__ import annotations

from typing import Any

import pytest

from shared.models import Case, Checker, Result
from tests.execute.core import Core

#: Thinks of the number in its input; says `lower`, `higher` or `right`; 8 guesses.
JUDGE = """
import sys
wanted = int(open(sys.argv[1]).read())
feedback = sys.argv[3]
def refuse(why):
    open(feedback + "judgemessage.txt", "w").write(why)
    sys.exit(43)
for _ in range(8):
    line = sys.stdin.readline()
    if not line.strip().isdigit(): refuse(f"no number: {line!r}")
    guess = int(line)
    print("lower" if guess > wanted else "higher" if guess < wanted else "right", flush=True)
    if guess == wanted: sys.exit(42)
refuse("too many guesses")
"""
BISECTS = """
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == "right": break
    if said == "lower": high = middle - 1
    else: low = middle + 1
"""
SHORT = {"cpuTimeMs": 1000, "wallTimeMs": 1000}


def talked(core: Core, code: str, judge: str = JUDGE, *inputs: str, **more: Any) -> Result:  # noqa: ANN401
    """Judged in conversation with a Python checker; the number is 37 unless told otherwise."""
    passes = more.pop("passes", 1)
    checker = Checker(language="python", code=judge, interactive=True, passes=passes)
    tests = [Case(stdin=text) for text in inputs or ("37",)]
    return core.judged(code, tests=tests, checker=checker, **more)


def test_a_conversation_is_judged_and_shown(core: Core) -> None:
    result = talked(core, BISECTS, JUDGE, "50", "37", "1")

    assert (result.verdict, [test.verdict for test in result.tests]) == (
        "accepted",
        ["accepted"] * 3,
    )
    assert result.tests[0].interaction == ">50\n<right\n"
    assert (result.tests[1].interaction or "").startswith(">50\n<lower\n>25\n<higher\n")
    assert result.tests[0].stdout == ""


#: What a program does, and what comes of it.
PROGRAMS = {
    "wrong, then waits for ever": (
        "for n in range(8): print(99, flush=True); input()\nimport time\ntime.sleep(600)",
        "wrong-answer",
    ),
    "wrong, then crashes because nobody answers": (
        "while True: print(99, flush=True); input()",
        "wrong-answer",
    ),
    "against the protocol": ("print('hello', flush=True); input()", "wrong-answer"),
    "says nothing at its end": ("", "wrong-answer"),
    "never flushes": ("import sys\nprint(50); sys.stdin.readline()", "time-limit-exceeded"),
    "never speaks": ("input()", "time-limit-exceeded"),
    "computes for ever": ("while True: pass", "time-limit-exceeded"),
    "crashes at once": ("raise ValueError", "runtime-error"),
    "crashes after the right answer": (
        "print(37, flush=True); input(); raise ValueError",
        "runtime-error",
    ),
    "closes its output and goes on": (
        "import os, time; os.close(1); time.sleep(600)",
        "wrong-answer",
    ),
    "closes its input": ("import os; os.close(0); print(37, flush=True)", "accepted"),
    "floods": ("import sys\nwhile True: sys.stdout.write('1\\n' * 30000)", "wrong-answer"),
    "says more than is asked for": (
        "print(37, flush=True); print('x' * 1_000_000)",
        "accepted",
    ),
}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_each_program_gets_its_verdict(core: Core, name: str) -> None:
    code, verdict = PROGRAMS[name]

    result = talked(core, code, limits=SHORT)

    assert (result.verdict, result.runs) == (verdict, [])


@pytest.mark.parametrize(
    ("judge", "verdict"),
    [
        ("raise ValueError", "judge-error"),
        ("", "judge-error"),
        ("import os; os.kill(os.getpid(), 9)", "judge-error"),
        ("import sys, time; time.sleep(0.3); sys.exit(43)", "wrong-answer"),
        ("import os, sys, time; os.close(1); time.sleep(0.2); sys.exit(42)", "runtime-error"),
    ],
)
def test_each_checker_gets_its_verdict(core: Core, judge: str, verdict: str) -> None:
    """The program is one that guesses well, and that needs answers."""
    assert talked(core, BISECTS, judge).verdict == verdict


def test_a_checker_may_close_its_output_and_wait_for_the_answer(core: Core) -> None:
    judge = (
        "import os, sys\nprint(1, 2, 3, flush=True); os.close(1)\n"
        "sys.exit(42 if sys.stdin.read().split() == ['6'] else 43)"
    )
    code = "import sys\nprint(sum(map(int, sys.stdin.read().split())))"
    assert talked(core, code, judge).verdict == "accepted"


def test_the_checkers_waiting_costs_nobody_anything(core: Core) -> None:
    slow = "import time; time.sleep(1.2)\n" + BISECTS
    limits = {"cpuTimeMs": 500, "wallTimeMs": 20_000}
    assert talked(core, slow, limits=limits).verdict == "accepted"


def test_a_program_that_reads_more_than_it_is_told_is_stopped_by_the_checkers_end(
    core: Core,
) -> None:
    code = "print(37, flush=True)\nimport sys\nfor line in sys.stdin: pass\n"
    assert talked(core, code).verdict == "accepted"


def test_what_is_kept_of_a_dialogue_is_bounded(core: Core) -> None:
    judge = "import sys\nfor n in range(100_000): print('x' * 50)\nsys.stdout.flush(); sys.exit(42)"
    result = talked(core, "import sys\nfor line in sys.stdin: pass", judge)

    assert result.verdict == "accepted"
    assert 8_000 < len(result.tests[0].interaction or "") < 32_000


def test_an_interactive_problem_with_passes(core: Core) -> None:
    judge = (
        "import sys\nleft = int(open(sys.argv[1]).read())\nprint(left, flush=True)\n"
        "said = int(sys.stdin.readline())\n"
        "if said != left * 2: sys.exit(43)\n"
        "if left: open(sys.argv[3] + 'nextpass.in', 'w').write(str(left - 1))\n"
        "sys.exit(42)"
    )
    fine = talked(core, "print(int(input()) * 2)", judge, "2", passes=3)
    wrong = talked(core, "n = int(input()); print(n * 2 if n > 1 else 7)", judge, "2", passes=3)

    assert (fine.verdict, wrong.verdict) == ("accepted", "wrong-answer")
    assert fine.tests[0].interaction == "<2\n>4\n---\n<1\n>2\n---\n<0\n>0\n"


def test_the_same_conversation_has_the_same_verdict_each_time(core: Core) -> None:
    crashes = "for _ in range(8): print(99, flush=True); input()\ninput()"
    checker = Checker(language="python", code=JUDGE, interactive=True)
    ids = [
        core.submit(code, tests=[Case(stdin="37")], checker=checker)
        for code in [BISECTS, crashes] * 10
    ]

    verdicts = [core.final(each).verdict for each in ids]

    assert verdicts == ["accepted", "wrong-answer"] * 10


def test_cancelling_stops_both(core: Core) -> None:
    checker = Checker(language="python", code="input()", interactive=True)
    submission_id = core.submit("input()", tests=[Case()], checker=checker)
    core.await_running(submission_id)

    core.cancel(submission_id)

    core.assert_ended_once(submission_id)
    assert talked(core, BISECTS).verdict == "accepted"
