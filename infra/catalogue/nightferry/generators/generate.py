"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def line(k, sizes):
        return f"{len(sizes)} {k}\n{' '.join(map(str, sizes))}\n"

    yield "01-one", line(1, [10**9])
    yield "02-together", line(1, [10**9] * 10)
    yield "03-alone", line(5, [5, 1, 4, 2, 3])
    yield "04-equal", line(7, [3] * 100)
    yield "05-first-large", line(2, [100] + [1] * 99)
    yield "06-last-large", line(2, [1] * 99 + [100])
    yield "07-random", line(20, [RANDOM.randint(1, 100) for _ in range(500)])
    yield "08-huge", line(10, [RANDOM.randint(1, 10**9) for _ in range(1000)])
    yield "09-long", line(300, [RANDOM.randint(1, 9999) for _ in range(4000)])


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
