"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def crates(pairs):
        return f"{len(pairs)}\n" + "".join(f"{w} {d}\n" for w, d in pairs)

    yield "01-one", crates([(10**6, 1)])
    yield "02-same-width", crates([(5, d) for d in range(1, 15)])
    yield "03-chain", crates(RANDOM.sample([(i, i) for i in range(1, 101)], 100))
    yield "04-antichain", crates([(i, 200 - i) for i in range(1, 200)])
    yield "05-trap", crates([(1, 1), (2, 900), *((i, i) for i in range(3, 40))])
    yield "06-few-sizes", crates([(RANDOM.randint(1, 9), RANDOM.randint(1, 9)) for _ in range(190)])
    yield (
        "07-random",
        crates([(RANDOM.randint(1, 999), RANDOM.randint(1, 999)) for _ in range(300)]),
    )
    yield (
        "08-long",
        crates([(RANDOM.randint(1, 10**6), RANDOM.randint(1, 10**6)) for _ in range(2200)]),
    )


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
