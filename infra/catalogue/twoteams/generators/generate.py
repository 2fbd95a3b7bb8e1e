"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def friends(n, pairs):
        pairs = [RANDOM.sample(pair, 2) for pair in pairs]
        RANDOM.shuffle(pairs)
        return f"{n} {len(pairs)}\n" + "".join(f"{a} {b}\n" for a, b in pairs)

    def two_sides(n, m):
        names = RANDOM.sample(range(1, n + 1), n)
        half = n // 2
        return [(RANDOM.choice(names[:half]), RANDOM.choice(names[half:])) for _ in range(m)]

    def ring(n):
        return [(i, i % n + 1) for i in range(1, n + 1)]

    yield "01-alone", friends(1, [])
    yield "02-nobody", friends(50, [])
    yield "03-twice", friends(2, [(1, 2), (2, 1), (1, 2)])
    yield "04-late", friends(4, [(1, 3), (2, 4), (3, 4)])
    yield "05-even-ring", friends(30, ring(30))
    yield "06-odd-ring", friends(31, ring(31))
    yield (
        "07-hidden-ring",
        friends(200, [*two_sides(150, 200), *((a + 150, b + 150) for a, b in ring(49))]),
    )
    yield "08-chain", friends(2000, [(i, i + 1) for i in range(1, 2000)])
    yield "09-random", friends(600, two_sides(600, 1500))


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
