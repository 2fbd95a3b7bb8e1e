"""`bench engine`: one run in a cell next to the bare command."""

from __future__ import annotations

import time
from collections.abc import Iterator

from functions.execute.engine.cell import Cell
from functions.execute.engine.engine import Engine
from functions.execute.engine.program import EngineError
from functions.execute.toolchains import Toolchain
from infra.local.benches import cpu, subjects
from infra.local.benches.bare import Bare
from infra.local.benches.figures import Part, Value, quantile, ratio, repeated
from infra.local.benches.subjects import LIMITS, Subject

_SAMPLES = 100
_ROUND = 10
_WARM_UP = 3


def measure(samples: int | None) -> Part:
    """Each program that can be had here, in each way to start it."""
    part = Part(
        "Engine: one run in a cell, next to the bare command",
        [
            "cpuMs: of the whole tree for one run: this process in the worker's place, keeper, "
            "nursery, init and program; the mean over all runs.",
            "bareCpuMs: of the child alone, by wait4; same binary, flags, environment and files, "
            "site-packages hidden as in the cell; see infra/local/benches/bare.py.",
            "Rounds of ten runs in the cell and of ten bare ones take turns.",
        ],
    )
    found = subjects.discovered("python", "javascript", "cpp17")
    hidden = True
    for forks in (True, False):
        engine = subjects.engine_for(found, forks=forks)
        try:
            for subject in _subjects(engine, found, forks):
                with engine.cell() as cell, subject.bare() as bare:
                    part.rows.append(_row(cell, subject, bare, samples or _SAMPLES))
                    hidden = hidden and bare.hidden
        finally:
            engine.close()
    if not hidden:
        part.notes.append("Nothing could be hidden from the bare commands on this machine.")
    part.rows.sort(key=lambda row: str(row["program"]))
    return part


def _subjects(engine: Engine, found: list[Toolchain], forks: bool) -> Iterator[Subject]:
    """With forks what can be forked, without them everything."""
    if not forks:
        yield subjects.true()
    for toolchain in found:
        if not forks or toolchain.language.start == "fork":
            subject = subjects.hello(engine, toolchain)
            if subject:
                yield subject


def _row(cell: Cell, subject: Subject, bare: Bare, samples: int) -> dict[str, Value]:
    for _ in range(_WARM_UP):
        mode = cell.run(subject.program, LIMITS).start_mode
    bare.runs(_WARM_UP)
    cell_cpu_ms, cell_walls, bare_cpu_ms, bare_walls = 0.0, [], 0.0, []
    for number in repeated(-(-samples // _ROUND)):
        count = min(_ROUND, samples - number * _ROUND)
        before_ms = _tree_ms(cell)
        cell_walls += [_wall_ms(cell, subject) for _ in range(count)]
        cell_cpu_ms += _tree_ms(cell) - before_ms
        for wall_ms, cpu_ms in bare.runs(count):
            bare_walls.append(wall_ms)
            bare_cpu_ms += cpu_ms
    return {
        "program": subject.name,
        "startMode": mode,
        "samples": len(cell_walls),
        "cpuMs": round(cell_cpu_ms / len(cell_walls), 3),
        "bareCpuMs": round(bare_cpu_ms / len(bare_walls), 3),
        "cpuRatio": ratio(cell_cpu_ms, bare_cpu_ms),
        "wallP50Ms": quantile(cell_walls, 0.5),
        "bareWallP50Ms": quantile(bare_walls, 0.5),
        "wallRatio": ratio(quantile(cell_walls, 0.5), quantile(bare_walls, 0.5)),
    }


def _tree_ms(cell: Cell) -> float:
    return time.process_time() * 1000 + cpu.own_ms(cell.pid) + cpu.below_ms(cell.pid)


def _wall_ms(cell: Cell, subject: Subject) -> float:
    began = time.perf_counter()
    run = cell.run(subject.program, LIMITS)
    wall_ms = (time.perf_counter() - began) * 1000
    if run.exit_code != 0:
        raise EngineError(f"{subject.name}: {run!r}")
    return wall_ms
