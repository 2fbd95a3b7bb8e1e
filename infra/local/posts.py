"""A child's place under the supervisor, and the pauses between its restarts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from infra.local.children import Child

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
#: A child that lived this long starts again after the first pause.
_SETTLED_S = 10.0


@dataclass
class Post:
    """A child's place: it is filled again when the child dies."""

    child: Child
    started: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    due: float | None = None

    def fill(self) -> None:
        """Start the child."""
        self.due = None
        self.started = time.monotonic()
        self.child.spawn()

    def lost(self) -> float:
        """Note a death; the seconds until the child is started again."""
        now = time.monotonic()
        settled = now - self.started > _SETTLED_S
        pause_s = _FIRST_PAUSE_S if settled else self.pause_s
        self.pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        self.due = now + pause_s
        return pause_s
