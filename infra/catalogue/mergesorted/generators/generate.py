"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import json
import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def answer(first, second):
    return sorted(first + second)


def queue(n, most):
    return sorted(RANDOM.randint(-most, most) for _ in range(n))


def cases():
    yield [], []
    yield [5], []
    yield [10**9], [-(10**9)]
    yield [1, 1, 1], [1, 1]
    yield list(range(50)), list(range(50, 60))
    yield list(range(50, 60)), list(range(50))
    yield queue(200, 20), queue(150, 20)
    yield queue(1000, 10**9), queue(900, 10**9)


SECRET.mkdir(parents=True, exist_ok=True)
for i, arguments in enumerate(cases(), 1):
    lines = [json.dumps(argument, separators=(",", ":")) for argument in arguments]
    (SECRET / f"{i:02}.in").write_text("\n".join(lines) + "\n")
    (SECRET / f"{i:02}.ans").write_text(
        json.dumps(answer(*arguments), separators=(",", ":")) + "\n"
    )
