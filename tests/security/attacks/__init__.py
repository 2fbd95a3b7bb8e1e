"""The attack table, one file per theme."""

from __future__ import annotations

from tests.security.attacks import (
    collected,
    compilers,
    exits,
    files,
    kernel,
    memory,
    neighbours,
    networks,
    outputs,
    privileges,
    processes,
    pythons,
    shared_memory,
    times,
)
from tests.security.table import Attack

THEMES = (
    *(times, memory, shared_memory, processes, exits, files, collected, outputs),
    *(networks, kernel, privileges, pythons, compilers, neighbours),
)
TABLE: dict[str, Attack] = {attack.promise: attack for theme in THEMES for attack in theme.ATTACKS}
