"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import json
import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def answer(words):
    found = {}
    for word in words:
        found.setdefault("".join(sorted(word)), []).append(word)
    return list(found.values())


def scrambled(n, families, longest):
    roots = [
        "".join(RANDOM.choices("abcdeiost", k=RANDOM.randint(2, longest))) for _ in range(families)
    ]
    return ["".join(RANDOM.sample(root, len(root))) for root in RANDOM.choices(roots, k=n)]


def cases():
    yield (["a"],)
    yield (["same", "same", "same"],)
    yield (["aab", "abb", "ab", "ba", "bab"],)
    yield (["stare", "stop", "tears", "pots", "rates", "post"],)
    yield (scrambled(60, 20, 30),)
    yield (scrambled(2000, 300, 8),)


SECRET.mkdir(parents=True, exist_ok=True)
for i, arguments in enumerate(cases(), 1):
    lines = [json.dumps(argument, separators=(",", ":")) for argument in arguments]
    (SECRET / f"{i:02}.in").write_text("\n".join(lines) + "\n")
    (SECRET / f"{i:02}.ans").write_text(
        json.dumps(answer(*arguments), separators=(",", ":")) + "\n"
    )
