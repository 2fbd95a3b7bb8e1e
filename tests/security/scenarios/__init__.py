"""Attacks that take more than one run: functions of a bench that give what was wrong.

Stdlib only, see table.py.
"""

from __future__ import annotations

from tests.security.scenarios import from_outside, in_turn, side_by_side
from tests.security.scenarios.registry import SCENARIOS

__all__ = ["SCENARIOS", "from_outside", "in_turn", "side_by_side"]
