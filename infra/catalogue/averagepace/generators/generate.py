"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def tour(stages):
        return f"{len(stages)}\n" + "".join(f"{length} {speed}\n" for length, speed in stages)

    yield "01-one", tour([(0.001, 1000)])
    yield "02-slow-end", tour([(999, 1000), (1, 0.001)])
    yield "03-same", tour([(3.5, 21.7)] * 50)
    yield (
        "04-tour",
        tour(
            [(round(RANDOM.uniform(1, 30), 3), round(RANDOM.uniform(5, 40), 1)) for _ in range(100)]
        ),
    )
    yield (
        "05-long",
        tour(
            [
                (round(RANDOM.uniform(0.001, 1000), 3), round(RANDOM.uniform(0.001, 1000), 3))
                for _ in range(1000)
            ]
        ),
    )


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
