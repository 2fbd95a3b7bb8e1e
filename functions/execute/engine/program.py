"""What the engine is asked and what it answers. Plain data, stdlib only.

Memory is bytes, time is milliseconds; `None` in a figure means: not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may use. Every field is enforced; none means "no limit"."""

    cpu_time_ms: int = 5_000
    wall_time_ms: int = 11_000
    memory_bytes: int = 256 * MIB
    output_bytes: int = 1 * MIB  # of stdout, and again of stderr
    processes: int = 64
    file_bytes: int = 64 * MIB  # of one file
    disk_bytes: int = 128 * MIB  # of /work, /tmp and /dev/shm together
    disk_inodes: int = 8_192
    open_files: int = 256
    stack_bytes: int = 256 * MIB


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command and the files it finds in its work folder; a name may end as a folder: `a/`."""

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    #: Names in the work folder to bring back; missing ones are left out of the answer.
    collect: tuple[str, ...] = ()
    #: Patterns of further names: `*.class`, or `**/*.class` for those in folders as well.
    collect_matching: tuple[str, ...] = ()
    #: What they may have together; one that does not fit any more is left out, too.
    collect_bytes: int = 128 * MIB


class Outcome(StrEnum):
    """Why a run ended. Whether its answer was right is not the engine's business."""

    EXITED = "exited"
    SIGNALED = "signaled"
    CPU_TIME_LIMIT = "cpuTimeMs"
    WALL_TIME_LIMIT = "wallTimeMs"
    MEMORY_LIMIT = "memoryBytes"
    OUTPUT_LIMIT = "outputBytes"
    CANCELLED = "cancelled"

    @property
    def is_limit(self) -> bool:
        """Whether a limit fired; the value is then the limit's name."""
        return self not in (Outcome.EXITED, Outcome.SIGNALED, Outcome.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run as it was measured."""

    outcome: Outcome
    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    stdout_truncated: bool
    stderr_truncated: bool
    cpu_time_ms: float
    wall_time_ms: float
    #: Time the program was ready to run but had no core.
    wait_time_ms: float
    #: Peak of anonymous and shared memory.
    peak_memory_bytes: int
    files: Mapping[str, bytes] = field(default_factory=dict)
    start_mode: str = "exec"
    #: When its main process ended, on the clock that all processes share (monotonic).
    ended_ns: int = 0


@dataclass(frozen=True)
class Pipes:
    """Ends of two pipes to another program, which are a run's stdin and stdout.

    Whoever runs the program owns them from then on: it closes them here.
    """

    stdin_fd: int
    stdout_fd: int


class EngineError(Exception):
    """The engine could not do its work; says nothing about the program."""


#: Told of output while the program runs: ("stdout" or "stderr", bytes).
OnOutput = Callable[[str, bytes], None]

#: Told that a program has stopped writing for a moment.
OnPause = Callable[[], None]
