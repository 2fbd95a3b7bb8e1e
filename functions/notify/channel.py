"""One stream as a process sees it: its newest events, and who waits for the next.

A channel exists while it has readers. It holds events only while they are contiguous:
`offer` refuses one that does not follow the last, and the hub then repairs from Redis.
Readers have a cursor each and no queue, so a slow one costs nothing here; one that has
fallen behind the ring reads its pages from Redis until it has caught up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice

from functions.notify.events import Bell, Event
from functions.notify.streams import Stream

#: Events kept for readers that are a little behind.
RING_EVENTS = 256
#: The same in bytes: 5,000 streams of large outputs must not fill the memory.
RING_BYTES = 256 * 1024
#: A reader takes at most so many events at a time.
BATCH_EVENTS = 32


class Channel:
    """The ring of one stream. Not thread-safe: one event loop owns it."""

    __slots__ = (
        "_bytes",
        "_ring",
        "_waiters",
        "epoch",
        "is_doubtful",
        "is_gone",
        "last",
        "readers",
        "stream",
    )

    def __init__(self, stream: Stream, epoch: str, last: int) -> None:
        self.stream = stream
        self.epoch = epoch
        #: The highest sequence number known.
        self.last = last
        self.readers = 0
        #: The connection was lost: Redis may have come back with another past.
        self.is_doubtful = False
        #: What it is about is no longer in Redis.
        self.is_gone = False
        self._ring: deque[Event] = deque()
        self._bytes = 0
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def tail(self) -> Event | None:
        """The event `last`, if it was seen here."""
        return self._ring[-1] if self._ring else None

    def offer(self, bell: Bell) -> bool:
        """Take the next event. One known already is dropped; False means that one is missing."""
        if bell.seq != self.last + 1:
            return bell.seq <= self.last
        self.last = bell.seq
        self._ring.append(Event(self.epoch, bell.seq, bell.type, bell.data))
        self._bytes += len(bell.data)
        while len(self._ring) > 1 and (len(self._ring) > RING_EVENTS or self._bytes > RING_BYTES):
            self._bytes -= len(self._ring.popleft().data)
        self.wake()
        return True

    def after(self, seq: int) -> list[Event] | None:
        """The next events past `seq`, none if it is up to date, or None: they are not here."""
        if seq >= self.last:
            return []
        first = self.last - len(self._ring) + 1
        if seq + 1 < first:
            return None
        start = seq + 1 - first
        return list(islice(self._ring, start, start + BATCH_EVENTS))

    def skip_to(self, seq: int) -> None:
        """The stream is at `seq`; what lies between, each reader fetches for itself."""
        if seq > self.last:
            self._forget(seq)

    def restart(self, epoch: str, seq: int) -> None:
        """The stream is another one now; readers see it by the epoch and are reset."""
        self.epoch = epoch
        self._forget(seq)

    def disappear(self) -> None:
        """What it is about is gone; readers end."""
        self.is_gone = True
        self.wake()

    def wake(self) -> None:
        """Let every waiting reader look again."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def add_waiter(self, waiter: asyncio.Future[None]) -> None:
        """Complete `waiter` at the next change."""
        self._waiters.add(waiter)

    def remove_waiter(self, waiter: asyncio.Future[None]) -> None:
        """Forget a waiter, woken or not."""
        self._waiters.discard(waiter)

    def _forget(self, seq: int) -> None:
        self.last = seq
        self._ring.clear()
        self._bytes = 0
        self.wake()
