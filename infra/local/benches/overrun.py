"""`bench overrun`: how long after its limit a run was stopped."""

from __future__ import annotations

from dataclasses import replace

from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError, Limits, Outcome, Program
from infra.local.benches import subjects
from infra.local.benches.figures import Part, Value, quantile, repeated

_SAMPLES = 25
_LIMIT_MS = 200
_FAR_MS = 60_000
_CPU = replace(subjects.LIMITS, cpu_time_ms=_LIMIT_MS, wall_time_ms=_FAR_MS)
_WALL = replace(subjects.LIMITS, cpu_time_ms=_FAR_MS, wall_time_ms=_LIMIT_MS)


def measure(samples: int | None) -> Part:
    """A program that computes and one that sleeps, both without end."""
    part = Part(
        f"Overrun: how long after a limit of {_LIMIT_MS} ms a run was stopped",
        ["p50Ms, p95Ms: measured use less the limit, when the last process was dead."],
    )
    engine = subjects.engine_for([])
    try:
        spin = Program(argv=("/bin/sh", "-c", "while :; do :; done"))
        sleep = Program(argv=("/bin/sleep", "60"))
        part.rows = [
            _row(engine, "cpuTimeMs", spin, _CPU, samples or _SAMPLES),
            _row(engine, "wallTimeMs", sleep, _WALL, samples or _SAMPLES),
        ]
    finally:
        engine.close()
    return part


def _row(
    engine: Engine, limit: str, program: Program, limits: Limits, samples: int
) -> dict[str, Value]:
    over = []
    for _ in repeated(samples):
        run = engine.run(program, limits)
        if run.outcome is not Outcome(limit):
            raise EngineError(f"the {limit} limit was not reached: {run!r}")
        used_ms = run.cpu_time_ms if limit == "cpuTimeMs" else run.wall_time_ms - run.wait_time_ms
        over.append(max(0.0, used_ms - _LIMIT_MS))
    return {
        "limit": limit,
        "samples": len(over),
        "p50Ms": quantile(over, 0.5),
        "p95Ms": quantile(over, 0.95),
    }
