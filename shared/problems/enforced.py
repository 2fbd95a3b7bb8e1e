"""The limits that a submission to a package gets: the package's, where it has them."""

from __future__ import annotations

from shared.languages import Language
from shared.limits import LIMITS
from shared.models import Limits
from shared.problems.model import Package
from shared.problems.timing import time_limit_ms


def limits_of(package: Package, language: Language) -> Limits:
    """Time, memory and output of the package; the rest as for any program of the language."""
    whole = {name: row.default for name, row in LIMITS.items()} | language.defaults
    cpu_time_ms = time_limit_ms(package)
    wall_time_ms = max(2 * cpu_time_ms + 1000, language.defaults.get("wallTimeMs", 0))
    return Limits(
        cpu_time_ms=cpu_time_ms,
        wall_time_ms=min(wall_time_ms, LIMITS["wallTimeMs"].most),
        memory_bytes=package.limits.memory_bytes,
        output_bytes=package.limits.output_bytes,
        processes=whole["processes"],
    )
