"""Submissions to problem packages, each a small one of our own, judged by a real worker."""

from __future__ import annotations

import pytest

from shared.models import Result
from tests.execute.core import Core
from tests.execute.judging.conftest import Install
from tests.shared.problems.made import ADD, CUSTOM, LEGACY, MODERN, VALIDATOR, Files, without


def verdicts(result: Result) -> list[str]:
    """Of each test that was run."""
    return [test.verdict for test in result.tests]


@pytest.mark.parametrize("files", [LEGACY, MODERN], ids=["legacy", "2025-09"])
def test_the_default_validator_judges_samples_and_secrets(
    core: Core, install: Install, files: Files
) -> None:
    package = install(files)

    right = core.judged(ADD, package=package)
    wrong = core.judged(ADD.replace("+", "-"), package=package)
    late = core.judged("a, b = map(int, input().split()); print(3)", package=package)

    assert (right.verdict, verdicts(right)) == ("accepted", ["accepted", "accepted"])
    assert (wrong.verdict, verdicts(wrong)) == ("wrong-answer", ["wrong-answer"])
    assert (late.verdict, verdicts(late), late.failed_test) == (
        *("wrong-answer", ["accepted", "wrong-answer"]),
        2,
    )


def test_of_a_sample_everything_is_shown_and_of_a_secret_test_nothing(
    core: Core, install: Install
) -> None:
    package = install(LEGACY)
    code = "import sys; print(sys.stdin.read().split()[0]); print('err', file=sys.stderr)"

    result = core.judged(code, package=package, stop_on_failure=False)

    sample, secret = result.tests
    assert (sample.name, sample.group, sample.sample) == ("sample/1", "sample", True)
    assert (sample.stdout, sample.stderr) == ("1\n", "err\n")
    assert sample.difference is not None
    assert (sample.difference.line, sample.difference.expected) == (1, "3")
    assert (secret.name, secret.group, secret.sample) == (None, "secret", False)
    assert secret.verdict == "wrong-answer"
    assert (secret.cpu_time_ms or 0) > 0
    nothing = (secret.stdout, secret.stderr, secret.difference, secret.message, secret.exit_code)
    assert nothing == (None,) * 5


def test_flags_of_the_default_validator_are_obeyed(core: Core, install: Install) -> None:
    flags = "problem.yaml", "validator_flags: float_tolerance 0.1 case_sensitive\n"
    package = install({**LEGACY, flags[0]: flags[1]})

    assert core.judged(ADD.replace("+ b", "+ b + 0.05"), package=package).verdict == "accepted"
    assert core.judged(ADD.replace("+ b", "+ b + 0.5"), package=package).verdict == "wrong-answer"


CPP_VALIDATOR = """
#include "validate.h"
#include <fstream>
#include <iostream>
int main(int argc, char **argv) {
    int wanted, got;
    std::ifstream(argv[2]) >> wanted;
    if (argc > 4 && std::string(argv[4]) == "never") return refuse();
    return std::cin >> got && got == wanted ? accept() : refuse();
}
"""
HEADER = "inline int accept() { return 42; }\ninline int refuse() { return 43; }\n"
SCRIPT = "#!/bin/sh\nprintf '#!/bin/sh\\nexit 42\\n' > run\nchmod +x run\n"


@pytest.mark.parametrize(
    ("validator", "right", "wrong"),
    [
        ({"output_validators/check.py": VALIDATOR}, "accepted", "wrong-answer"),
        (
            {
                "output_validators/check/check.cpp": CPP_VALIDATOR,
                "output_validators/check/validate.h": HEADER,
            },
            *("accepted", "wrong-answer"),
        ),
        (
            {
                "output_validators/one.py": VALIDATOR,
                "output_validators/two.py": "import sys; sys.exit(43)",
            },
            *("wrong-answer", "wrong-answer"),
        ),
        ({"output_validators/check/build": SCRIPT}, "accepted", "accepted"),
        ({"output_validators/check.cpp": "int main() { return }"}, "judge-error", "judge-error"),
        ({"output_validators/check.py": "import sys; sys.exit(1)"}, "judge-error", "judge-error"),
    ],
    ids=["Python", "C++ with a header", "two", "build script", "not compiling", "broken"],
)
def test_custom_validators(
    core: Core, install: Install, validator: Files, right: str, wrong: str
) -> None:
    package = install({**LEGACY, "problem.yaml": CUSTOM, **validator})

    assert core.judged(ADD, package=package).verdict == right
    assert core.judged(ADD.replace("+", "-"), package=package).verdict == wrong


def test_validator_flags_reach_a_custom_validator(core: Core, install: Install) -> None:
    check = VALIDATOR + "\n"
    check = "import sys\nif sys.argv[4:] != ['one', 'two']: sys.exit(1)\n" + check
    yaml = CUSTOM + "validator_flags: one two\n"
    files = {**LEGACY, "problem.yaml": yaml, "output_validators/check.py": check}
    assert core.judged(ADD, package=install(files)).verdict == "accepted"


INTERACTOR = """
import sys
a, b = open(sys.argv[1]).read().split()
print(a, b, flush=True)
sys.exit(42 if sys.stdin.readline().strip() == str(int(a) + int(b)) else 43)
"""


