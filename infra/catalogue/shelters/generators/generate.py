"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "submissions/accepted/solution.py"
RANDOM = random.Random(2025)


def cases():
    def park(rows):
        return f"{len(rows)} {len(rows[0])}\n" + "\n".join("".join(row) for row in rows) + "\n"

    def random_park(rows, columns, rock, shelters):
        fields = [
            ["#" if RANDOM.random() < rock else "." for _ in range(columns)] for _ in range(rows)
        ]
        for _ in range(shelters):
            fields[RANDOM.randrange(rows)][RANDOM.randrange(columns)] = "S"
        return park(fields)

    yield "01-shelter-only", park(["S"])
    yield "02-row", park(["." * 30 + "S" + "." * 60])
    yield "03-all-rock-but-one", park(["###", "#S#", "###"])
    yield "04-no-way", park(["S.#.", "..##", "...."])
    yield "05-open", random_park(60, 60, 0.0, 3)
    yield "06-rocky", random_park(60, 60, 0.1, 9)
    spiral = [
        "".join(row)
        for row in (
            ["S" + "." * 40]
            + [
                ("#" * 40 + ".") if i % 4 == 1 else ("." + "#" * 40) if i % 4 == 3 else "." * 41
                for i in range(1, 60)
            ]
        )
    ]
    yield "07-winding", park(spiral)


for name, text in cases():
    path = ROOT / "data/secret" / f"{name}.in"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    run = subprocess.run(
        [sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True
    )
    path.with_suffix(".ans").write_text(run.stdout)
