"""Hundreds of runs of every kind, and the machine is as it was."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.execute import working
from tests.execute.core import Core
from tests.execute.effort import times
from tests.execute.working import Working, worker

MIB = 1024 * 1024

#: Cancelled as soon as it is there, running or not.
CANCELLED = "import os, time\nos.fork()\ntime.sleep(60)"

#: (language, code, limits, verdict): ends that are good, bad, and leave things behind.
MIXED: list[tuple[str, str, dict[str, int], str]] = [
    ("python", "print('hello')", {}, "completed"),
    ("python", "raise SystemExit(3)", {}, "runtime-error"),
    ("python", "import os; os.abort()", {}, "runtime-error"),
    ("python", "while True: pass", {"cpuTimeMs": 30}, "time-limit-exceeded"),
    ("python", "import time; time.sleep(60)", {"wallTimeMs": 60}, "time-limit-exceeded"),
    ("python", "x = bytearray(64 << 20)", {"memoryBytes": 24 * MIB}, "memory-limit-exceeded"),
    ("python", "while True: print('x' * 1000)", {"outputBytes": 10_000}, "output-limit-exceeded"),
    ("python", "print('x' * 900_000)", {}, "completed"),
    ("python", "import os\nfor n in range(200): os.makedirs(f'a/{n}'); open(f'a/{n}/f', 'w')", {},
     "completed"),
    ("python", "import os, time\nfor _ in range(5):\n  if os.fork() == 0: time.sleep(60)", {},
     "completed"),
    ("python", "import os\nos.mkfifo('p')\nos.open('/dev/shm/x', os.O_CREAT | os.O_RDWR)", {},
     "completed"),
    ("python", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), "
     "daemon=True).start()", {}, "completed"),
    ("python", "import gc; print(len(gc.get_objects()) > 0)", {}, "completed"),  # exec'd
    ("python", "import os\nwhile True: os.write(2, b'x' * 9000)", {"outputBytes": 10_000},
     "output-limit-exceeded"),
    ("python", "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
     {"cpuTimeMs": 60, "processes": 12}, "time-limit-exceeded"),
    ("python", CANCELLED, {}, "None"),
    ("javascript", "console.log('hello')", {}, "completed"),
    ("c", "int main(void) { return 3; }", {}, "runtime-error"),
    ("c", "int main(void) { *(volatile int *)0 = 1; }", {}, "runtime-error"),
    ("c", "int main(void) { retrun 3; }", {}, "compile-error"),
    ("cobol", "", {}, "judge-error"),
]  # fmt: skip
if not shutil.which("gcc"):
    MIXED = [row for row in MIXED if row[0] != "c"]


#: A worker's threads make their connections to Redis when they first need one.
CONNECTIONS = 5


@dataclass(frozen=True)
class Footprint:
    """What a worker holds while it does nothing."""

    processes: int
    keepers_descriptors: tuple[int, ...]
    mounts: tuple[int, ...]
    groups: int
    host_mounts: int

    @classmethod
    def of(cls, one: Working) -> Footprint:
        ours = (one.pid, *one.keepers)
        return cls(
            processes=len(one.processes()),
            keepers_descriptors=tuple(map(descriptors, one.keepers)),
            mounts=tuple(
                len(Path(f"/proc/{pid}/mountinfo").read_text().splitlines()) for pid in ours
            ),
            groups=len(one.groups()),
            host_mounts=working.mounts(),
        )


def settled(one: Working, wanted: Footprint) -> Footprint:
    """What it holds, once that is what is wanted, or after a long while."""
    deadline = time.monotonic() + 30
    while (now := Footprint.of(one)) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return now


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_bytes(pid: int) -> int:
    """The anonymous memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} tells nothing of its memory")


@pytest.fixture
def one(redis_url: str) -> Iterator[Working]:
    with worker(redis_url, slots=2, ASSAY_LANGUAGES="python,javascript,c") as started:
        yield started


def judge_mixed(core: Core, count: int) -> None:
    """Let so many be judged, in rounds, and see that each got the verdict it should have."""
    for begin in range(0, count, 50):
        rows = [MIXED[n % len(MIXED)] for n in range(begin, min(begin + 50, count))]
        ids = [core.submit(code, language, limits=limits) for language, code, limits, _ in rows]
        for n, (_, code, _, _) in enumerate(rows):
            if code == CANCELLED:
                if n % 2:  # then it is there; else it may be waiting still
                    core.await_running(ids[n])
                core.cancel(ids[n])
        told = [str(core.final(submission_id).verdict) for submission_id in ids]
        assert told == [verdict for *_, verdict in rows]


def test_hundreds_of_mixed_runs_leave_the_worker_as_it_was(redis_url: str, one: Working) -> None:
    folders = working.cell_folders()
    with Core(redis_url) as core:
        judge_mixed(core, 4 * len(MIXED))  # caches and pools are filled
        before, open_before = Footprint.of(one), descriptors(one.pid)
        memory = {pid: memory_bytes(pid) for pid in (one.pid, *one.keepers)}

        judge_mixed(core, times(400, 2000))

        assert settled(one, before) == before
        assert descriptors(one.pid) <= open_before + CONNECTIONS
        grown = {pid: memory_bytes(pid) - then for pid, then in memory.items()}
        assert max(grown.values()) < 6 * MIB, grown
        assert working.cell_folders() <= folders
