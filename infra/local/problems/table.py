"""The table of `problem verify`: a row for each example, and what is wrong below it."""

from __future__ import annotations

from collections.abc import Iterator

from infra.local.problems.verify import Report, Row
from shared.problems.timing import time_limit_ms

_HEAD = ("submission", "expected", "got", "slowest", "score", "")


def lines(report: Report) -> Iterator[str]:
    """The report on one package, line by line."""
    package = report.package
    yield f"{package.short_name}: {package.name_in('en')}"
    yield f"  {_facts(report)}"
    for note in (*package.warnings, *report.notes):
        yield f"  note: {note}"
    rows = [_HEAD, *map(_cells, report.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield (
            "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
    for each in report.rows:
        for text in (*each.complaints, *each.notes):
            yield f"    {each.example.name}: {text}".replace("\n", "\n      ")
    for text in report.problems:
        yield f"  {text}"
    yield f"  {'as it should be' if report.is_good else 'NOT AS IT SHOULD BE'}"


def _facts(report: Report) -> str:
    package = report.package
    kinds = [
        "scoring" if package.scoring else "pass-fail",
        *(["interactive"] if package.interactive else []),
        *(["multi-pass"] if package.multi_pass else []),
    ]
    if package.time_limit.explicit_ms is not None:
        limit = f"{time_limit_ms(package) / 1000:g} s ({package.time_limit.source})"
    else:
        limit = f"{report.limit_ms / 1000:g} s (derived)" if report.limit_ms else "none"
    return (
        f"{package.format}, {', '.join(kinds)}, {len(package.cases)} tests, "
        f"time limit {limit}, memory {package.limits.memory_bytes >> 20} MiB"
    )


def _cells(row: Row) -> tuple[str, ...]:
    outcome, slowest = row.outcome, row.slowest_ms
    return (
        row.example.name,
        row.expected,
        str(outcome.verdict) if outcome else "-",
        f"{slowest:.0f} ms" if slowest is not None else "-",
        f"{outcome.score:g}" if outcome and outcome.score is not None else "-",
        "wrong" if row.complaints else "",
    )
