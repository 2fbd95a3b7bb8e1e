"""What is backed up and restored into: the store and the files that the settings name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import redis

from infra.local.external import redacted
from infra.local.failure import Failure
from infra.local.state import StateFolder
from infra.local.valkey import Valkey
from shared.archive import SHARED, TOP
from shared.blobs import Blobs, open_blobs
from shared.errors import AssayError
from shared.settings import Settings, SettingsError

#: Where named things lie.
FOLDERS = (f"{TOP}/", f"{SHARED}/")


def blobs_of(settings: Settings, state: Path) -> Blobs:
    """The store of files.

    Raises:
        Failure: the setting names none.
    """
    try:
        return open_blobs(settings.blobs, str(state), settings.blobs_endpoint)
    except SettingsError as error:
        raise Failure(f"{error}.", 2) from None


@contextlib.contextmanager
def target(settings: Settings, state: Path) -> Iterator[str]:
    """The URL of the store to restore into. The folder is ours meanwhile, for its files."""
    with StateFolder(state):
        if settings.redis_url:
            yield settings.redis_url
            return
        with Valkey(state) as server:
            yield server.url


@contextlib.contextmanager
def client_of(url: str) -> Iterator[redis.Redis]:
    """A client that speaks the old protocol: a copy is asked for in it."""
    with redis.Redis.from_url(url, socket_connect_timeout=5, protocol=2) as client:
        yield client


@contextlib.contextmanager
def told(url: str) -> Iterator[None]:
    """Errors of what is far away, as a sentence."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise Failure(f"Redis at {redacted(url)} or a file cannot be used ({error}).", 2) from None
    except AssayError as error:
        raise Failure(f"The store of files cannot be used: {error}.", 2) from None


def now_ms(client: redis.Redis) -> int:
    """The server's clock."""
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
