"""The hub: the streams that this process follows for its readers.

Theory of operation. Whatever the number of readers, a process has one pub/sub
connection (`link.py`), one task that repairs what pub/sub loses (`repair.py`), a ring of
the newest events for each stream somebody reads (`channel.py`), and a cursor for each
reader (`follow.py`). SSE and WebSocket only differ in how they write an event down.

A reader attaches in this order: its channel is made from a view of the hash, the
channel is subscribed, and once Redis has acknowledged that, compared with the hash
again. An event published at any point in between is thus in the stream before the
reader's cursor passes it.

Shutdown. uvicorn waits for open responses before it ends the lifespan, so streams must
hear of a shutdown earlier: `close()` ends them all, at once, each with a farewell. The
host calls the callbacks in `Services.on_shutdown` for that, from the event loop, before
uvicorn's own `Server.shutdown`:

    class Server(uvicorn.Server):
        async def shutdown(self, sockets=None):
            services.begin_shutdown()
            await super().shutdown(sockets)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from itertools import takewhile

from functions.notify.channel import BATCH_EVENTS, Channel
from functions.notify.events import Cursor, Event, parse_bell, parse_entry
from functions.notify.follow import Reader
from functions.notify.link import Link
from functions.notify.repair import Repair
from functions.notify.replay import Replay
from functions.notify.seats import Seats
from functions.notify.streams import Stream, View, Views
from shared import keys, logs
from shared.ending import end
from shared.errors import Unavailable
from shared.store import Store

log = logs.get_logger(__name__)

#: Seconds after which a stream is compared with Redis though nothing seemed wrong.
SWEEP_S = 15.0
#: Readers may ask Redis so many things at once; a wave of them shall not open 64 connections.
_READS_AT_ONCE = 4


class Hub:
    """Follows streams for the readers of one process. One event loop owns it."""

    def __init__(self, store: Store, *, sweep_s: float = SWEEP_S) -> None:
        self.is_closing = False
        self._store = store
        self._views = Views(store)
        settings = store.settings
        self._seats = Seats(settings.max_streams, settings.tenant_max_streams)
        self._channels: dict[str, Channel] = {}
        self._repair = Repair(store.client, self._channels, sweep_s=sweep_s, on_sweep=self._probe)
        self._link = Link(
            store.settings.redis_url,
            on_message=self._on_message,
            on_subscribed=self._repair.mark,
            on_connected=self._repair.doubt_all,
        )
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []
        self._farewells: set[Callable[[], None]] = set()

    async def follow(
        self, name: str, after: Cursor | None, *, tenant: str, most_streams: int = 0
    ) -> Reader | Replay:
        """Open a stream behind `after`. Close the reader when done with it.

        Raises:
            NotFound: there is no such stream, or it is somebody else's.
            Overloaded, TooMany: too many streams are open here.
            Unavailable: this process is shutting down.
        """
        self.take_seat(tenant, most_streams)
        try:
            view = await self.view(name, tenant)
            if view.record is not None:
                return Replay(self, view, view.record, after)
            self._start()
            return Reader(self, self._attach(view), view, after)
        except BaseException:
            self.give_seat(tenant)
            raise

    def take_seat(self, tenant: str, most_streams: int = 0) -> None:
        """Count one more stream or socket of a tenant; `most_streams` is his own limit, if any.

        Raises:
            Overloaded, TooMany, Unavailable: no more are taken.
        """
        if self.is_closing:
            raise Unavailable("this server is shutting down", retry_after_s=1)
        self._seats.take(tenant, most_streams)

    def give_seat(self, tenant: str) -> None:
        """The opposite of `take_seat`."""
        self._seats.give(tenant)

    @property
    def open_streams(self) -> int:
        """Seats taken now."""
        return self._seats.taken

    def detach(self, channel: Channel, tenant: str) -> None:
        """A reader leaves; with the last one the subscription ends."""
        self.give_seat(tenant)
        channel.readers -= 1
        if channel.readers == 0:
            del self._channels[channel.stream.name]
            self._link.drop(channel.stream.name)

    async def view(self, name: str, tenant: str) -> View:
        """The stream that a caller names, as it is now.

        Raises:
            NotFound: there is no such stream, or it is somebody else's.
        """
        async with self._reads:
            return await self._views.find(name, tenant)

    async def view_again(self, stream: Stream, tenant: str) -> View:
        """The same for a stream that is followed already."""
        async with self._reads:
            return await self._views.again(stream, tenant)

    async def document(self, view: View) -> bytes:
        """What a reader is shown who has no place in the stream any more."""
        async with self._reads:
            return await self._views.document(view)

    async def page(self, channel: Channel, seq: int) -> list[Event]:
        """Events past `seq` from Redis; empty if the next one is no longer there."""
        epoch = channel.epoch
        async with self._reads:
            entries = await self._store.client.xrange(
                keys.events(channel.stream.name), min=f"({seq}-0", count=BATCH_EVENTS
            )
        bells = [parse_entry(entry) for entry in entries or []]
        # Up to where one is missing: it was forgotten, and is no silent hole.
        following = takewhile(lambda it: it[1].seq == it[0], enumerate(bells, seq + 1))
        return [Event(epoch, bell.seq, bell.type, bell.data) for _, bell in following]

    def adopt(self, channel: Channel, view: View) -> None:
        """A reader has seen another epoch than the channel knows."""
        if channel.epoch != view.epoch:
            channel.restart(view.epoch, view.seq)
            self._repair.mark(channel.stream.name)

    def on_close(self, farewell: Callable[[], None]) -> Callable[[], None]:
        """Call `farewell` at shutdown; gives the function that revokes this."""
        self._farewells.add(farewell)
        return lambda: self._farewells.discard(farewell)

    def close(self) -> None:
        """Begin the shutdown: every stream says farewell and ends. No new ones are taken."""
        self.is_closing = True
        for channel in self._channels.values():
            channel.wake()
        for farewell in list(self._farewells):
            farewell()

    async def aclose(self) -> None:
        """End the tasks and the connection of this hub."""
        self.close()
        await end(self._tasks)
        self._tasks.clear()

    def _start(self) -> None:
        """With the first reader, since only then there surely is a running loop."""
        if not self._tasks and not self.is_closing:
            # Not in the context of the request that happens to be the first.
            self._tasks = [
                asyncio.create_task(self._link.run(), name="notify link", context=Context()),
                asyncio.create_task(self._repair.run(), name="notify repair", context=Context()),
            ]

    def _attach(self, view: View) -> Channel:
        name = view.stream.name
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(view.stream, view.epoch, view.seq)
            self._link.want(name)
        else:
            self.adopt(channel, view)
        channel.readers += 1
        return channel

    def _on_message(self, name: str, payload: bytes) -> None:
        channel = self._channels.get(name)
        if channel is None:
            return
        try:
            in_step = channel.offer(parse_bell(payload))
        except ValueError:
            log.warning("a message on a channel is not ours", stream=name)
            return
        if not in_step:
            self._repair.mark(name)

    def _probe(self) -> None:
        self._link.probe()
