"""`bench verdicts`: how many programs near a time limit get the right verdict.

Programs that compute and programs that sleep, for 0.7 and for 1.4 times their limit, on
as many slots as there are cores; alone, and beside programs that want every core. What
is doubtful is run once more, as the worker does.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError, Limits, Outcome, Program
from functions.execute.judging.confirm import better, is_doubtful
from infra.local.benches import subjects
from infra.local.benches.figures import Part, Value, machine

_SAMPLES = 50
_HOGS = 8
_CPU_MS, _WALL_MS = 100, 200
_LIMITS = {
    Outcome.CPU_TIME_LIMIT: replace(subjects.LIMITS, cpu_time_ms=_CPU_MS),
    Outcome.WALL_TIME_LIMIT: replace(subjects.LIMITS, wall_time_ms=_WALL_MS),
}
_CODE = {
    Outcome.CPU_TIME_LIMIT: "import time\nwhile time.process_time() < {seconds}: pass",
    Outcome.WALL_TIME_LIMIT: "import time\ntime.sleep({seconds})",
}
_LIMIT_MS = {Outcome.CPU_TIME_LIMIT: _CPU_MS, Outcome.WALL_TIME_LIMIT: _WALL_MS}


def measure(samples: int | None) -> Part:
    """One row for each limit, share of it and number of hogs."""
    part = Part(
        f"Verdicts: programs near a limit of {_CPU_MS} ms CPU or {_WALL_MS} ms wall time",
        [
            "share: of its limit that a program uses; hogs: programs that want a core meanwhile.",
            "right: verdicts that were; confirmed: how many were run once more before.",
        ],
    )
    python = subjects.discovered("python")
    engine = subjects.engine_for(python, slots=int(str(machine()["cores"])))
    try:
        hello = subjects.hello(engine, python[0])
        if hello is None:
            raise EngineError("Python does not work in a cell")
        for hogs in (0, _HOGS):
            with _hogs(hogs):
                part.rows += [
                    _row(engine, hello.program, limit, share, hogs, samples or _SAMPLES)
                    for limit in _LIMITS
                    for share in (0.7, 1.4)
                ]
    finally:
        engine.close()
    return part


@contextlib.contextmanager
def _hogs(count: int) -> Iterator[None]:
    """Programs that compute without end, each in a session of its own.

    In one session the scheduler's autogroups would count them all as one.
    """
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command, start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _row(
    engine: Engine, hello: Program, limit: Outcome, share: float, hogs: int, samples: int
) -> dict[str, Value]:
    seconds = _LIMIT_MS[limit] * share / 1000
    code = _CODE[limit].format(seconds=seconds).encode()
    program = replace(hello, files={"main.py": code})
    expected = limit if share > 1 else Outcome.EXITED
    with ThreadPoolExecutor(engine.slots) as pool:
        judged = list(pool.map(lambda _: _judged(engine, program, _LIMITS[limit]), range(samples)))
    return {
        "limit": limit,
        "share": share,
        "hogs": hogs,
        "samples": samples,
        "right": sum(outcome is expected for outcome, _ in judged),
        "confirmed": sum(confirmed for _, confirmed in judged),
    }


def _judged(engine: Engine, program: Program, limits: Limits) -> tuple[Outcome, bool]:
    first = engine.run(program, limits)
    if not is_doubtful(first, limits):
        return first.outcome, False
    return better(first, engine.run(program, limits)).outcome, True
