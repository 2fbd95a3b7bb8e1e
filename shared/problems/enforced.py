"""The limits that a submission to a package gets: the package's, where it has them."""

from __future__ import annotations

from shared.languages import Language
from shared.limits import LIMITS
from shared.models import Limits
from shared.problems.answers import ProblemEntry
from shared.problems.model import Package
from shared.problems.timing import PROVISIONAL_MS, time_limit_ms


def limits_of(package: Package, language: Language) -> Limits:
    """Time, memory and output of the package; the rest as for any program of the language."""
    limits = package.limits
    return _limits(time_limit_ms(package), limits.memory_bytes, limits.output_bytes, language)


def limits_of_entry(entry: ProblemEntry, language: Language) -> Limits:
    """The same by the list of problems; the output's limit is looked up in the package."""
    time_ms = entry.time_limit_ms or PROVISIONAL_MS
    default_bytes = language.defaults.get("memoryBytes", LIMITS["memoryBytes"].default)
    memory_bytes = entry.memory_bytes or default_bytes
    return _limits(time_ms, memory_bytes, LIMITS["outputBytes"].default, language)


def _limits(time_ms: int, memory_bytes: int, output_bytes: int, language: Language) -> Limits:
    whole = {name: row.default for name, row in LIMITS.items()} | language.defaults
    cpu_time_ms = _within("cpuTimeMs", time_ms)
    wall_time_ms = max(2 * cpu_time_ms + 1000, language.defaults.get("wallTimeMs", 0))
    return Limits(
        cpu_time_ms=cpu_time_ms,
        wall_time_ms=min(wall_time_ms, LIMITS["wallTimeMs"].most),
        memory_bytes=_within("memoryBytes", memory_bytes),
        output_bytes=_within("outputBytes", output_bytes),
        processes=whole["processes"],
    )


def _within(name: str, value: int) -> int:
    return max(LIMITS[name].least, min(value, LIMITS[name].most))
