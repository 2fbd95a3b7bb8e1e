"""The table: every theme's rows."""

from __future__ import annotations

from tests.execute.start_modes.table import Row
from tests.execute.start_modes.themes import (
    ends,
    errors,
    exits,
    imports,
    memory,
    processes,
    signals,
    streams,
    surroundings,
    threads,
    values,
)

ROWS: list[Row] = [
    row
    for theme in (
        streams,
        exits,
        errors,
        ends,
        threads,
        signals,
        imports,
        processes,
        surroundings,
        values,
        memory,
    )
    for row in theme.ROWS
]
