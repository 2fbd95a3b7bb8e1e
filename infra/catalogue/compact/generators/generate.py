"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import json
import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def answer(shelf):
    books = [book for book in shelf if book]
    return books + [0] * (len(shelf) - len(books))


def cases():
    yield ([],)
    yield ([0],)
    yield ([0, 0, 0, 0],)
    yield ([1, 2, 3, 2, 1],)
    yield ([0, 0, 9],)
    yield ([4, 0, 0],)
    yield ([RANDOM.choice([0, 0, RANDOM.randint(1, 10**6)]) for _ in range(300)],)
    yield ([RANDOM.randint(0, 3) for _ in range(10**4)],)


SECRET.mkdir(parents=True, exist_ok=True)
for i, arguments in enumerate(cases(), 1):
    lines = [json.dumps(argument, separators=(",", ":")) for argument in arguments]
    (SECRET / f"{i:02}.in").write_text("\n".join(lines) + "\n")
    (SECRET / f"{i:02}.ans").write_text(
        json.dumps(answer(*arguments), separators=(",", ":")) + "\n"
    )
