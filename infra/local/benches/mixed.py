"""`bench mixed`: every kind of client at the same time for a quarter of an hour.

Theory of operation. One thread for each kind does its rounds until the time is up. Each
minute a row tells what was done and how much memory each part holds; a leak shows as a
column that grows. In the end every submission that was accepted is asked for once more:
one that has not ended, or that is not known any more, is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.api import Api
from infra.local.benches import served
from infra.local.benches.crowds import Kind, kinds
from infra.local.benches.figures import Part, Value
from infra.local.failure import Failure

_MINUTES = 15
_ENDED = ("finished", "cancelled")
_MOST_TOLD = 5


@dataclass
class Tally:
    """What all clients together have done, and what went wrong."""

    rounds: int = 0
    ids: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def measure(samples: int | None) -> Part:
    """For so many minutes; with `samples`, for so many seconds, each a row."""
    step_s, steps = (60.0, _MINUTES) if samples is None else (1.0, samples)
    tally = Tally()
    languages = "" if samples is None else "python,bash"
    with served.service(languages) as service:
        offered = [it["name"] for it in _api(service).json("GET", "/languages")["languages"]]
        crowd = kinds(offered)
        part = Part(
            "Mixed load: memory and mistakes, minute by minute",
            [
                f"One client of each kind: {', '.join(crowd)}. Languages: {', '.join(offered)}.",
                "hostMiB and so on: RssAnon + RssShmem of the part's processes; runs: all that is "
                "below the keepers (nurseries, what is staged, what runs). perSecond: verdicts.",
                "wrong: verdicts or answers that are not right. lost: accepted and without an "
                "end, asked for after the last row, where it stands.",
            ],
        )
        _load(service, crowd, tally, part, step_s, steps)
        lost = _lost(service, tally.ids)
        part.rows[-1] |= {"lost": len(lost), "wrong": len(tally.wrong)}
        part.notes += [f"wrong: {text}" for text in tally.wrong[:_MOST_TOLD]]
        part.notes += [f"lost: {submission_id}" for submission_id in lost[:_MOST_TOLD]]
    if not tally.ids:
        raise Failure("Nothing was judged.")
    return part


def _api(service: served.Service) -> Api:
    return Api(service.url, is_own=True)


def _load(
    service: served.Service,
    crowd: dict[str, Kind],
    tally: Tally,
    part: Part,
    step_s: float,
    steps: int,
) -> None:
    over = threading.Event()
    threads = [
        threading.Thread(target=_rounds, args=(name, kind, service.url, tally, over.is_set))
        for name, kind in crowd.items()
    ]
    for thread in threads:
        thread.start()
    try:
        done = 0
        for step in range(1, steps + 1):
            time.sleep(step_s)
            part.rows.append(_row(service, step, tally, len(tally.ids) - done, step_s))
            done = len(tally.ids)
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _rounds(name: str, kind: Kind, url: str, tally: Tally, is_over: Callable[[], bool]) -> None:
    """Each kind at least once."""
    while True:
        try:
            ids = kind(url)
            with tally.lock:
                tally.rounds += 1
                tally.ids += ids
        except Exception as error:  # whatever it is, it is no right answer
            with tally.lock:
                tally.wrong.append(f"{name}: {type(error).__name__}: {error}")
        if is_over():
            return


def _row(
    service: served.Service, step: int, tally: Tally, done: int, step_s: float
) -> dict[str, Value]:
    return {
        "minute": step,
        "judged": len(tally.ids),
        "perSecond": round(done / step_s, 1),
        **{f"{name}MiB": mib for name, mib in _memory_mib(service).items()},
        "wrong": len(tally.wrong),
        "lost": 0,
    }


def _memory_mib(service: served.Service) -> dict[str, float]:
    parts = {
        name: sum(_resident(pid) for pid in pids) / (1 << 20)
        for name, pids in service.processes().items()
    }
    return {name: round(mib, 1) for name, mib in parts.items()}


def _resident(pid: int) -> int:
    """Anonymous and shared memory of a process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    wanted = [line for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
    return sum(int(line.split()[1]) for line in wanted) * 1024


def _lost(service: served.Service, ids: list[str]) -> list[str]:
    api = _api(service)
    return [it for it in ids if api.json("GET", f"/result/{it}")["status"] not in _ENDED]
