"""The sources of the harnesses: files under `harnesses/`, with places that are filled in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

Files = dict[str, bytes]

_FOLDER = Path(__file__).parent / "harnesses"


def filled(name: str, **places: str) -> str:
    """A source with what belongs where it says `/*NAME*/`."""
    text = _source(name)
    for place, value in places.items():
        text = text.replace(f"/*{place}*/", value)
    return text


@cache
def _source(name: str) -> str:
    return (_FOLDER / name).read_text()
