"""The one table of default and largest limits.

| field          | default        | least  | most      | what happens past it                     |
|----------------|----------------|--------|-----------|------------------------------------------|
| cpuTimeMs      | 5 000          | 10     | 60 000    | `time-limit-exceeded`                    |
| wallTimeMs     | 2 × cpu + 1 s  | 10     | 180 000   | `time-limit-exceeded`                    |
| memoryBytes    | 256 MiB        | 4 MiB  | 4 GiB     | `memory-limit-exceeded`                  |
| outputBytes    | 1 MiB          | 0      | 16 MiB    | `output-limit-exceeded`, each of two      |
| processes      | 64             | 1      | 512       | fork fails inside the program            |

A language file may set other defaults; the least and the most hold for everyone.
A limit outside its range is refused by name, never silently clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Range:
    """One row of the table."""

    default: int
    least: int
    most: int


LIMITS: dict[str, Range] = {
    "cpuTimeMs": Range(5_000, 10, 60_000),
    "wallTimeMs": Range(11_000, 10, 180_000),
    "memoryBytes": Range(256 * MIB, 4 * MIB, 4096 * MIB),
    "outputBytes": Range(1 * MIB, 0, 16 * MIB),
    "processes": Range(64, 1, 512),
}

#: What one request may carry.
MAX_BODY_BYTES = 24 * MIB
MAX_CODE_BYTES = 1 * MIB
MAX_STDIN_BYTES = 8 * MIB
MAX_EXPECTED_BYTES = 8 * MIB
MAX_FILES = 64
MAX_FILES_BYTES = 8 * MIB
#: Files brought back: their number, and their bytes together.
MAX_COLLECT = 16
MAX_COLLECT_BYTES = 8 * MIB
MAX_ARGS = 64
MAX_ARG_BYTES = 4 * KIB
MAX_PROBLEM_ID = 128
#: A batch: how many, and the body where it comes line by line.
MAX_BATCH = 10_000
MAX_BATCH_BYTES = 256 * MIB
MAX_CLIENT_ID = 128
#: Tests of one submission, and all they carry together.
MAX_TESTS = 1_000
MAX_TESTS_BYTES = 16 * MIB
MAX_TEST_NAME = 128
MAX_POINTS = 1_000_000
#: Runs for one test, where a checker asks for more than one.
MAX_PASSES = 100
#: One submission holds a slot for so long at most; tests that are left then are not run.
MAX_JUDGING_S = 900
#: An interactive run waits for a person, so it has more time unless it is told otherwise.
INTERACTIVE_WALL_MS = 120_000
#: What may be sent to it, from its beginning to its end.
MAX_INPUT_BYTES = 1 * MIB
MAX_INPUT_PARTS = 10_000
MAX_QUEUE_TIMEOUT_MS = 30 * 86_400_000
MAX_RUN_AT_DAYS = 30
MAX_WAIT_S = 60
