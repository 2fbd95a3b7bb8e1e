"""Writes data/secret anew: `python3 generators/generate.py`. The same bytes each time."""

import json
import random
from pathlib import Path

SECRET = Path(__file__).parents[1] / "data/secret"
RANDOM = random.Random(2025)


def answer(tree):
    result, left = [], list(tree)
    nodes = [left.pop(0)] if left else []
    while nodes:
        result.append(nodes)
        children = [left.pop(0) if left else None for _ in range(2 * len(nodes))]
        nodes = [child for child in children if child is not None]
    return result


def tree(n, missing):
    """A tree of n nodes; `missing` is how many of a node's daughters are not there."""
    result, there = [RANDOM.randint(-1000, 1000)], 1
    open_places = 2
    while there < n and open_places:
        open_places -= 1
        if open_places and RANDOM.random() < missing:
            result.append(None)
        else:
            result.append(RANDOM.randint(-1000, 1000))
            there, open_places = there + 1, open_places + 2
    return result


def cases():
    yield ([1],)
    yield ([-1, None, 2, None, 3],)
    yield ([1, 2, 3, 4, 5, 6, 7],)
    yield ([1, 2, None, 3, None, 4, 5],)
    # a thousand levels: only right daughters
    yield ([node for i in range(1000) for node in ((i % 9, None) if i < 999 else (7,))],)
    yield (tree(500, 0.3),)
    yield (tree(2000, 0.45),)


SECRET.mkdir(parents=True, exist_ok=True)
for i, arguments in enumerate(cases(), 1):
    lines = [json.dumps(argument, separators=(",", ":")) for argument in arguments]
    (SECRET / f"{i:02}.in").write_text("\n".join(lines) + "\n")
    (SECRET / f"{i:02}.ans").write_text(
        json.dumps(answer(*arguments), separators=(",", ":")) + "\n"
    )
