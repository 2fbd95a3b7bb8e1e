"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import json
import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def answer(weights, target):
    """By looking at all pairs; there must be exactly one."""
    places = {}
    for place, weight in enumerate(weights):
        places.setdefault(weight, []).append(place)
    found = [
        [first, second]
        for first, weight in enumerate(weights)
        for second in places.get(target - weight, [])
        if first < second
    ]
    assert len(found) == 1
    return found[0]


def cases():
    yield [1, 2], 3
    yield [0, 4, 3, 0], 0
    yield [-3, 4, 3, 90], 0
    yield [10**9, -(10**9), 7, 8], 15
    yield [3, 3], 6
    # Even numbers, and one odd one near the end: only with it the sum is odd.
    for n, most in ((100, 10**4), (5000, 10**6)):
        weights = [2 * number for number in RANDOM.sample(range(most), n)]
        weights[n - 2] += 1
        yield weights, weights[n - 2] + weights[n - 1]


SECRET.mkdir(parents=True, exist_ok=True)
for i, arguments in enumerate(cases(), 1):
    lines = [json.dumps(argument, separators=(",", ":")) for argument in arguments]
    (SECRET / f"{i:02}.in").write_text("\n".join(lines) + "\n")
    (SECRET / f"{i:02}.ans").write_text(
        json.dumps(answer(*arguments), separators=(",", ":")) + "\n"
    )
