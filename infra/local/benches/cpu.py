"""CPU time of processes that are not our children, and of everything below them.

A process's own time is read from its CPU clock, in nanoseconds: clock_getcpuclockid(3)
says how the clock of another process is named. What its dead children used is in
/proc/<pid>/stat, in ticks of 10 ms; so a figure over a hundred runs is good to a percent
or two, one over a single run to nothing.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of a whole process


def own_ms(pid: int) -> float:
    """What a process has used itself, all its threads together; 0 when it is gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _PROCESS_CLOCK) / 1e6
    except OSError:
        return 0.0


def reaped_ms(pid: int) -> float:
    """What those of its descendants used that are dead and reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) * _TICK_MS


def children(pid: int) -> list[int]:
    """The living children of all its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue  # the thread has just ended
    return found


def below_ms(pid: int) -> float:
    """What everything below a process has used, alive or dead; not the process itself."""
    return reaped_ms(pid) + sum(own_ms(child) + below_ms(child) for child in children(pid))


def below(pid: int) -> list[int]:
    """All living processes below one."""
    return [it for child in children(pid) for it in (child, *below(child))]


def command(pid: int) -> str:
    """Its command line, with spaces."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
