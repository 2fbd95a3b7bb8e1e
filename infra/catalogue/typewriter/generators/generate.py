"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def keys(length, backspaces):
        letters = "abcdefghijklmnopqrstuvwxyz."
        return "".join(
            "<" if RANDOM.random() < backspaces else RANDOM.choice(letters) for _ in range(length)
        )

    yield "01-letter", "x\n"
    yield "02-backspace", "<\n"
    yield "03-all-gone", "a" * 50 + "<" * 50 + "\n"
    yield "04-nested", "ab<c<<dd<<e\n"
    yield "05-none", keys(300, 0) + "\n"
    yield "06-many", keys(2000, 0.45) + "\n"
    yield "07-more-than-letters", keys(2000, 0.55) + "\n"
    yield "08-long", keys(12000, 0.3) + "\n"


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
