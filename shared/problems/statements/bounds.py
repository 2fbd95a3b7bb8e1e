"""How long a statement may be, what is raised past it, and how lists of names are written."""

from __future__ import annotations

#: The longest statements we have seen have 20 KiB.
MAX_SOURCE_BYTES = 128 * 1024


class StatementRefused(ValueError):
    """There is no reading this source."""


def names(text: str) -> frozenset[str]:
    """The names in a text, which has them with spaces between."""
    return frozenset(text.split())
