"""What ends the local runner early, by the name under which everything here knows it."""

from __future__ import annotations

from shared.failure import Failure

__all__ = ["Failure"]
