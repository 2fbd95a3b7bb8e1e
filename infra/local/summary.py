"""The block that the runner prints when it serves, and its parts for `doctor`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def block(url: str, worker: Mapping[str, Any], slots: int, state: Path, redis_name: str) -> str:
    """URL, isolation, languages, and how to stop."""
    return "\n".join(
        (
            f"Assay serves on {url}",
            f"  isolation  {isolation(worker.get('isolation', {}))}",
            f"  languages  {languages(worker.get('languages', []))}",
            f"  slots      {slots}",
            f"  store      {redis_name}, state in {state}",
            "  Ctrl-C stops it.",
        )
    )


def isolation(facts: object) -> str:
    """The level and what it is made of, in one line."""
    if not isinstance(facts, Mapping):
        return str(facts)
    level = str(facts.get("level", "unknown"))
    rest = [f"{words(name)} {word(value)}" for name, value in facts.items() if name != "level"]
    return f"{level} ({', '.join(rest)})" if rest else level


def words(name: str) -> str:
    """`landlockAbi` as a person says it: `landlock abi`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def word(value: object) -> str:
    """A fact's value as a person says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def languages(found: object) -> str:
    """`Python 3.11.7, JavaScript 24.1.0`, from names or from what a worker announces."""
    if not isinstance(found, list) or not found:
        return "none found"
    return ", ".join(_language(one) for one in found)


def _language(one: object) -> str:
    if not isinstance(one, Mapping):
        return str(one)
    title = str(one.get("title") or one.get("name", "?"))
    # Toolchains answer as they like: `Python 3.11.7`, `v24.1.0`.
    version = str(one.get("version", "")).removeprefix(title).strip().removeprefix("v")
    return f"{title} {version}".strip()
