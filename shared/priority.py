"""The classes of the line."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """The first is served first. The values are wire names; Lua spells the same."""

    CONTEST = "contest"
    INTERACTIVE = "interactive"
    DEFAULT = "default"
    BULK = "bulk"


#: What anybody may ask for; `contest` has to be granted.
ORDINARY = (Priority.INTERACTIVE, Priority.DEFAULT, Priority.BULK)
