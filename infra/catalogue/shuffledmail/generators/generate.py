"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)

SECRET.mkdir(parents=True, exist_ok=True)
numbers = [0, 1, 2, 999_999, 999_990, 524_287, 524_288, 100_000]
numbers += [RANDOM.randrange(10**6) for _ in range(4)]
for i, number in enumerate(numbers, 1):
    (SECRET / f"{i:02}.in").write_text(f"send\n{number}\n")
    (SECRET / f"{i:02}.ans").write_text(f"{number}\n")
