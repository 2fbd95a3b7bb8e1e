"""`bench queue`: what the line costs, and how long one waits in it beside ten thousand."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import redis

from infra.local.benches import served
from infra.local.benches.figures import Part, Value, quantile, ratio, repeated
from infra.local.failure import Failure
from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.claims import Claims
from shared.models import SubmitRequest, encode
from shared.once import REMEMBERED_S
from shared.priority import Priority
from shared.taking.admit import admit

_WAITING = 20_000
_TENANTS = 100
_CALLS = 500
_BULK = 10_000
_DRAINED = 400
_INTERACTIVE = 60
#: With --samples, for a try.
_SMALL = 200
_TTL_S = 600
_POLL_S = 0.1
_PATIENCE_S = 600.0
_INSIDE = ("keepers", "runs")
_SPEC = encode(admit(SubmitRequest(code="print('hello')", language="python"), []))


def measure(samples: int | None) -> Part:
    """Lua alone with few and with many waiting, then a batch on the whole service."""
    part = Part(
        "Queue: the line alone, and a batch of Python hellos on the whole service",
        [
            f"submit, claim: one Lua call, by the server's own clock, with {_TENANTS} and with "
            f"{_WAITING} waiting of {_TENANTS} tenants; ratio: many to few.",
            "enqueue: POST /batch until its answer. drain: until all have a verdict; outside: CPU "
            "of all but the cells (keepers and runs), enqueuing included, for each submission.",
            "interactive: from stored to claimed, one at a time, on an idle service and beside "
            f"{_BULK} bulk ones; ratio: beside to idle.",
        ],
    )
    part.rows += _in_lua(_SMALL if samples else _WAITING, samples or _CALLS)
    with served.service() as service:
        _batch(service, _SMALL // 10)  # warm
        part.rows.append(_drained(service, samples or _DRAINED))
        # A connection of its own: the one of before has been closed while nothing was asked.
        with closing(service.client()) as client:
            part.rows += _beside(client, samples)
    return part


def _row(what: str, values: list[float], **more: Value) -> dict[str, Value]:
    return {
        "what": what,
        "samples": len(values),
        "p50Ms": quantile(values, 0.5) if values else None,
        "p95Ms": quantile(values, 0.95) if values else None,
        "ratio": more.get("ratio"),
        "perSecond": more.get("per_second"),
        "outsideMs": more.get("outside_ms"),
    }


# The line alone


@contextlib.contextmanager
def _store() -> Iterator[redis.Redis]:
    with (
        tempfile.TemporaryDirectory(prefix="assay-bench-") as folder,
        Valkey(Path(folder)) as valkey,
    ):
        with redis.Redis.from_url(valkey.url) as client:
            yield client


def _in_lua(waiting: int, calls: int) -> list[dict[str, Value]]:
    with _store() as client:
        claims = Claims(client, "bench", _TTL_S)
        _fill(client, _TENANTS)
        few = _timed(client, claims, calls)
        _fill(client, waiting - _TENANTS)
        many = _timed(client, claims, calls)
    rows = []
    for name, one, other in zip(("submit", "claim"), few, many, strict=True):
        rows.append(_row(f"{name}, few waiting", one))
        middle, before = quantile(other, 0.5), quantile(one, 0.5)
        rows.append(_row(f"{name}, many waiting", other, ratio=ratio(middle, before)))
    return rows


def _fill(client: redis.Redis, count: int) -> None:
    for number in range(count):
        _submit(client, f"t{number % _TENANTS}")


def _submit(client: redis.Redis, tenant: str) -> None:
    most = 1_000_000_000
    answer = scripts.call(
        *(client, "submit", uuid.uuid4().hex, tenant, "", "python", _SPEC),
        *(secrets.token_hex(4), "", _TTL_S, most, most, most, most),
        *(Priority.DEFAULT, "*", "", "", "", "", REMEMBERED_S),
    )
    if answer != b"queued":
        raise Failure(f"A submission of the bench was refused: {answer!r}.")


def _timed(client: redis.Redis, claims: Claims, calls: int) -> tuple[list[float], list[float]]:
    """ms of each call; as many are claimed as come in, so that the line stays as long."""
    submits, claimed = [], []
    for number in range(calls):
        before = _lua_ms(client)
        _submit(client, f"t{number % _TENANTS}")
        between = _lua_ms(client)
        claims.claim()
        submits.append(between - before)
        claimed.append(_lua_ms(client) - between)
    return submits, claimed


def _lua_ms(client: redis.Redis) -> float:
    stats: Any = client.info("commandstats")
    return float(stats.get("cmdstat_evalsha", {}).get("usec", 0)) / 1000


# The whole service


def _batch(service: served.Service, count: int) -> None:
    """A batch, from its enqueuing to its end."""
    with closing(service.client()) as client:
        _await_end(service, _enqueue(client, count))


def _enqueue(client: served.Client, count: int) -> str:
    line = json.dumps(served.HELLO).encode() + b"\n"
    return str(client.post("/batch", line * count, "application/x-ndjson")["id"])


def _await_end(service: served.Service, batch_id: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    with redis.Redis.from_url(service.redis_url) as store:
        while store.hget(keys.batch(batch_id), "state") != b"finished":
            if time.monotonic() > deadline:
                raise Failure("A batch did not come to its end.")
            time.sleep(_POLL_S)


def _drained(service: served.Service, count: int) -> dict[str, Value]:
    before, began = service.cpu_ms(), time.perf_counter()
    _batch(service, count)
    elapsed_s = time.perf_counter() - began
    used = {name: ms - before[name] for name, ms in service.cpu_ms().items()}
    outside_ms = sum(ms for name, ms in used.items() if name not in _INSIDE) / count
    return _row(
        f"drain of {count}",
        [],
        per_second=round(count / elapsed_s, 1),
        outside_ms=round(outside_ms, 3),
    )


def _beside(client: served.Client, samples: int | None) -> list[dict[str, Value]]:
    bulk, asked = (_SMALL, samples) if samples else (_BULK, _INTERACTIVE)
    idle = [_waited_ms(client) for _ in repeated(asked)]
    began = time.perf_counter()
    batch_id = _enqueue(client, bulk)
    per_second = bulk / (time.perf_counter() - began)
    busy = [_waited_ms(client) for _ in repeated(asked)]
    client.delete(f"/batch/{batch_id}")
    return [
        _row(f"enqueue of {bulk}", [], per_second=round(per_second, 1)),
        _row("interactive, idle", idle),
        _row(
            f"interactive, beside {bulk} bulk",
            busy,
            ratio=ratio(quantile(busy, 0.5), quantile(idle, 0.5)),
        ),
    ]


def _waited_ms(client: served.Client) -> float:
    client.send({**served.HELLO, "priority": Priority.INTERACTIVE}, "?wait=60")
    result = client.answer()
    return float(result["startedMs"] - result["createdMs"])
