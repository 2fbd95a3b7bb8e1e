"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def sign(lines):
        return f"{len(lines)}\n" + "\n".join(lines) + "\n"

    def text(length):
        middle = "".join(RANDOM.choice("abc XYZ 0189 +-|&<>\"'") for _ in range(length))
        return "".join(["("[: length > 1], middle, ")"])[:60]

    yield "01-letter", sign(["x"])
    yield "02-longest", sign(["W" * 60])
    yield "03-even-and-odd", sign(["a", "bb", "ccc", "dddd", "eeeee", "ffffff"])
    yield "04-frames", sign(["+--+", "|", "+ +", "- -- -"])
    yield "05-spaces", sign(["a   b", "c d", "e      f     g"])
    yield "06-random", sign([text(RANDOM.randint(2, 58)) for _ in range(50)])


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
