"""One reader of one stream: a cursor that moves along it.

What it gives is always the next event after the last one it gave, or one `reset`: an
event that is not stored, whose data is the result document of now and whose id is the
place where the stream goes on. A reader is reset when its place is gone: its cursor is
of another epoch, ahead of the stream, or before what is still stored.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from functions.notify.channel import Channel
from functions.notify.events import Cursor, Event
from shared.errors import NotFound
from shared.models import encode
from shared.store import Snapshot
from shared.verdicts import TERMINAL, EventType

if TYPE_CHECKING:
    from functions.notify.hub import Hub

log = logging.getLogger(__name__)

#: Redis is away: a reader keeps its stream and asks again.
_RETRY_S = 0.5


class Reader:
    """Made by `Hub.follow`. Not to be read by two tasks at once."""

    __slots__ = (
        "_channel",
        "_epoch",
        "_hub",
        "_is_closed",
        "_seq",
        "_snapshot",
        "_tenant",
        "_waiter",
        "has_ended",
        "is_past_end",
    )

    def __init__(
        self, hub: Hub, channel: Channel, snapshot: Snapshot, after: Cursor | None
    ) -> None:
        self._hub = hub
        self._channel = channel
        self._tenant = snapshot.tenant
        self._epoch = snapshot.epoch
        self._seq = after.seq if after is not None else 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False
        #: Set while a reset is due that this very snapshot can tell.
        self._snapshot: Snapshot | None = None
        if after is not None and (after.epoch != snapshot.epoch or after.seq > snapshot.seq):
            self._snapshot = snapshot
        #: Whether the reader had seen the terminal event before it came.
        self.is_past_end = (
            self._snapshot is None and snapshot.state in TERMINAL and self._seq == snapshot.seq
        )
        #: Nothing will follow: the terminal event was given, or the submission is gone.
        self.has_ended = self.is_past_end

    @property
    def is_closing(self) -> bool:
        """Whether the server is shutting down; the stream goes on elsewhere."""
        return self._hub.is_closing

    async def read(self, timeout_s: float) -> list[Event]:
        """The next events; empty after `timeout_s`, at the end, and at shutdown."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.has_ended and not self.is_closing:
            pause_s = deadline - loop.time()
            try:
                events = await self._next()
            except (RedisError, OSError) as error:
                log.info("a reader waits for Redis: %s", error)
                events, pause_s = [], min(pause_s, _RETRY_S)
            if events:
                return events
            if self.has_ended or loop.time() >= deadline:
                break
            await self._wait(pause_s)
        return []

    def stop(self) -> None:
        """The client is gone: `read` comes back at once."""
        self.has_ended = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Give up the place in the hub. May be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self.has_ended = True
            self._hub.detach(self._channel)

    async def _next(self) -> list[Event]:
        channel = self._channel
        if channel.is_gone:
            self.has_ended = True
            return []
        if self._snapshot is not None or self._epoch != channel.epoch:
            return await self._reset()
        events = channel.after(self._seq)
        if events is None:
            events = await self._hub.page(channel, self._seq)
            if not events:
                return await self._reset()
        if events:
            self._seq = events[-1].seq
            self.has_ended = events[-1].is_terminal
        return events

    async def _reset(self) -> list[Event]:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            try:
                snapshot = await self._hub.snapshot(self._channel.submission_id, self._tenant)
            except NotFound:
                self.has_ended = True
                return []
            self._hub.adopt(self._channel, snapshot)
        self._epoch, self._seq = snapshot.epoch, snapshot.seq
        self.has_ended = snapshot.state in TERMINAL
        return [Event(snapshot.epoch, snapshot.seq, EventType.RESET, encode(snapshot.result))]

    async def _wait(self, timeout_s: float) -> None:
        """Until the channel changes, `stop` is called, or time is up."""
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(max(timeout_s, 0.0), _complete, waiter)
        self._channel.add_waiter(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._channel.remove_waiter(waiter)
            self._waiter = None


def _complete(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
