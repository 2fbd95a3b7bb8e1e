"""`bench archive`: what keeping a finished submission costs, at its end and afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from functions.archive.archiver import Archiver
from infra.local.benches.figures import Part, Value, ratio
from infra.local.failure import Failure
from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.archive import Archive
from shared.blobs import FolderBlobs
from shared.claims import Claims
from shared.connect import async_client
from shared.models import SubmitRequest, encode
from shared.once import REMEMBERED_S
from shared.priority import Priority
from shared.retention import Retention
from shared.settings import Settings
from shared.taking.admit import admit
from shared.verdicts import EventType, Verdict

_COUNT = 2_000
_TTL_S = 600
_SPEC = encode(admit(SubmitRequest(code="print('hello')", language="python"), []))
_RESULT: dict[str, Value] = {"stdout": "hello\n", "exitCode": 0, "cpuTimeMs": 3.9}


def measure(samples: int | None) -> Part:
    """The call that ends a submission with and without an archive, and the archiver's work."""
    part = Part(
        "Archive: finished Python hellos, by the Lua scripts and an archiver into a folder",
        [
            "finish: the Lua call, by the server's own clock. archive, read: this process and the "
            "server. wallMs: with the disk's syncs, several files at a time.",
            "ratio: of a finish that is archived later to one that is not; of archive to read.",
        ],
    )
    count = samples or _COUNT
    with _store() as (url, folder, client):
        settings = Settings(redis_url=url, archive="single", state=str(folder))
        before = _finished_us(client, count)
        client.hset(keys.ARCHIVE, "mode", "single")
        after = _finished_us(client, count)
        part.rows.append(_row("finish, not archived", count, before / 1000))
        part.rows.append(
            _row("finish, archived later", count, after / 1000, ratio=ratio(after, before))
        )
        rows = asyncio.run(_archived(settings, client, folder, count))
        part.rows += rows
    return part


def _row(
    what: str,
    samples: int,
    cpu_ms: float,
    wall_ms: float | None = None,
    ratio: float | None = None,
) -> dict[str, Value]:
    wall = None if wall_ms is None else round(wall_ms, 4)
    return {
        "what": what,
        "samples": samples,
        "cpuMs": round(cpu_ms, 4),
        "wallMs": wall,
        "ratio": ratio,
    }


@contextlib.contextmanager
def _store() -> Iterator[tuple[str, Path, redis.Redis]]:
    with (
        tempfile.TemporaryDirectory(prefix="assay-bench-") as folder,
        Valkey(Path(folder)) as valkey,
        redis.Redis.from_url(valkey.url) as client,
    ):
        yield valkey.url, Path(folder), client


def _finished_us(client: redis.Redis, count: int) -> float:
    """Microseconds of one call, as the server counts them."""
    claims, spent = Claims(client, "bench", _TTL_S), 0.0
    told = encode({**_RESULT, "status": "finished", "verdict": Verdict.COMPLETED})
    for _ in range(count):
        _submit(client)
        claim = claims.claim()
        if claim is None:
            raise Failure("A submission of the bench was not handed out.")
        before = _lua_us(client)
        claims.finish(claim, Verdict.COMPLETED, encode(_RESULT), [(EventType.FINISHED, told)])
        spent += _lua_us(client) - before
    return spent / count


def _submit(client: redis.Redis) -> None:
    most = 1_000_000_000
    scripts.call(
        *(client, "submit", uuid.uuid4().hex, "local", "", "python", _SPEC),
        *(secrets.token_hex(4), "", _TTL_S, most, most, most, most),
        *(Priority.DEFAULT, "*", "", "", "", "", REMEMBERED_S),
    )


def _lua_us(client: redis.Redis) -> float:
    stats: Any = client.info("commandstats")
    return float(stats.get("cmdstat_evalsha", {}).get("usec", 0))


async def _archived(
    settings: Settings, client: redis.Redis, folder: Path, count: int
) -> list[dict[str, Value]]:
    async with async_client(settings.redis_url) as connection:
        archive = Archive(connection, FolderBlobs(folder / "blobs"))
        archiver = Archiver(archive, settings, Retention(connection, settings))
        cpu, wall = _cpu_ms(client), time.perf_counter()
        done = 0
        while found := await archiver.some():
            done += found
        if done != count:
            raise Failure(f"Of {count} submissions {done} were archived.")
        took = [(_cpu_ms(client) - cpu) / count, (time.perf_counter() - wall) * 1000 / count]
        ids = [it.name.rpartition("/")[2] for it in archive.shelf.names("archive/")]
        cpu, wall = _cpu_ms(client), time.perf_counter()
        for submission_id in ids:
            if await archive.find(submission_id, "local") is None:
                raise Failure("What was archived was not found.")
        read = [(_cpu_ms(client) - cpu) / count, (time.perf_counter() - wall) * 1000 / count]
    return [
        _row("archive one, in a folder", count, took[0], took[1], ratio(took[0], read[0])),
        _row("read one from it", count, read[0], read[1]),
    ]


def _cpu_ms(client: redis.Redis) -> float:
    """Of this process and of the server."""
    used: Any = client.info("cpu")
    server_s = used["used_cpu_user"] + used["used_cpu_sys"]
    return (time.process_time() + float(server_s)) * 1000
