"""`local_runner.py bench [PART ...] [--json FILE]`: what it costs and how long it takes.

Every part measures the bare command, or what else it compares with, in the same run on
the same machine: a ratio says more than a figure taken elsewhere. Without a part, all of
them run but `streams`, `verdicts`, `mixed` and `page`; that takes about a minute.

| part       | one row for each       | columns                                          |
|------------|------------------------|--------------------------------------------------|
| latency    | service, bare command  | what, samples, p50Ms, p95Ms                      |
| pickup     | event after a submit   | until, samples, p50Ms, p95Ms                     |
| throughput | number of clients      | clients, submissions, perSecond, cpuMs, hostMs,  |
|            |                        | workerMs, keepersMs, runsMs, valkeyMs, runnerMs  |
| engine     | program and start mode | program, startMode, samples, cpuMs, bareCpuMs,   |
|            |                        | cpuRatio, wallP50Ms, bareWallP50Ms, wallRatio    |
| queue      | step                   | what, samples, p50Ms, p95Ms, ratio, perSecond,   |
|            |                        | outsideMs                                        |
| archive    | step                   | what, samples, cpuMs, wallMs, ratio              |
| streams    | server                 | what, clients, deliveries, perSecond, p50Ms,     |
|            |                        | p95Ms, p99Ms, cpuMs, clientBytes, redis          |
| scaling    | slots, bare loops      | what, onePerSecond, twoPerSecond, gain, gainRatio|
| overrun    | limit                  | limit, samples, p50Ms, p95Ms                     |
| tests      | compared, by a checker | what, samples, cpuMs, bareCpuMs, cpuRatio        |
| verdicts   | limit, share, hogs     | limit, share, hogs, samples, right, confirmed    |
| seeing     | place                  | what, samples, p50Us, p95Us                      |
| mixed      | minute                 | minute, judged, perSecond, hostMiB, workerMiB,   |
|            |                        | keepersMiB, runsMiB, valkeyMiB, runnerMiB,       |
|            |                        | wrong, lost                                      |
| page       | opening, a key         | what, samples, p50Ms, p95Ms, cpuMs, bytes,       |
|            |                        | longTasks                                        |

The JSON is {"machine": {...}, "parts": {PART: {"title", "notes", "rows": [...]}}} with the
same columns. Times are milliseconds, those of `seeing` microseconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from functions.execute.engine.program import EngineError
from infra.local.arguments import LONG_BENCHES, read
from infra.local.benches import (
    archive,
    engine,
    latency,
    line,
    many,
    mixed,
    overrun,
    page,
    pickup,
    scaling,
    seeing,
    streams,
    throughput,
    verdicts,
)
from infra.local.benches.figures import Part, machine
from infra.local.failure import Failure

PARTS: Final[dict[str, Callable[[int | None], Part]]] = {
    "latency": latency.measure,
    "pickup": pickup.measure,
    "throughput": throughput.measure,
    "engine": engine.measure,
    "queue": line.measure,
    "archive": archive.measure,
    "streams": streams.measure,
    "scaling": scaling.measure,
    "overrun": overrun.measure,
    "tests": many.measure,
    "verdicts": verdicts.measure,
    "seeing": seeing.measure,
    "mixed": mixed.measure,
    "page": page.measure,
}


def main(argv: Sequence[str]) -> int:
    """Measure, print, and write JSON if asked to.

    Raises:
        Failure: something does not work here, so that there is nothing to measure.
    """
    args = read(["bench", *argv])
    facts = machine()
    print("  ".join(f"{name} {value}" for name, value in facts.items()), flush=True)
    parts: dict[str, object] = {}
    for name in args.parts or [part for part in PARTS if part not in LONG_BENCHES]:
        began = time.monotonic()
        part = _measured(name, args.samples)
        parts[name] = part.document()
        print(f"\n{part.table()}", flush=True)
        for note in part.notes:
            print(f"  # {note}")
        print(f"  # {time.monotonic() - began:.0f} s", flush=True)
    if args.json:
        document = {"machine": facts, "parts": parts}
        Path(args.json).write_text(json.dumps(document, indent=2) + "\n")
    return 0


def _measured(name: str, samples: int | None) -> Part:
    try:
        return PARTS[name](samples)
    except EngineError as error:
        raise Failure(f"The {name} bench cannot run programs here: {error}.") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
