"""`bench throughput`: submissions per second, and what each costs in CPU time."""

from __future__ import annotations

import threading
import time
from contextlib import closing

from infra.local.benches import served
from infra.local.benches.figures import Part, Value, repeated
from infra.local.failure import Failure

_CLIENTS = (1, 2, 4)
_SAMPLES = 150
_WARM_UP = 10


def measure(samples: int | None) -> Part:
    """So many submissions per client, each client one at a time."""
    part = Part(
        "Throughput: Python hellos, each client waits for a verdict before its next submit",
        [
            "Clients call POST /submit?wait=30 on a connection that stays open. They are threads "
            "of this process, which wants a core, too; its time is not counted.",
            "cpuMs: of the whole tree for one submission; it is the sum of the columns after it. "
            "runs: nursery, init and program. runner: the supervisor.",
        ],
    )
    with served.service() as service:
        _run_clients(service, 1, _WARM_UP if samples is None else samples)
        for clients in _CLIENTS:
            part.rows.append(_row(service, clients, samples or _SAMPLES))
    return part


def _row(service: served.Service, clients: int, each: int) -> dict[str, Value]:
    before = service.cpu_ms()
    began = time.perf_counter()
    done = _run_clients(service, clients, each)
    elapsed_s = time.perf_counter() - began
    used = {name: (ms - before[name]) / done for name, ms in service.cpu_ms().items()}
    return {
        "clients": clients,
        "submissions": done,
        "perSecond": round(done / elapsed_s, 1),
        "cpuMs": round(sum(used.values()), 3),
        **{f"{name}Ms": round(ms, 3) for name, ms in used.items()},
    }


def _run_clients(service: served.Service, clients: int, each: int) -> int:
    """How many were accepted; on a busy machine fewer than asked for, to come to an end."""
    verdicts: list[str] = []

    def loop() -> None:
        with closing(service.client()) as client:
            for _ in repeated(each):
                client.send(served.HELLO, "?wait=30")
                verdicts.append(str(client.answer().get("verdict")))

    threads = [threading.Thread(target=loop) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if set(verdicts) != {"accepted"}:
        raise Failure(f"Not every hello was accepted: {set(verdicts)}.")
    return len(verdicts)
