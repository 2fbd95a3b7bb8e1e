"""`backup FILE` and `restore FILE`: all that is stored, in one file, and back.

Theory of operation. A backup takes what Redis holds first (`snapshot.py`), then the files: what
is written to the archive in between is there twice, never nowhere. Restoring verifies the
whole file before it changes anything. Then it marks the store as one that is being restored, which
everything refuses to work on; puts the files back, then the keys; and writes the version
last. So a restore that was killed leaves nothing that could be taken for a store, and is
just done again.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import redis

from infra.local.backup.container import FORMAT, KEYS, Manifest, Reader, Writer, pack
from infra.local.backup.snapshot import Refused, Row, directly, rows, still
from infra.local.backup.which import is_secret
from infra.local.external import redacted
from infra.local.failure import Failure
from infra.local.state import StateFolder, read_runner, state_folder
from infra.local.valkey import Valkey
from shared import keys
from shared.archive import SHARED, TOP
from shared.blobs import BlobMissing, Blobs, BlobsAway, open_blobs
from shared.schema import RESTORING, SCHEMA_VERSION
from shared.settings import Settings
from shared.shelf import NameMissing, Shelf
from shared.version import VERSION
from shared.workers import ALIVE_MS

_CHUNK = 1024 * 1024
_STEP = 500
_ALL_S = -3600.0
_FOLDERS = (f"{TOP}/", f"{SHARED}/")


def backup(settings: Settings, args: argparse.Namespace) -> int:
    """Write a backup; 0.

    Raises:
        Failure: it cannot be made.
    """
    path = Path(args.file).absolute()
    if path.exists() and not args.force:
        raise Failure(f"{path} exists: give another name, or --force.", 2)
    if not path.parent.is_dir():
        raise Failure(f"There is no folder {path.parent}.", 2)
    state = state_folder(settings)
    with _source(settings, state) as url, _told(url), _client(url) as client, Writer(path) as file:
        created_ms = _now_ms(client)
        server = _server(client)
        schema: Any = client.get(keys.SCHEMA)
        if schema is None or not schema.isdigit():
            raise Failure("There is nothing to back up: the store is empty, or half restored.")
        with tempfile.TemporaryDirectory(prefix=".assay-backup-", dir=path.parent) as folder:
            count = _write_keys(file, client, Path(folder))
        _write_files(file, _blobs(settings, state))
        file.finish(
            Manifest(
                format=FORMAT,
                version=VERSION,
                schema=schema.decode(),
                created_ms=created_ms,
                server=server,
                keys=count,
                files=file.files,
            )
        )
    print(f"{path} has {count} keys and {len(file.files) - 1} files.")
    return 0


def _write_keys(file: Writer, client: redis.Redis, folder: Path) -> int:
    count = 0

    def packed(found: Iterable[Row]) -> Iterator[bytes]:
        nonlocal count
        for row in found:
            count += 1
            yield pack(row)

    try:
        with still(client, folder) as copy:
            file.add(KEYS, packed(rows(copy)))
    except Refused as refused:
        print(f"This Redis gives no copy of itself ({refused}); it is read directly.")
        file.add(KEYS, packed(directly(client)))
    return count


def _write_files(file: Writer, blobs: Blobs) -> None:
    for digest in blobs.old(_ALL_S):
        with contextlib.suppress(BlobMissing), blobs.open(digest) as stream:
            file.add(f"blobs/{digest}", iter(lambda it=stream: it.read(_CHUNK), b""))  # type: ignore[misc]
    shelf = blobs.shelf()
    for top in _FOLDERS:
        for it in shelf.names(top):
            with contextlib.suppress(NameMissing):  # forgotten just now
                file.add(f"named/{it.name}", [shelf.get(it.name).content])


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
        with _target(settings, state) as url, _told(url), _client(url) as client:
            blobs = _blobs(settings, state)
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
    if any(_now_ms(client) - int(beat.split(b" ", 1)[0]) < ALIVE_MS for beat in beats):
        raise Failure("Workers are alive on this store: stop everything that uses it first.")
    begun = client.get(keys.SCHEMA) == RESTORING.encode()
    if force or begun:
        return
    if next(client.scan_iter(f"{keys.PREFIX}*", count=_STEP), None) is not None:
        raise Failure("The store is not empty: --force replaces all that it holds.")
    if any(next(iter(shelf.names(top)), None) for top in _FOLDERS):
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
    for top in _FOLDERS:
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
    count, since_ms = 0, _now_ms(client) - file.manifest.created_ms
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


def _blobs(settings: Settings, state: Path) -> Blobs:
    return open_blobs(settings.blobs, str(state), settings.blobs_endpoint)


@contextlib.contextmanager
def _source(settings: Settings, state: Path) -> Iterator[str]:
    """The URL of the store, running or not."""
    url = settings.redis_url or str(read_runner(state).get("redisUrl", ""))
    if url:
        yield url
        return
    with StateFolder(state), Valkey(state) as server:
        yield server.url


@contextlib.contextmanager
def _target(settings: Settings, state: Path) -> Iterator[str]:
    """The URL of the store to restore into. The folder is ours meanwhile, for its files."""
    with StateFolder(state):
        if settings.redis_url:
            yield settings.redis_url
            return
        with Valkey(state) as server:
            yield server.url


@contextlib.contextmanager
def _client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url, socket_connect_timeout=5, protocol=2) as client:
        yield client


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Failure(f"Redis at {redacted(url)} or a file cannot be used ({error}).", 2) from None
    except BlobsAway as away:
        raise Failure(f"The store of files cannot be used: {away}.", 2) from None


def _server(client: redis.Redis) -> str:
    info: Any = client.info("server")
    name = "valkey" if "valkey_version" in info else "redis"
    return f"{name} {info.get('valkey_version', info['redis_version'])}"


def _now_ms(client: redis.Redis) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
