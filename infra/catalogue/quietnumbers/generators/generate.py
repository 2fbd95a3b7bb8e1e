"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    ranges = {
        "group1": [(0, 0), (0, 10**4), (9, 10), (15, 61), (1234, 9876)],
        "group2": [(10**18 - 10**4, 10**18), (987654321, 987664321), (55555, 55555), (0, 9999)],
        "group3": [(0, 10**18), (1, 10**9), (123456789012345678, 876543210987654321)],
    }
    for group, pairs in ranges.items():
        for i, (a, b) in enumerate(pairs, 1):
            yield f"{group}/{i}", f"{a} {b}\n"


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
