"""`restore FILE`: back to what a backup has.

Theory of operation. The whole file is verified before anything is changed. Then the store is
marked as one that is being restored, which everything refuses to work on; the files are put
back, then the keys; the version is written last. So a restore that was killed leaves nothing
that could be taken for a store, and is just done again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import redis

from infra.local.backup.container import Reader
from infra.local.backup.places import FOLDERS, blobs_of, client_of, now_ms, target, told
from infra.local.backup.which import is_secret
from infra.local.failure import Failure
from infra.local.state import read_runner, state_folder
from shared import keys
from shared.blobs import Blobs
from shared.schema import RESTORING, SCHEMA_VERSION
from shared.settings import Settings
from shared.shelf import NameMissing, Shelf
from shared.workers import ALIVE_MS

_STEP = 500


def restore(settings: Settings, args: argparse.Namespace) -> int:
    """Put back what a backup has; 0.

    Raises:
        Failure: it cannot be restored; or it was not to its end, and is to be restored again.
    """
    state = state_folder(settings)
    if read_runner(state):
        raise Failure(f"Assay is running in {state}: stop it first.")
    with Reader(Path(args.file)) as file:
        if not file.manifest.schema.isdecimal() or int(file.manifest.schema) > SCHEMA_VERSION:
            raise Failure(
                f"The backup has schema {file.manifest.schema[:20]!r}, this version reads "
                f"{SCHEMA_VERSION}: use the version that wrote it ({file.manifest.version})."
            )
        file.verify()
        with target(settings, state) as url, told(url), client_of(url) as client:
            blobs = blobs_of(settings, state)
            _check_empty(client, blobs.shelf(), args.force)
            client.set(keys.SCHEMA, RESTORING)
            _remove(client)
            _put_files(file, blobs)
            count = _put_keys(file, client)
            client.set(keys.SCHEMA, file.manifest.schema)
    print(f"Restored {count} keys and {len(file.manifest.files) - 1} files.")
    return 0


def _check_empty(client: redis.Redis, shelf: Shelf, force: bool) -> None:
    beats: Any = client.hvals(keys.WORKERS)
    if any(now_ms(client) - int(beat.split(b" ", 1)[0]) < ALIVE_MS for beat in beats):
        raise Failure("Workers are alive on this store: stop everything that uses it first.")
    begun = client.get(keys.SCHEMA) == RESTORING.encode()
    if force or begun:
        return
    if next(client.scan_iter(f"{keys.PREFIX}*", count=_STEP), None) is not None:
        raise Failure("The store is not empty: --force replaces all that it holds.")
    if any(next(iter(shelf.names(top)), None) for top in FOLDERS):
        raise Failure("The archive is not empty: --force replaces all that it holds.")


def _remove(client: redis.Redis) -> None:
    """All that is ours, but the mark that this is no store now."""
    batch: list[Any] = []
    for key in client.scan_iter(f"{keys.PREFIX}*", count=_STEP):
        if key != keys.SCHEMA.encode():
            batch.append(key)
        if len(batch) == _STEP:
            client.unlink(*batch)
            batch.clear()
    if batch:
        client.unlink(*batch)


def _put_files(file: Reader, blobs: Blobs) -> None:
    shelf, kept = blobs.shelf(), set()
    for name, (_, digest) in file.manifest.files.items():
        if name.startswith("blobs/"):
            blobs.put(file.chunks(name), digest=digest)
        elif name.startswith("named/"):
            kept.add(name.removeprefix("named/"))
            _put_named(shelf, name.removeprefix("named/"), b"".join(file.chunks(name)))
    for top in FOLDERS:
        for it in list(shelf.names(top)):
            if it.name not in kept:
                shelf.delete(it.name)


def _put_named(shelf: Shelf, name: str, content: bytes) -> None:
    try:
        there = shelf.get(name)
    except NameMissing:
        shelf.put(name, content)
    else:
        if there.content != content:
            shelf.put(name, content, over=there.version)


def _put_keys(file: Reader, client: redis.Redis) -> int:
    count, since_ms = 0, now_ms(client) - file.manifest.created_ms
    with client.pipeline(transaction=False) as pipe:
        for name, kind, at_ms, value in file.rows():
            if name == keys.SCHEMA.encode():
                continue
            # What was to be kept for a day is kept for a day. A secret is good for no longer.
            left_ms = at_ms - file.manifest.created_ms
            left_ms -= since_ms if is_secret(name) else 0
            if at_ms and left_ms <= 0:
                continue
            _put(pipe, name, kind, value)
            if at_ms:
                pipe.pexpire(name, left_ms)
            count += 1
            if len(pipe) >= _STEP:
                pipe.execute()
        pipe.execute()
    return count


def _put(pipe: Any, name: bytes, kind: str, value: Any) -> None:  # noqa: ANN401
    if kind == "string":
        pipe.set(name, value)
    elif kind == "stream":
        for entry_id, fields in value:
            pipe.xadd(name, dict(fields), id=entry_id)
    else:
        for first in range(0, len(value), _STEP):
            part = value[first : first + _STEP]
            if kind == "hash":
                pipe.hset(name, mapping=dict(part))
            elif kind == "zset":
                pipe.zadd(name, dict(part))
            else:
                (pipe.rpush if kind == "list" else pipe.sadd)(name, *part)
