"""The time limit of a package that names none: derived from its own submissions' times.

legacy    whole seconds, at least one: slowest accepted x `time_multiplier`; what must be
          too slow must take more than the limit x `time_safety_margin`
2025-09   the smallest multiple of `time_resolution` that is at least slowest x
          `ac_to_time_limit`, and at most the fastest that must be too slow /
          `time_limit_to_tle`
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from shared.limits import LIMITS
from shared.problems.model import Package

#: Before anything was derived: long enough for every example, short enough to be waited for.
PROVISIONAL_MS = 10_000
#: Times are measured: 2.0000000001 s of CPU are no reason to give three.
_ROUNDING_MS = 1e-6


@dataclass(frozen=True)
class Derived:
    """A derived limit; `problem` says in words why it cannot be one, or is a doubtful one."""

    limit_ms: int | None
    problem: str = ""


def time_limit_ms(package: Package) -> int:
    """The limit to judge by: the package's own, a derived one, or the provisional one."""
    return package.time_limit.explicit_ms or PROVISIONAL_MS


def derive(package: Package, lower_ms: Iterable[float], upper_ms: Iterable[float]) -> Derived:
    """The limit that lies between the times of submissions.

    Args:
        lower_ms: slowest test of each submission that may not be too slow.
        upper_ms: slowest test of each submission that must be.
    """
    slowest = max(lower_ms, default=None)
    if slowest is None:
        return Derived(None, "there is no accepted submission to derive a time limit from")
    fastest = min(upper_ms, default=math.inf)
    rule = package.time_limit
    step = 1000 if package.format.is_legacy else rule.resolution_ms
    wanted = slowest * rule.accepted_factor
    limit_ms = max(1, math.ceil(wanted / step - _ROUNDING_MS)) * step
    most = LIMITS["cpuTimeMs"].most
    if limit_ms > most:
        return Derived(
            None, f"it would be {limit_ms / 1000:g} s, and {most / 1000:g} s can be given"
        )
    if limit_ms * rule.too_slow_factor > fastest:
        reason = (
            f"{limit_ms / 1000:g} s are too close to a submission that must be too slow "
            f"and takes {fastest / 1000:.3g} s"
        )
        # legacy takes the limit and lets the submission show; 2025-09 has none then.
        return Derived(limit_ms if package.format.is_legacy else None, reason)
    return Derived(limit_ms)
