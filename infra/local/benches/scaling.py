"""`bench scaling`: two slots against one, next to two bare loops against one."""

from __future__ import annotations

import threading
import time

from functions.execute.engine.engine import Engine
from infra.local.benches import subjects
from infra.local.benches.bare import Bare
from infra.local.benches.figures import Part, Value, ratio
from infra.local.benches.subjects import LIMITS, Subject

_TURNS = 3
_TURN_S = 1.0
_TINY_TURN_S = 0.2


def measure(samples: int | None) -> Part:
    """Runs per second; `samples` is the number of turns, short ones if it is given."""
    part = Part(
        "Scaling: two slots against one, and two bare loops against one",
        [
            "perSecond: runs of a Python hello; the median of turns that take turns.",
            "gain: two over one. Two slots are two threads of this process, as in a worker.",
            "gainRatio: the slots' gain over the bare loops' gain in the same minute.",
        ],
    )
    turns, turn_s = samples or _TURNS, _TINY_TURN_S if samples else _TURN_S
    found = subjects.discovered("python")
    engine = subjects.engine_for(found, slots=2)
    try:
        subject = subjects.hello(engine, found[0]) or subjects.true()
        with subject.bare() as one, subject.bare() as other:
            rates: dict[tuple[str, int], list[float]] = {}
            for _ in range(turns):
                for width in (1, 2):
                    slots = _slots_rate(engine, subject, width, turn_s)
                    rates.setdefault(("slots", width), []).append(slots)
                    loops = _bare_rate([one, other][:width], turn_s)
                    rates.setdefault(("bare loops", width), []).append(loops)
    finally:
        engine.close()
    medians = {what: sorted(values)[len(values) // 2] for what, values in rates.items()}
    gains = {
        what: ratio(medians[what, 2], medians[what, 1]) or 0.0 for what in ("slots", "bare loops")
    }
    for what, gain in gains.items():
        part.rows.append(_row(what, medians[what, 1], medians[what, 2], gain, gains))
    return part


def _row(
    what: str, one: float, two: float, gain: float, gains: dict[str, float]
) -> dict[str, Value]:
    return {
        "what": what,
        "onePerSecond": round(one, 1),
        "twoPerSecond": round(two, 1),
        "gain": gain,
        "gainRatio": ratio(gain, gains["bare loops"]),
    }


def _slots_rate(engine: Engine, subject: Subject, width: int, seconds: float) -> float:
    counts = [0] * width

    def loop(index: int) -> None:
        while time.perf_counter() < end:
            engine.run(subject.program, LIMITS)
            counts[index] += 1

    began = time.perf_counter()
    end = began + seconds
    threads = [threading.Thread(target=loop, args=(index,)) for index in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def _bare_rate(loops: list[Bare], seconds: float) -> float:
    for loop in loops:
        loop.begin_runs_for(seconds)
    return sum(loop.rate() for loop in loops)
