"""`bench latency`: from submit to the verdict's event, next to the bare command."""

from __future__ import annotations

import time
from contextlib import closing

from infra.local.benches import served, subjects
from infra.local.benches.figures import Part, Value, quantile, repeated
from infra.local.failure import Failure

_SAMPLES = 60
_WARM_UP = 5
#: Let the service come to rest between two submissions.
_REST_S = 0.03


def measure(samples: int | None) -> Part:
    """One submission at a time, on a service that does nothing else."""
    part = Part(
        "Latency: an idle service, one Python hello at a time",
        [
            "service: POST /submit, then GET /events/{id} as SSE on a second connection that is "
            "open already, up to the end of the stream after `finished`.",
            "bare: `python3 main.py`, the same program, binary, flags and environment, "
            "site-packages hidden as in the cell, stdout to /dev/null; posix_spawn to wait4.",
            "The two take turns.",
        ],
    )
    found = subjects.discovered("python")
    engine = subjects.engine_for(found, forks=False)
    try:
        subject = subjects.hello(engine, found[0])
    finally:
        engine.close()
    if subject is None:
        raise Failure("Python does not run in a cell here.")
    with served.service() as service, closing(service.client()) as client, subject.bare() as bare:
        for _ in range(_WARM_UP):
            _submit_ms(client)
        bare.runs(_WARM_UP)
        service_ms, bare_ms = [], []
        for _ in repeated(samples or _SAMPLES):
            service_ms.append(_submit_ms(client))
            bare_ms += [wall_ms for wall_ms, _ in bare.runs(1)]
            time.sleep(_REST_S)
    part.rows = [_row("service", service_ms), _row("bare", bare_ms)]
    return part


def _submit_ms(client: served.Client) -> float:
    began = time.perf_counter()
    client.send(served.HELLO)
    end = client.follow(client.answer()["id"])
    elapsed_ms = (time.perf_counter() - began) * 1000
    if end.get("verdict") != "accepted":
        raise Failure(f"A hello was not accepted: {end}")
    return elapsed_ms


def _row(what: str, values: list[float]) -> dict[str, Value]:
    return {
        "what": what,
        "samples": len(values),
        "p50Ms": quantile(values, 0.5),
        "p95Ms": quantile(values, 0.95),
    }
