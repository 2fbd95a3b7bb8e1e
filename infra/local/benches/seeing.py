"""`bench seeing`: what counting, timing and naming costs a submission, by CPU time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from functions.execute.engine.program import Outcome, Run
from functions.execute.steps import Steps
from infra.local.benches.figures import Part, Value, quantile, repeated
from infra.local.valkey import Valkey
from shared import logs, tracing
from shared.claims import Claim
from shared.counts import Counting
from shared.metrics import Metrics
from shared.models import Limits, Spec
from shared.serving.seen import Seen

_SAMPLES = 20
#: Of one sample.
_TIMES = 2000
_RUN = Run(
    outcome=Outcome.EXITED,
    exit_code=0,
    signal=None,
    stdout=b"",
    stderr=b"",
    stdout_truncated=False,
    stderr_truncated=False,
    wait_time_ms=0,
    cpu_time_ms=3.2,
    wall_time_ms=4.4,
    peak_memory_bytes=3_000_000,
)
#: What is counted inside of claim.lua and finish.lua, and what is read for it.
_COMMANDS = """
for _ = 1, ARGV[1] do
  redis.call('HEXISTS', KEYS[2], 'worker')
  redis.call('HMGET', KEYS[3], 'priority', 'createdMs', 'queuedMs')
  redis.call('HINCRBY', KEYS[1], 'wait,default,le:5', 1)
  redis.call('HINCRBY', KEYS[1], 'wait,default,sum', 3)
  redis.call('HINCRBY', KEYS[1], 'verdicts,python,accepted', 1)
end
"""


def measure(samples: int | None) -> Part:
    """Each place by itself, many times, on one thread."""
    count = samples or _SAMPLES
    part = Part(
        "Seeing: what it costs to be counted, timed and named",
        [
            "worker: a submission with one run, in the worker's process.",
            "web: a request, in the process that serves it; no log line is shown.",
            "redis: the commands that claim and finish make for it, in the server.",
            "span: one, while traces are off.",
        ],
    )
    part.rows = [
        _row("worker", [_cpu_us(_worker) for _ in repeated(count)]),
        _row("web", [_cpu_us(_web) for _ in repeated(count)]),
        _row("redis", _redis(count)),
        _row("span", [_cpu_us(_span) for _ in repeated(count)]),
    ]
    return part


def _row(what: str, values: list[float]) -> dict[str, Value]:
    return {
        "what": what,
        "samples": len(values),
        "p50Us": quantile(values, 0.5),
        "p95Us": quantile(values, 0.95),
    }


def _cpu_us(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / _TIMES * 1e6


def _worker() -> None:
    counting = Counting()
    limits = Limits(cpu_time_ms=1, wall_time_ms=1, memory_bytes=1, output_bytes=1, processes=1)
    claim = Claim(
        "0" * 32, "1", 1, "local", "", "python",
        Spec(code="", language="python", limits=limits), 1,
    )  # fmt: skip
    for _ in range(_TIMES):
        steps = Steps(counting, claim)
        with logs.bound(submissionId=claim.submission_id, tenant=claim.tenant), steps.judging():
            steps.ran(_RUN)


async def _app(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI has it
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _nobody(_message: Any = None) -> Any:  # noqa: ANN401
    return None


def _web() -> None:
    seen = Seen(_app, Metrics())

    async def serve() -> None:
        for _ in range(_TIMES):
            headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
            scope = {"type": "http", "method": "POST", "path": "/submit", "headers": headers}
            await seen(scope, _nobody, _nobody)

    asyncio.run(serve())


def _span() -> None:
    for _ in range(_TIMES):
        with tracing.span("judge", submission_id="1") as span:
            span.set(attempt=1)


def _redis(count: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as server:
        with redis.Redis.from_url(server.url) as client:

            def cpu_s() -> float:
                used: dict[str, float] = client.info("cpu")
                return used["used_cpu_user"] + used["used_cpu_sys"]

            values = []
            for _ in repeated(count):
                began = cpu_s()
                client.eval(_COMMANDS, 3, "counts", "draining", "submission", _TIMES)
                values.append((cpu_s() - began) / _TIMES * 1e6)
            return values
