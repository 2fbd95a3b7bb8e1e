"""`problem new NAME`: a package that verifies, to be changed into another one."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from infra.local.failure import Failure

_NAME = re.compile(r"[a-z0-9]{1,64}")
_FILES = {
    "problem.yaml": """\
problem_format_version: 2025-09
name: Sum of two
uuid: {uuid}
license: cc0
keywords: [arithmetic]
limits:
  time_limit: 1  # seconds; leave it out, and `problem verify` derives one from the submissions
""",
    "assay.yaml": """\
# Read by Assay only; other tools leave it alone.
difficulty: easy
tags: [warm-up]
""",
    "statement/problem.en.md": """\
Two numbers are given. Print their sum.

## Input

One line with two integers $a$ and $b$ ($0 \\le a, b \\le 10^{{18}}$).

## Output

One line with $a + b$.
""",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/1-small.in": "20 22\n",
    "data/secret/1-small.ans": "42\n",
    "data/secret/2-zero.in": "0 0\n",
    "data/secret/2-zero.ans": "0\n",
    "data/secret/3-large.in": "1000000000000000000 1000000000000000000\n",
    "data/secret/3-large.ans": "2000000000000000000\n",
    "input_validators/check.py": """\
import re
import sys

text = sys.stdin.read()
ok = re.fullmatch(r"(0|[1-9][0-9]*) (0|[1-9][0-9]*)\\n", text)
sys.exit(42 if ok and all(int(each) <= 10**18 for each in text.split()) else 43)
""",
    "submissions/accepted/add.py": "a, b = map(int, input().split())\nprint(a + b)\n",
    "submissions/wrong_answer/subtract.py": "a, b = map(int, input().split())\nprint(a - b)\n",
    "submissions/wrong_answer/through_floats.py": (
        "a, b = map(float, input().split())\nprint(int(a + b) % 10**18)\n"
    ),
    "submissions/time_limit_exceeded/count.py": (
        "a, b = map(int, input().split())\nwhile b:\n    a += 1\n    b -= 1\nprint(a)\n"
    ),
    "submissions/run_time_error/too_few.py": "a, b, c = map(int, input().split())\nprint(a + b)\n",
}


def new(name: str, where: Path) -> Path:
    """Write the template; the folder it is in.

    Raises:
        Failure: the name is none, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise Failure(f"{name!r} is no name for a package: lower-case letters and digits.", 2)
    top = where / name
    try:
        top.mkdir()
        for path, content in _FILES.items():
            place = top / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content.replace("{uuid}", str(uuid.uuid4())).replace("{{18}}", "{18}"))
    except FileExistsError:
        raise Failure(f"{top} is there already.", 2) from None
    except OSError as error:
        raise Failure(f"{top} cannot be written ({error.strerror}).", 2) from None
    return top
