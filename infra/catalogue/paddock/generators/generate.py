"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def meadow(trees):
        return f"{len(trees)}\n" + "".join(f"{x} {y}\n" for x, y in trees)

    def square(n, size):
        return [(RANDOM.randint(-size, size), RANDOM.randint(-size, size)) for _ in range(n)]

    yield "01-one", meadow([(5, -5)])
    yield "02-two", meadow([(-(10**6), -(10**6)), (10**6, 10**6)])
    yield "03-triangle", meadow([(0, 0), (3, 0), (0, 4)])
    yield "04-line", meadow(RANDOM.sample([(2 * i, 3 * i - 7) for i in range(-40, 40)], 80))
    yield "05-double", meadow([(0, 0)] * 3 + [(10, 0)] * 3 + [(10, 10)] * 3 + [(0, 10)] * 3)
    yield "06-grid", meadow([(x, y) for x in range(15) for y in range(15)])
    yield "07-random", meadow(square(300, 1000))
    yield (
        "08-circle",
        meadow(
            [
                (a * s, b * t)
                for a, b in ((3, 4), (4, 3), (5, 0), (0, 5))
                for s in (1, -1)
                for t in (1, -1)
            ]
        ),
    )
    yield "09-long", meadow(square(1800, 10**6))


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
