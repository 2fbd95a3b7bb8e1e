"""One reader of one stream: a cursor that moves along it.

What it gives is always the next event after the last one it gave, or one `reset`: an
event that is not stored, whose data is the result document of now and whose id is the
place where the stream goes on. A reader is reset when its place is gone: its cursor is
of another epoch, ahead of the stream, or before what is still stored; or it has none, in
a stream that does not keep its beginning.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from functions.notify.channel import Channel
from functions.notify.events import Cursor, Event
from functions.notify.streams import View
from shared import logs
from shared.errors import NotFound
from shared.verdicts import EventType

if TYPE_CHECKING:
    from functions.notify.hub import Hub

log = logs.get_logger(__name__)

#: Redis is away: a reader keeps its stream and asks again.
_RETRY_S = 0.5


class Reader:
    """Made by `Hub.follow`. Not to be read by two tasks at once."""

    __slots__ = (
        "_channel",
        "_epoch",
        "_hub",
        "_is_closed",
        "_is_guest",
        "_seq",
        "_tenant",
        "_view",
        "_waiter",
        "has_ended",
        "is_past_end",
    )

    def __init__(self, hub: Hub, channel: Channel, view: View, after: Cursor | None) -> None:
        self._hub = hub
        self._channel = channel
        self._tenant = view.tenant
        #: What was shared with it may be taken back at any time.
        self._is_guest = not view.own
        self._epoch = view.epoch
        self._seq = after.seq if after is not None else 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False
        #: Set while a reset is due that this very view can tell.
        self._view: View | None = None
        if is_elsewhere(after, view):
            self._view = view
        #: Whether the reader had seen the terminal event before it came.
        self.is_past_end = self._view is None and view.has_ended and self._seq == view.seq
        #: Nothing will follow: the terminal event was given, or what it is about is gone.
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
                log.info("a reader waits for Redis", error=error)
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
            self._hub.detach(self._channel, self._tenant)

    async def _next(self) -> list[Event]:
        channel = self._channel
        if channel.is_gone:
            self.has_ended = True
            return []
        if self._view is not None or self._epoch != channel.epoch:
            return await self._reset()
        events = channel.after(self._seq)
        if events is None:
            events = await self._hub.page(channel, self._seq)
            if not events:
                return await self._reset()
        if events and self._is_guest and not await self._is_still_shared():
            self.has_ended = True
            return []
        if events:
            self._seq = events[-1].seq
            self.has_ended = channel.stream.ends and events[-1].is_terminal
        return events

    async def _is_still_shared(self) -> bool:
        try:
            await self._hub.view_again(self._channel.stream, self._tenant)
        except NotFound:
            return False
        return True

    async def _reset(self) -> list[Event]:
        view, self._view = self._view, None
        if view is None:
            try:
                view = await self._hub.view_again(self._channel.stream, self._tenant)
            except NotFound:
                self.has_ended = True
                return []
            self._hub.adopt(self._channel, view)
        document = await self._hub.document(view)
        self._epoch, self._seq = view.epoch, view.seq
        self.has_ended = view.has_ended
        return [Event(view.epoch, view.seq, EventType.RESET, document)]

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


def is_elsewhere(after: Cursor | None, view: View) -> bool:
    """Whether a reader with this cursor is in no place of the stream."""
    if after is None:  # it reads from the beginning, where there is one
        return not view.stream.ends
    return after.epoch != view.epoch or after.seq > view.seq