def test_interactive_packages(core: Core, install: Install) -> None:
    yaml = "validation: custom interactive\n"
    package = install({**LEGACY, "problem.yaml": yaml, "output_validators/talk.py": INTERACTOR})

    right = core.judged(ADD, package=package)
    wrong = core.judged(ADD.replace("+", "-"), package=package)

    assert (right.verdict, wrong.verdict) == ("accepted", "wrong-answer")
    assert right.tests[0].interaction == "<1 2\n>3\n"
    assert right.tests[1].interaction is None


SCORED: Files = {
    **without(LEGACY, "data/secret/1.in", "data/secret/1.ans"),
    "problem.yaml": "type: scoring\ngrading:\n  show_test_data_groups: true\n",
    "data/testdata.yaml": "grader_flags: ignore_sample\n",
    "data/secret/testdata.yaml": "grader_flags: first_error accept_if_any_accepted\n",
    **{
        f"data/secret/{group}/testdata.yaml": "on_reject: break\ngrader_flags: min\n"
        f"accept_score: {points}\nrange: 0 {points}\n"
        for group, points in (("one", 30), ("two", 70))
    },
    **{
        f"data/secret/{group}/{n}.in": f"{base + n} 1\n"
        for group, base in (("one", 0), ("two", 100))
        for n in (1, 2, 3)
    },
    **{
        f"data/secret/{group}/{n}.ans": f"{base + n + 1}\n"
        for group, base in (("one", 0), ("two", 100))
        for n in (1, 2, 3)
    },
}


def test_groups_are_scored_and_tests_that_cannot_matter_are_not_run(
    core: Core, install: Install
) -> None:
    package = install(SCORED)
    half = "a, b = map(int, input().split()); print(a + b if a < 102 else 0)"

    whole, partial = core.judged(ADD, package=package), core.judged(half, package=package)

    assert (whole.verdict, whole.score, len(whole.tests)) == ("accepted", 100, 7)
    assert (partial.verdict, partial.score) == ("accepted", 30)
    assert [test.index for test in partial.tests] == [1, 2, 3, 4, 5, 6]
    assert [(group.name, group.score) for group in partial.groups][-2:] == [
        ("secret/one", 30),
        ("secret/two", 0),
    ]


def test_who_may_see_the_package_sees_everything(core: Core, install: Install) -> None:
    result = core.judged(ADD.replace("+", "-"), package=install(LEGACY), reveal=True)

    assert "expected" in (result.tests[0].judge_message or "")


def test_a_package_that_is_gone_is_a_judge_error(core: Core) -> None:
    result = core.judged(ADD, package="0" * 64)
    assert (result.verdict, result.message) == (
        "judge-error",
        "the problem's files are not stored here",
    )


#: Planted wherever a contestant may not look.
SECRET = "quagswag"
TELLS = f"""
import sys, pathlib
text = sys.stdin.read()
pathlib.Path(sys.argv[3], "judgemessage.txt").write_text("{SECRET} message")
pathlib.Path(sys.argv[3], "teammessage.txt").write_text("{SECRET} to the team")
print("{SECRET}", file=sys.stderr)
sys.exit(int(text.split()[-1]) if text.split()[-1].isdigit() else 43)
"""
SPIES = {
    "prints the input": "import sys; print(sys.stdin.read(), 42)",
    "prints it and is refused": "import sys; print(sys.stdin.read(), 43)",
    "breaks the validator": "import sys; print(sys.stdin.read(), 1)",
    "throws it": "raise ValueError(input())",
    "floods with it": "text = input()\nwhile True: print(text)",
    "leaves it in a file": "open('out', 'w').write(input()); print(42)",
    "hangs with it": "import time; print(input(), flush=True); time.sleep(60)",
}


@pytest.mark.parametrize("name", sorted(SPIES))
@pytest.mark.parametrize("yaml", ["validation: custom\n", "", "validation: custom interactive\n"])
def test_nothing_of_a_secret_test_is_in_any_byte_of_redis(
    core: Core, install: Install, name: str, yaml: str
) -> None:
    package = install(
        {
            **without(LEGACY, "data/sample/1.in", "data/sample/1.ans"),
            "problem.yaml": yaml,
            "data/secret/1.in": f"{SECRET} in\n",
            "data/secret/1.ans": f"{SECRET} answer\n",
            **({"output_validators/tells.py": TELLS} if yaml else {}),
        }
    )
    limits = {"cpuTimeMs": 500, "wallTimeMs": 1000, "outputBytes": 4096}
    submission_id = core.submit(SPIES[name], package=package, limits=limits)
    heard = core.hears(submission_id)

    result = core.final(submission_id)

    assert result.tests[0].verdict == result.verdict
    dumped = b"".join(core.redis.dump(key) or b"" for key in core.redis.scan_iter())
    # Values are compressed in a dump; what is read plainly is searched as well.
    stored = [
        str(core.redis.hgetall(f"assay:sub:{submission_id}")),
        str(core.events(submission_id)),
    ]
    for text in (dumped.decode(errors="replace"), *stored, *heard()):
        assert SECRET not in text
