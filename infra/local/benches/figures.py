"""What a part of the bench gives, and how it is shown."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: For the samples of one row: a busy machine gets fewer of them, and an end.
PATIENCE_S = 7.0

Value = str | int | float | None


@dataclass
class Part:
    """The rows of one part. Every row has the same columns; None is what cannot be had here."""

    title: str
    #: How the figures were taken, for people who want to compare them.
    notes: list[str]
    rows: list[dict[str, Value]] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """For JSON."""
        return {"title": self.title, "notes": self.notes, "rows": self.rows}

    def table(self) -> str:
        """For a terminal: columns aligned, numbers to the right."""
        head = list(self.rows[0]) if self.rows else []
        cells = [head, *([_shown(row[name]) for name in head] for row in self.rows)]
        widths = [max(len(line[n]) for line in cells) for n in range(len(head))]
        right = [not isinstance(self.rows[0][name], str) for name in head]
        lines = [
            "  ".join(
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in cells
        ]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])


def _shown(value: Value) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def repeated(count: int) -> Iterator[int]:
    """0, 1, ... for so many samples; fewer where they take too long, but always one."""
    deadline = time.monotonic() + PATIENCE_S
    for number in range(count):
        if number and time.monotonic() > deadline:
            return
        yield number


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of all values does not exceed, rounded to µs of ms."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


def ratio(one: float, other: float) -> float | None:
    """How often the other goes into the one."""
    return round(one / other, 3) if other else None


def machine() -> dict[str, Value]:
    """Where the figures were taken."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "user": "root" if os.geteuid() == 0 else "ordinary",
        "loadBefore": round(os.getloadavg()[0], 2),
    }
