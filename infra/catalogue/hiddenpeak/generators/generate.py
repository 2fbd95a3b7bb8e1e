"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def ridge(n, summit):
    """Heights that rise up to a place and fall after it."""
    top, *heights = sorted(RANDOM.sample(range(9001), n), reverse=True)
    RANDOM.shuffle(heights)
    rising, falling = sorted(heights[: summit - 1]), sorted(heights[summit - 1 :], reverse=True)
    return [*rising, top, *falling]


SECRET.mkdir(parents=True, exist_ok=True)
ridges = [(2, 2), (1, 1), (3, 2), (10, 1), (10, 9), (500, 499)]
ridges += [(1000, 1), (1000, 1000), (1000, 501), (999, 700), (1000, RANDOM.randint(1, 1000))]
for i, (n, summit) in enumerate(ridges, 1):
    (SECRET / f"{i:02}.in").write_text(f"{n}\n{' '.join(map(str, ridge(n, summit)))}\n")
    (SECRET / f"{i:02}.ans").write_text(f"{summit}\n")
