"""Archivers in processes of their own, killed at any moment: nothing is lost, nothing is twice."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from infra.local.state import ROOT
from shared import keys
from shared.archive import unpack
from shared.blobs import FolderBlobs
from shared.verdicts import EventType, Verdict
from tests.infra.eventually import eventually
from tests.shared import submissions as subs

COUNT = 300


@contextlib.contextmanager
def archiver(redis_url: str, state: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m functions.archive`."""
    env = {name: it for name, it in os.environ.items() if not name.startswith("ASSAY_")}
    env |= {"REDIS_URL": redis_url, "ASSAY_STATE": str(state), "PORT": "0"}
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "functions.archive"], cwd=ROOT, env=env, stderr=sink
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_archivers_that_are_killed_lose_nothing(
    client: redis.Redis, redis_url: str, tmp_path: Path
) -> None:
    state, log = tmp_path / "state", tmp_path / "log"
    client.hset(keys.ARCHIVE, "mode", "single")
    claims = subs.claims(client)
    told = [(EventType.FINISHED, b'{"status":"finished","verdict":"accepted"}')]

    def end_some(count: int) -> list[str]:
        ids = []
        for _ in range(count):
            subs.submitted(client)
            claim = claims.claim()
            assert claim is not None
            result = b'{"stdout":"%s"}' % claim.submission_id.encode()
            assert claims.finish(claim, Verdict.ACCEPTED, result, told)
            ids.append(claim.submission_id)
        return ids

    def end_batch() -> str:
        batch_id, items = subs.batch_of(client, 3)
        for item in items:
            subs.cancel(client, item)
        return batch_id

    # Given some that ended, and archivers that are killed in the middle of their work
    ids, batches = end_some(COUNT // 3), [end_batch()]
    for _ in range(2):
        before = client.zcard(keys.TO_ARCHIVE)
        with archiver(redis_url, state, log):
            eventually(lambda before=before: settled_or_leased(client, before), 60)  # type: ignore[misc]
            time.sleep(random.uniform(0, 0.05))
        ids += end_some(COUNT // 3)
        batches.append(end_batch())
        # What they had taken is free again when its lease is over
        taken: Any = client.zrange(keys.TO_ARCHIVE, 0, -1)
        client.zadd(keys.TO_ARCHIVE, dict.fromkeys(taken, 0) | {"0" * 32: 0})
        client.zadd(keys.BATCHES_TO_ARCHIVE, dict.fromkeys(batches, 0), xx=True)
    # When two go on
    with archiver(redis_url, state, log), archiver(redis_url, state, log):
        eventually(lambda: not client.exists(keys.TO_ARCHIVE, keys.BATCHES_TO_ARCHIVE), 60)
    # Then each is in the archive once, with what is its own, and has its time in Redis
    shelf = FolderBlobs(state / "blobs").shelf()
    names = [it.name for it in shelf.names("archive/")]
    assert sorted(name.rpartition("/")[2] for name in names) == sorted([*ids, *batches])
    for name in names:
        record = unpack(shelf.get(name).content)
        if record.is_batch:
            assert (len(record.ended), len(record.events)) == (3, 4)
            continue
        assert record.id in record.fields["result"]
        assert len(record.events) == 3
    assert all(client.ttl(keys.submission(submission_id)) > 0 for submission_id in ids)
    assert all(client.ttl(keys.batch(batch_id)) > 0 for batch_id in batches)
    assert client.hget(keys.ARCHIVE, "archived") == b"%d" % (COUNT + len(batches))
    assert b"Traceback" not in log.read_bytes()


def settled_or_leased(client: redis.Redis, before: int) -> bool:
    """Whether an archiver has begun: something is settled, or due only later."""
    seconds, _ = client.time()
    leased = client.zcount(keys.TO_ARCHIVE, seconds * 1000 + 5000, "+inf")
    return bool(leased) or client.zcard(keys.TO_ARCHIVE) < before
