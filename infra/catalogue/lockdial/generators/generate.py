"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)

dials = [(1, 1), (2, 2), (3, 1), (1000, 1000), (1000, 1), (10**9, 10**9), (10**9, 1)]
dials += [(10**9, RANDOM.randint(1, 10**9)) for _ in range(3)]
SECRET.mkdir(parents=True, exist_ok=True)
for i, (n, number) in enumerate(dials, 1):
    (SECRET / f"{i:02}.in").write_text(f"{n} {number}\n")
    (SECRET / f"{i:02}.ans").write_text("")
