"""All that Redis holds of ours at one moment, while it goes on.

Theory of operation. We ask for what a replica asks for: a copy of the store as it is now, which
the server makes from a fork of itself. So nothing is paused, and all keys are of one moment. The
copy is loaded into a server of our own, on a socket in a private folder, and read from there
key by key. A managed Redis may refuse to be copied. Then it is read directly, and only what
it read while nothing was written counts: stop everything first.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import redis

from infra.local.backup.which import is_passing
from infra.local.failure import Failure
from infra.local.valkey import Valkey
from shared import keys

_CHUNK = 1024 * 1024
_STEP = 200
_TIMEOUT_S = 120.0
_MARK_BYTES = 40
_TRIES = 3
#: A key, its type, when it expires in Unix ms or 0, and its value.
Row = tuple[bytes, str, int, Any]


class Refused(Exception):
    """The server gives no copy of itself."""


class Copy(Valkey):
    """A server on an RDB file, perhaps of another kind of server. It is only read."""

    def _command(self) -> list[str]:
        command = super()._command()
        command[command.index("--appendonly") + 1] = "no"
        return [*command, "--rdb-version-check", "relaxed"]


@contextlib.contextmanager
def still(source: redis.Redis, folder: Path) -> Iterator[redis.Redis]:
    """A server that holds what `source` held at one moment, and does not change.

    Raises:
        Refused: the source does not let itself be copied.
        Failure: the copy cannot be used.
    """
    place = folder / "valkey"
    place.mkdir(mode=0o700, parents=True)
    with (place / "dump.rdb").open("wb") as file:
        fetch(source, file)
    index = source.get_connection_kwargs().get("db", 0)
    with Copy(folder) as server, redis.Redis.from_url(server.url, db=index) as copy:
        yield copy


def fetch(source: redis.Redis, file: IO[bytes]) -> None:
    """Write an RDB file of the server.

    Raises:
        Refused: it gives none.
    """
    pool = source.connection_pool
    connection: Any = pool.get_connection()
    try:
        connection.send_command("REPLCONF", "capa", "eof")
        with contextlib.suppress(redis.ResponseError):
            connection.read_response()
        connection.send_command("SYNC")
        # From here on it is no protocol of answers any more, but a file.
        stream = connection._sock
        stream.settimeout(_TIMEOUT_S)
        _receive(stream, file)
    finally:
        connection.disconnect()
        pool.release(connection)


def _receive(stream: Any, file: IO[bytes]) -> None:  # noqa: ANN401
    head = _head(stream)
    if not head.startswith(b"$"):
        raise Refused(head.lstrip(b"-").decode(errors="replace"))
    if head.startswith(b"$EOF:"):
        _until(stream, file, head[5:])
        return
    left = int(head[1:])
    while left:
        data = _some(stream, min(left, _CHUNK))
        file.write(data)
        left -= len(data)


def _head(stream: Any) -> bytes:  # noqa: ANN401
    """The first line that is not empty: while it forks, a server sends line ends."""
    line = b""
    while not line.endswith(b"\n") or line == b"\n":
        line = (b"" if line == b"\n" else line) + _some(stream, 1)
    return line.strip()


def _until(stream: Any, file: IO[bytes], mark: bytes) -> None:  # noqa: ANN401
    """Write what comes before a mark, which is the last thing that comes."""
    tail = b""
    while True:
        tail += _some(stream, _CHUNK)
        if tail.endswith(mark):
            file.write(tail[:-_MARK_BYTES])
            return
        file.write(tail[:-_MARK_BYTES])
        tail = tail[-_MARK_BYTES:]


def _some(stream: Any, most: int) -> bytes:  # noqa: ANN401
    data: bytes = stream.recv(most)
    if not data:
        raise Failure("Redis broke off while it was copied: try again.")
    return data


def rows(client: redis.Redis) -> Iterator[Row]:
    """All keys that are ours, as they are read."""
    cursor, first = 0, True
    while first or cursor:
        first = False
        found: Any = client.scan(cursor, match=f"{keys.PREFIX}*", count=_STEP)
        cursor, names = found
        yield from _read(client, [name for name in names if not is_passing(name)])


def _read(client: redis.Redis, names: list[bytes]) -> Iterator[Row]:
    pipe: Any  # redis-py does not say that a key may be bytes
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
            pipe.pexpiretime(name)
        facts = pipe.execute()
        kinds, times = [kind.decode() for kind in facts[::2]], facts[1::2]
        for name, kind in zip(names, kinds, strict=True):
            _ask(pipe, name, kind)
        values = pipe.execute()
    for name, kind, at_ms, value in zip(names, kinds, times, values, strict=True):
        if kind != "none":
            yield name, kind, max(0, at_ms), _plain(kind, value)


def _ask(pipe: Any, name: bytes, kind: str) -> None:  # noqa: ANN401
    if kind == "zset":
        pipe.zrange(name, 0, -1, withscores=True)
    elif kind == "list":
        pipe.lrange(name, 0, -1)
    else:
        commands = {"string": "get", "hash": "hgetall", "set": "smembers", "stream": "xrange"}
        getattr(pipe, commands.get(kind, "exists"))(name)


def _plain(kind: str, value: Any) -> Any:  # noqa: ANN401
    if kind == "hash":
        return list(value.items())
    if kind == "set":
        return sorted(value)
    if kind == "stream":
        return [(entry_id, list(fields.items())) for entry_id, fields in value]
    return value


def directly(client: redis.Redis) -> list[Row]:
    """The same of a server that gives no copy of itself, if nothing was written meanwhile.

    Raises:
        Failure: it is written to all the time.
    """
    for _ in range(_TRIES):
        before = _changes(client)
        found = list(rows(client))
        if _changes(client) == before:
            return found
        time.sleep(0.1)
    raise Failure(
        "This Redis gives no copy of itself, and it is written to: stop everything first."
    )


def _changes(client: redis.Redis) -> tuple[Any, Any]:
    """Another one after any write."""
    info: Any = client.info("persistence")
    return info["rdb_changes_since_last_save"], info["rdb_last_save_time"]
