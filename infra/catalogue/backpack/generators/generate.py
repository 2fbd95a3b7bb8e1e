"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def bed(c, things):
        return f"{len(things)} {c}\n" + "".join(f"{weight} {worth}\n" for weight, worth in things)

    def any_of(n, heaviest, most):
        return [(RANDOM.randint(1, heaviest), RANDOM.randint(1, most)) for _ in range(n)]

    yield "group1/01", bed(10, [(6, 100), (5, 60), (5, 60)])
    yield "group1/02", bed(10**9, any_of(15, 10**6, 10**6))
    yield "group1/03", bed(3 * 10**6, any_of(15, 10**6, 10**6))
    yield "group1/04", bed(10**6, [(2**i, 2**i + RANDOM.randint(0, 9)) for i in range(14)])
    yield "group2/01", bed(8 * 10**6, [(999_999, worth) for _, worth in any_of(40, 1, 10**6)])
    yield "group2/02", bed(20 * 777_777, [(777_777, worth) for _, worth in any_of(40, 1, 50)])
    yield "group3/01", bed(2000, any_of(100, 200, 10**6))
    yield "group3/02", bed(1999, any_of(100, 60, 1000))
    yield "group3/03", bed(1000, [(501, 1000), *[(500, 999)] * 2, *any_of(40, 2000, 10)])


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
