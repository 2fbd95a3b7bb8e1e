"""The patterns of `submissions.yaml`: `*` within a name, `{a,b}`, and a folder means all in it."""

from __future__ import annotations

import re
from functools import lru_cache

_MOST_ALTERNATIVES = 256


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path or any folder around it; an empty one matches all."""
    return not pattern or bool(_compiled(pattern).match(path))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    wanted = "|".join(_one(each) for each in expand(pattern))
    return re.compile(rf"(?:{wanted})(?:/|\Z)")


def _one(pattern: str) -> str:
    parts = re.split(r"\*+", pattern.rstrip("/"))
    return "[^/]*".join(re.escape(part) for part in parts)


def expand(pattern: str) -> list[str]:
    """A pattern with `{a,b}` as one pattern for each; an unclosed brace is a brace.

    Raises:
        ValueError: it would become too many.
    """
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        text = waiting.pop()
        found = re.search(r"\{([^{}]*,[^{}]*)\}", text)
        if found is None:
            done.append(text)
        else:
            before, after = text[: found.start()], text[found.end() :]
            waiting += [f"{before}{each}{after}" for each in found[1].split(",")]
        if len(done) + len(waiting) > _MOST_ALTERNATIVES:
            raise ValueError("the braces stand for too many patterns")
    return sorted(done)
