"""The hub: the streams that this process follows for its readers.

Theory of operation. Whatever the number of readers, a process has one pub/sub
connection (`link.py`), one task that repairs what pub/sub loses (`repair.py`), a ring of
the newest events for each stream somebody reads (`channel.py`), and a cursor for each
reader (`follow.py`). SSE and WebSocket only differ in how they write an event down.

A reader attaches in this order: its channel is made from a snapshot of the hash, the
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
import logging
from collections.abc import Callable

from functions.notify.channel import BATCH_EVENTS, Channel
from functions.notify.ending import end
from functions.notify.events import Cursor, Event, parse_bell, parse_entry
from functions.notify.follow import Reader
from functions.notify.link import Link
from functions.notify.repair import Repair
from shared import keys
from shared.errors import NotFound, Overloaded, Unavailable
from shared.store import Snapshot, Store

log = logging.getLogger(__name__)

#: Seconds after which a stream is compared with Redis though nothing seemed wrong.
SWEEP_S = 15.0
#: Readers may ask Redis so many things at once; a wave of them shall not open 64 connections.
_READS_AT_ONCE = 4
_RETRY_AFTER_S = 5


class Hub:
    """Follows streams for the readers of one process. One event loop owns it."""

    def __init__(self, store: Store, *, sweep_s: float = SWEEP_S) -> None:
        self.is_closing = False
        self._store = store
        self._most_seats = store.settings.max_streams
        self._seats_taken = 0
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

    async def follow(self, submission_id: str, after: Cursor | None, *, tenant: str) -> Reader:
        """Open a stream behind `after`. Close the reader when done with it.

        Raises:
            NotFound: there is no such submission, or it is somebody else's.
            Overloaded: too many streams are open here.
            Unavailable: this process is shutting down.
        """
        self.take_seat()
        try:
            snapshot = await self.snapshot(submission_id, tenant)
            self._start()
            return Reader(self, self._attach(snapshot), snapshot, after)
        except BaseException:
            self.give_seat()
            raise

    def take_seat(self) -> None:
        """Count one more stream or socket.

        Raises:
            Overloaded, Unavailable: no more are taken.
        """
        if self.is_closing:
            raise Unavailable("this server is shutting down", retry_after_s=1)
        if self._seats_taken >= self._most_seats:
            raise Overloaded("too many streams are open", retry_after_s=_RETRY_AFTER_S)
        self._seats_taken += 1

    def give_seat(self) -> None:
        """The opposite of `take_seat`."""
        self._seats_taken -= 1

    @property
    def open_streams(self) -> int:
        """Seats taken now."""
        return self._seats_taken

    def detach(self, channel: Channel) -> None:
        """A reader leaves; with the last one the subscription ends."""
        self.give_seat()
        channel.readers -= 1
        if channel.readers == 0:
            del self._channels[channel.submission_id]
            self._link.drop(channel.submission_id)

    async def snapshot(self, submission_id: str, tenant: str) -> Snapshot:
        """The submission as it is now.

        Raises:
            NotFound: there is no such submission, or it is somebody else's.
        """
        async with self._reads:
            found = await self._store.snapshot(submission_id, tenant=tenant)
        if found.submission_id != submission_id:  # the name of a problem is no stream
            raise NotFound(f"no submission {submission_id!r}")
        return found

    async def page(self, channel: Channel, seq: int) -> list[Event]:
        """Events past `seq` from Redis; empty if the next one is no longer there."""
        epoch = channel.epoch
        async with self._reads:
            entries = await self._store.client.xrange(
                keys.events(channel.submission_id), min=f"({seq}-0", count=BATCH_EVENTS
            )
        bells = [parse_entry(entry) for entry in entries or []]
        if not bells or bells[0].seq != seq + 1:
            return []
        return [Event(epoch, bell.seq, bell.type, bell.data) for bell in bells]

    def adopt(self, channel: Channel, snapshot: Snapshot) -> None:
        """A reader has seen another epoch than the channel knows."""
        if channel.epoch != snapshot.epoch:
            channel.restart(snapshot.epoch, snapshot.seq)
            self._repair.mark(channel.submission_id)

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
            self._tasks = [
                asyncio.create_task(self._link.run(), name="notify link"),
                asyncio.create_task(self._repair.run(), name="notify repair"),
            ]

    def _attach(self, snapshot: Snapshot) -> Channel:
        channel = self._channels.get(snapshot.submission_id)
        if channel is None:
            channel = Channel(snapshot.submission_id, snapshot.epoch, snapshot.seq)
            self._channels[snapshot.submission_id] = channel
            self._link.want(snapshot.submission_id)
        else:
            self.adopt(channel, snapshot)
        channel.readers += 1
        return channel

    def _on_message(self, submission_id: str, payload: bytes) -> None:
        channel = self._channels.get(submission_id)
        if channel is None:
            return
        try:
            in_step = channel.offer(parse_bell(payload))
        except ValueError:
            log.warning("a message on the channel of %s is not ours", submission_id)
            return
        if not in_step:
            self._repair.mark(submission_id)

    def _probe(self) -> None:
        self._link.probe()
