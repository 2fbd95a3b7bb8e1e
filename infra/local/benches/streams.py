"""`bench streams`: a thousand clients on one hub, next to a Redis read for each of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from infra.local.benches import cpu
from infra.local.benches.crowd import allow_many_files, crowd
from infra.local.benches.figures import Part, Value, quantile, ratio
from infra.local.failure import Failure
from infra.local.state import ROOT
from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.announce import READY_FD
from shared.connect import blocking_client
from shared.settings import Settings

_CLIENTS = 1_000
_IDLE = 5_000
_OF_EACH = 2
_EVENTS = 4_000
#: Events per second that are published; each is delivered `_OF_EACH` times.
_RATE = 1_000
_TEXT = "x" * 100


def measure(samples: int | None) -> Part:
    """The same streams and events on both servers, one after the other."""
    clients = _CLIENTS if samples is None else max(_OF_EACH, samples)
    idle = min(_IDLE if samples is None else samples, allow_many_files() - 200)
    events = _EVENTS if samples is None else samples * 5
    part = Part(
        f"Streams: {clients} SSE clients on {clients // _OF_EACH} submissions in one process",
        [
            f"{events} events of about 150 bytes at {_RATE} per second, by the real Lua call, each "
            f"delivered to {_OF_EACH} clients. Late: from before that call to the client's line.",
            "hub: the host as it is. one read each: XREAD BLOCK on a connection per client, same "
            "uvicorn; both on one Valkey, in the same run. The clients want a core, too.",
            "clientBytes: resident memory of the server per idle client. cpuMs: per delivery.",
            f"idle: {idle} clients of the hub that are told nothing; redis: its connections.",
        ],
    )
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        with Valkey(Path(folder)) as server, blocking_client(server.url) as client:
            for what, serving in (("hub", _hub), ("one read each", _one_read_each)):
                with serving(server.url) as subject:
                    part.rows.append(_row(what, subject, client, clients, events))
                client.flushall()
            with _hub(server.url) as subject:
                part.rows.append(_idle(subject, client, idle))
    first, second = part.rows[:2]
    part.notes.append(
        f"one read each / hub: p95 {_times(second, first, 'p95Ms')}, "
        f"memory {_times(second, first, 'clientBytes')}, CPU {_times(second, first, 'cpuMs')}"
    )
    return part


def _times(one: dict[str, Value], other: dict[str, Value], name: str) -> str:
    a, b = one[name], other[name]
    assert isinstance(a, int | float)
    assert isinstance(b, int | float)
    return f"{ratio(a, b) or 0:.1f} ×"


@dataclass(frozen=True)
class _Subject:
    pid: int
    port: int

    @property
    def memory_bytes(self) -> int:
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def _hub(url: str) -> Iterator[_Subject]:
    most = str(_IDLE + 1_000)
    env = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    env |= {"REDIS_URL": url, "ASSAY_PORT": "0", "ASSAY_HEARTBEAT_S": "300"}
    env |= {"ASSAY_MAX_STREAMS": most, "ASSAY_TENANT_MAX_STREAMS": most}
    reader, writer = os.pipe()
    argv = [sys.executable, "-m", "infra.local.host"]
    process = subprocess.Popen(
        argv, cwd=ROOT, env={**env, READY_FD: str(writer)}, pass_fds=(writer,)
    )
    os.close(writer)
    with _ended(process), os.fdopen(reader) as pipe:
        word, _, facts = pipe.readline().partition(" ")
        if word != "ready":
            raise Failure("A host of our own did not start.")
        yield _Subject(process.pid, int(json.loads(facts)["url"].rpartition(":")[2]))


@contextlib.contextmanager
def _one_read_each(url: str) -> Iterator[_Subject]:
    argv = [sys.executable, "-m", "infra.local.benches.one_read_each", url]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with _ended(process), process.stdout as pipe:
        yield _Subject(process.pid, int(pipe.readline()))


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class _Submissions:
    """Some that run for ever, as far as Redis knows."""

    def __init__(self, client: redis.Redis, count: int) -> None:
        self._client = client
        self.ids = [uuid.uuid4().hex for _ in range(count)]
        self._fences: list[str] = []
        self._steps = [0] * count
        settings = Settings()
        bounds = (1 << 20, 1 << 40, 1 << 20, 1 << 40)
        for name in self.ids:
            scripts.call(
                *(client, "submit", name, "local", "", "python", b"{}", "e1", ""),
                *(settings.result_ttl_s, *bounds, "default", "*", "", "", "", "", 0),
            )
        claimed = {}
        for _ in self.ids:
            call = keys.call(uuid.uuid4().hex)
            row = scripts.call(client, "claim", "bench", 600_000, call, 1_000, 600, "done")
            claimed[row[0].decode()] = row[1].decode()
        self._fences = [claimed[name] for name in self.ids]

    def tell(self, index: int) -> None:
        """One event of one of them, with the time in it."""
        self._steps[index] += 1
        data = json.dumps({"at": time.monotonic(), "text": _TEXT}, separators=(",", ":"))
        scripts.call(
            *(self._client, "progress", self.ids[index], self._fences[index]),
            *(self._steps[index], "running", "output", data),
        )


def _row(
    what: str, subject: _Subject, client: redis.Redis, clients: int, events: int
) -> dict[str, Value]:
    told = _Submissions(client, clients // _OF_EACH)
    streams = [name for name in told.ids for _ in range(_OF_EACH)]
    before = subject.memory_bytes

    async def run() -> dict[str, Value]:
        async with crowd(subject.port, streams) as listening:
            idle_bytes = (subject.memory_bytes - before) // len(streams)
            connections = int(client.info("clients")["connected_clients"]) - 1
            cpu_ms, began = cpu.own_ms(subject.pid), time.monotonic()
            await asyncio.to_thread(_publish, told, events)
            while len(listening.late_ms) < events * _OF_EACH and time.monotonic() - began < 120:
                await asyncio.sleep(0.02)
            elapsed_s = time.monotonic() - began
            used_ms = cpu.own_ms(subject.pid) - cpu_ms
            return _figures(
                what, listening.late_ms, elapsed_s, used_ms, idle_bytes, connections, clients
            )

    row = asyncio.run(run())
    if row["deliveries"] != events * _OF_EACH:
        row["what"] = f"{what} (of {events * _OF_EACH})"
    return row


def _publish(told: _Submissions, events: int) -> None:
    pause, began = threading.Event(), time.monotonic()
    for number in range(events):
        told.tell(number % len(told.ids))
        ahead_s = number / _RATE - (time.monotonic() - began)
        if ahead_s > 0:
            pause.wait(ahead_s)


def _figures(
    what: str,
    late_ms: Sequence[float],
    elapsed_s: float,
    used_ms: float,
    idle_bytes: int,
    connections: int,
    clients: int,
) -> dict[str, Value]:
    count = len(late_ms)
    return {
        "what": what,
        "clients": clients,
        "deliveries": count,
        "perSecond": round(count / elapsed_s, 1),
        "p50Ms": quantile(late_ms, 0.5) if late_ms else None,
        "p95Ms": quantile(late_ms, 0.95) if late_ms else None,
        "p99Ms": quantile(late_ms, 0.99) if late_ms else None,
        "cpuMs": round(used_ms / count, 4) if count else None,
        "clientBytes": idle_bytes,
        "redis": connections,
    }


def _idle(subject: _Subject, client: redis.Redis, count: int) -> dict[str, Value]:
    told = _Submissions(client, max(1, count // _OF_EACH))
    streams = [told.ids[number % len(told.ids)] for number in range(count)]
    before = subject.memory_bytes

    async def run() -> dict[str, Value]:
        async with crowd(subject.port, streams):
            await asyncio.sleep(1.0)
            idle_bytes = (subject.memory_bytes - before) // count
            connections = int(client.info("clients")["connected_clients"]) - 1
            empty = _figures("idle", [], 1.0, 0.0, idle_bytes, connections, count)
            return {**empty, "deliveries": 0, "perSecond": 0.0}

    return asyncio.run(run())
