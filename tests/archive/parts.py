"""The parts of a service that archives, called by hand, and what is left in its stores."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import redis

from functions.archive.archiver import Archiver
from functions.archive.sweeper import Sweeper
from shared.archive import GRAVE, Archive
from shared.connect import async_client
from shared.forgetting import Forgetting
from shared.retention import Retention
from shared.settings import Settings
from shared.store import Store


class Parts:
    """The parts of a service, on one event loop of its own."""

    def __init__(self, client: Any, settings: Settings, blobs: Any) -> None:  # noqa: ANN401
        self.settings = settings
        self.archive = Archive(client, blobs)
        store = Store(client, settings, self.archive)
        self.retention = Retention(client, settings)
        self.forgetting = Forgetting(store, self.archive)
        self.archiver = Archiver(self.archive, settings, self.retention)
        self.sweeper = Sweeper(self.archive, self.forgetting, self.retention)


def with_parts(
    url: str,
    blobs: Any,  # noqa: ANN401
    story: Callable[[Parts], Awaitable[None]],
    **settings: Any,  # noqa: ANN401
) -> None:
    async def run() -> None:
        async with async_client(url) as client:
            await story(Parts(client, Settings(redis_url=url, **settings), blobs))

    asyncio.run(run())


def records(parts: Parts) -> list[str]:
    """The names of what is in the archive, but for graves."""
    shelf = parts.archive.shelf
    names = [it.name for it in shelf.names("archive/")]
    return [name for name in names if shelf.get(name).content != GRAVE]


def everywhere(client: redis.Redis, folder: Path) -> bytes:
    """Every key and value of Redis, and every byte of every file, unpacked where it is packed."""
    parts: list[Any] = []
    names: Any = client.scan_iter()
    for key in names:
        kind: Any = client.type(key)
        read: dict[bytes, Callable[[Any], Any]] = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"list": lambda name: client.lrange(name, 0, -1),
            b"set": client.smembers,
            b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
            b"stream": client.xrange,
        }
        if kind != b"none":  # it went away meanwhile
            parts += [key, read[kind](key)]
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        head, _, body = content.partition(b"\n")
        if head.startswith(b"assay-archive"):
            content = head + zlib.decompress(body, 31)
        parts += [str(path), content]
    return repr(parts).encode()
