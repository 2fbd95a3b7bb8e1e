"""`backup FILE`: all that is stored, in one file.

Theory of operation. What Redis holds comes first (`snapshot.py`), then the files: what is
written to the archive in between is there twice, never nowhere.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import redis

from infra.local.backup.container import FORMAT, KEYS, Manifest, Writer, pack
from infra.local.backup.places import FOLDERS, blobs_of, client_of, now_ms, told
from infra.local.backup.snapshot import Refused, Row, directly, rows, still
from infra.local.failure import Failure
from infra.local.state import state_folder
from infra.local.store import store_url
from shared import keys
from shared.blobs import BlobMissing, Blobs
from shared.settings import Settings
from shared.shelf import NameMissing
from shared.version import VERSION

_CHUNK = 1024 * 1024
#: Files that were stored just now, too.
_ALL_S = -3600.0


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
    with (
        store_url(settings, state) as url,
        told(url),
        client_of(url) as client,
        Writer(path) as file,
    ):
        created_ms = now_ms(client)
        server = _server(client)
        schema: Any = client.get(keys.SCHEMA)
        if schema is None or not schema.isdigit():
            raise Failure("There is nothing to back up: the store is empty, or half restored.")
        with tempfile.TemporaryDirectory(prefix=".assay-backup-", dir=path.parent) as folder:
            count = _write_keys(file, client, Path(folder))
        _write_files(file, blobs_of(settings, state))
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
    # Without the schema version, which `restore` does not count either.
    print(f"{path} has {count - 1} keys and {len(file.files) - 1} files.")
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
    for top in FOLDERS:
        for it in shelf.names(top):
            with contextlib.suppress(NameMissing):  # forgotten just now
                file.add(f"named/{it.name}", [shelf.get(it.name).content])


def _server(client: redis.Redis) -> str:
    info: Any = client.info("server")
    name = "valkey" if "valkey_version" in info else "redis"
    return f"{name} {info.get('valkey_version', info['redis_version'])}"
