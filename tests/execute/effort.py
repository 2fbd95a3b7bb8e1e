"""How much the repeating tests do: little by default, a lot with ASSAY_LONG=1."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("ASSAY_LONG"))


def times(few: int, many: int) -> int:
    """How often to repeat something."""
    return many if LONG else few
