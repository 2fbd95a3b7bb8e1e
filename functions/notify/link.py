"""The one pub/sub connection of a process.

Theory of operation. Any task may say what it wants to hear; only this link's own two
tasks touch the socket: one reads, one writes SUBSCRIBE and UNSUBSCRIBE. So a connection
that breaks raises here and nowhere else. After a reconnect everything wanted is
subscribed anew, and the owner is told, because what was published in between is lost
to us; it is still in the streams. We do not use redis-py's `PubSub`: it reconnects by
itself, without telling.

The owner is called back
- `on_message(name, payload)` for each message,
- `on_subscribed(name)` from when on messages of that stream arrive,
- `on_connected()` for each new connection, before any of those.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError, RedisError

from shared import keys, logs
from shared.connect import async_listener

log = logs.get_logger(__name__)

_PREFIX = keys.events("").encode()
#: Channel names in one command.
_BATCH = 200
#: The read loop lets others run after so many messages in a row.
_BURST = 64
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


class Link:
    """Keeps the subscriptions of a process in step with what its owner wants."""

    def __init__(
        self,
        url: str,
        *,
        on_message: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
        on_connected: Callable[[], None],
    ) -> None:
        self._url = url
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._on_connected = on_connected
        self._wanted: set[str] = set()
        self._sent: set[str] = set()
        self._changed: set[str] = set()
        self._bell = asyncio.Event()
        self._probe_due = False
        self._heard = True

    def want(self, name: str) -> None:
        """Subscribe; `on_subscribed` follows."""
        self._wanted.add(name)
        self._changed.add(name)
        self._bell.set()

    def drop(self, name: str) -> None:
        """Unsubscribe."""
        self._wanted.discard(name)
        self._changed.add(name)
        self._bell.set()

    def probe(self) -> None:
        """Ask for a sign of life; a connection that gave none since the last time is dropped."""
        self._probe_due = True
        self._bell.set()

    async def run(self) -> None:
        """Stay connected, until cancelled."""
        client = async_listener(self._url)
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                connection: AbstractConnection = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
                try:
                    await connection.connect()  # type: ignore[no-untyped-call]
                    pause_s = _FIRST_PAUSE_S
                    await self._converse(connection)
                except (RedisError, OSError) as error:
                    level = logging.WARNING if pause_s == _FIRST_PAUSE_S else logging.INFO
                    log.log(level, "the pub/sub connection was lost", error=error)
                except Exception:  # a reader must not wait for ever because of our mistake
                    log.exception("the pub/sub connection failed")
                finally:
                    await connection.disconnect(nowait=True)
                await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        finally:
            await client.aclose()

    async def _converse(self, connection: AbstractConnection) -> None:
        self._sent.clear()
        self._changed = set(self._wanted)
        self._heard = True
        self._bell.set()
        self._on_connected()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(connection))
                tasks.create_task(self._write(connection))
        except* (RedisError, OSError) as group:
            raise ConnectionError(str(group.exceptions[0])) from None

    async def _read(self, connection: AbstractConnection) -> None:
        count = 0
        while True:
            reply = await connection.read_response(timeout=math.inf)
            self._heard = True
            if isinstance(reply, list):  # else it is the answer to PING without subscriptions
                self._dispatch(reply)
            count += 1
            if count % _BURST == 0:
                # Replies that are in the buffer are read without giving up the loop.
                await asyncio.sleep(0)

    def _dispatch(self, reply: list[bytes]) -> None:
        kind = reply[0]
        if kind == b"message":
            self._on_message(reply[1].removeprefix(_PREFIX).decode(), reply[2])
        elif kind == b"subscribe":
            self._on_subscribed(reply[1].removeprefix(_PREFIX).decode())

    async def _write(self, connection: AbstractConnection) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            changed, self._changed = self._changed, set()
            join, leave = self._difference(changed)
            for batch in _batches(join):
                await connection.send_command("SUBSCRIBE", *map(keys.events, batch))
            for batch in _batches(leave):
                await connection.send_command("UNSUBSCRIBE", *map(keys.events, batch))
            if self._probe_due:
                self._probe_due = False
                if not self._heard:
                    raise ConnectionError("it has been silent")
                self._heard = False
                await connection.send_command("PING")

    def _difference(self, changed: set[str]) -> tuple[list[str], list[str]]:
        """What to subscribe and unsubscribe. Noted as sent: if sending fails, all starts anew."""
        join, leave = [], []
        for name in changed:
            if name in self._wanted:
                if name in self._sent:
                    self._on_subscribed(name)  # dropped and wanted again meanwhile
                else:
                    join.append(name)
            elif name in self._sent:
                leave.append(name)
        self._sent.update(join)
        self._sent.difference_update(leave)
        return join, leave


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while batch := list(islice(rest, _BATCH)):
        yield batch
