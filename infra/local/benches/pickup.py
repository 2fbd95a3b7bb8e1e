"""`bench pickup`: how long a submission waits on an idle service until a worker has it."""

from __future__ import annotations

import time
from contextlib import closing

import redis

from infra.local.benches import served
from infra.local.benches.figures import Part, Value, quantile, repeated
from infra.local.failure import Failure
from shared import keys
from shared.verdicts import EventType

_SAMPLES = 60
_WARM_UP = 5
#: An idle consumer is one that has gone back to its list.
_REST_S = 0.05
_PATIENCE_S = 30.0


def measure(samples: int | None) -> Part:
    """One submission at a time, watched where the events are published."""
    part = Part(
        "Pickup: an idle service, from submit to a worker's claim",
        [
            "queued: from the first byte of POST /submit to the `queued` event on its channel.",
            "preparing: to the `preparing` event, which the claim publishes.",
            "queuedToPreparing: between the two, which is the queue alone.",
        ],
    )
    with served.service() as service, closing(service.client()) as client:
        with redis.Redis.from_url(service.redis_url) as store:
            bell = store.pubsub()
            bell.psubscribe(keys.events("*"))
            for _ in range(_WARM_UP):
                _once(client, bell)
            seen = [_once(client, bell) for _ in repeated(samples or _SAMPLES)]
            bell.close()
    part.rows = [
        _row("queued", [queued for queued, _ in seen]),
        _row("preparing", [preparing for _, preparing in seen]),
        _row("queuedToPreparing", [preparing - queued for queued, preparing in seen]),
    ]
    return part


def _once(client: served.Client, bell: redis.client.PubSub) -> tuple[float, float]:
    """When, in ms after the submit, it was queued and claimed."""
    time.sleep(_REST_S)
    began = time.perf_counter()
    client.send(served.HELLO)
    queued_ms = _await(bell, EventType.QUEUED, began)
    preparing_ms = _await(bell, EventType.PREPARING, began)
    _await(bell, EventType.FINISHED, began)
    client.answer()
    return queued_ms, preparing_ms


def _await(bell: redis.client.PubSub, kind: EventType, began: float) -> float:
    wanted = f":{kind}:".encode()
    while time.perf_counter() - began < _PATIENCE_S:
        message = bell.get_message(timeout=1.0)
        if message and message["type"] == "pmessage" and wanted in message["data"][:32]:
            return (time.perf_counter() - began) * 1000
    raise Failure(f"No {kind!r} event came.")


def _row(until: str, values: list[float]) -> dict[str, Value]:
    return {
        "until": until,
        "samples": len(values),
        "p50Ms": quantile(values, 0.5),
        "p95Ms": quantile(values, 0.95),
    }
