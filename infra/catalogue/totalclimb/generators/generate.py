"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def trail(heights):
        return f"{len(heights)}\n{' '.join(map(str, heights))}\n"

    yield "01-one", trail([4807])
    yield "02-two", trail([3, 1])
    yield "03-flat", trail([500] * 20)
    yield "04-up", trail(range(0, 9001, 300))
    yield "05-saw", trail([0, 9000] * 500)
    yield "06-random", trail([RANDOM.randint(0, 9000) for _ in range(1000)])
    height, walk = 4500, []
    for _ in range(5000):
        height = min(9000, max(0, height + RANDOM.randint(-3, 3)))
        walk.append(height)
    yield "07-long", trail(walk)


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
