"""Brings channels back in step with Redis.

Theory of operation. Redis holds the truth: a stream's hash has its epoch and its last
sequence number, the Redis stream has the events. Pub/sub only rings the bell, and
may lose a ring at any time. A channel is marked
- when its SUBSCRIBE has been acknowledged (what came before that was not heard),
- when a message does not follow the last one,
- all of them after a reconnect, and every `sweep_s` in any case.
For the marked ones the hash is read; only those that lag are then read further. So a
lost message costs time, never an event.

Redis can also come back with another past: a failover or a crash may cost it its last
second. A sequence below what was seen here, or another event where the last one was,
means that numbers will be used twice. The stream is then given a new epoch, once, and
readers are reset. A hub that sees another epoch in the hash only follows.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from functions.notify.channel import Channel
from functions.notify.events import Event, parse_entry
from shared import keys, logs, scripts

log = logs.get_logger(__name__)

_BATCH = 200
#: Entries read for one channel; past them each reader fetches its own pages.
_ENTRIES = 65
_PAUSE_S = 0.25


@dataclass(slots=True)
class _Mark:
    """What a channel knew before Redis was asked. A reply is older than what came since."""

    channel: Channel
    epoch: str
    last: int
    tail: Event | None
    seq: int = 0

    @property
    def holds(self) -> bool:
        return self.channel.epoch == self.epoch


class Repair:
    """The repairing task of a hub."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        channels: dict[str, Channel],
        *,
        sweep_s: float,
        on_sweep: Callable[[], None],
    ) -> None:
        self._client = client
        self._channels = channels
        self._sweep_s = sweep_s
        self._on_sweep = on_sweep
        # A dict for its order: nobody waits for ever.
        self._marked: dict[str, None] = {}
        self._bell = asyncio.Event()

    def mark(self, name: str) -> None:
        """Compare this channel with Redis soon."""
        self._marked[name] = None
        self._bell.set()

    def doubt_all(self) -> None:
        """Compare every channel, and its last event too: the connection was a new one."""
        for channel in self._channels.values():
            channel.is_doubtful = True
            self.mark(channel.stream.name)

    async def run(self) -> None:
        """Repair, until cancelled."""
        loop = asyncio.get_running_loop()
        sweep_at = loop.time() + self._sweep_s
        while True:
            try:
                async with asyncio.timeout_at(sweep_at):
                    await self._bell.wait()
            except TimeoutError:
                sweep_at = loop.time() + self._sweep_s
                self._marked.update(dict.fromkeys(self._channels))
                self._on_sweep()
            self._bell.clear()
            while self._marked:
                await self._some()

    async def _some(self) -> None:
        batch = list(islice(self._marked, _BATCH))
        for name in batch:
            del self._marked[name]
        try:
            await self._repair(batch)
        except Exception as error:
            if not isinstance(error, RedisError | OSError):
                log.exception("streams could not be compared with Redis")
            self._marked.update(dict.fromkeys(batch))
            await asyncio.sleep(_PAUSE_S)

    async def _repair(self, batch: list[str]) -> None:
        channels = [self._channels[each] for each in batch if each in self._channels]
        marks = [_Mark(each, each.epoch, each.last, each.tail) for each in channels]
        if not marks:
            return
        async with self._client.pipeline(transaction=False) as pipe:
            for mark in marks:
                pipe.hmget(mark.channel.stream.meta, ["epoch", "seq"])
            rows = await pipe.execute()
        lagging = [m for m, row in zip(marks, rows, strict=True) if await self._lags(m, row)]
        if lagging:
            await self._catch_up(lagging)

    async def _lags(self, mark: _Mark, row: list[bytes | None]) -> bool:
        """Whether events are to be read, once the channel's place in its stream is judged."""
        epoch, seq = row
        channel = mark.channel
        if epoch is None or seq is None:
            channel.disappear()
            return False
        if not mark.holds:  # reset by a reader in the meantime
            return False
        mark.seq = int(seq)
        if epoch.decode() != mark.epoch:
            self._restart(channel, epoch.decode(), mark.seq)
            return False
        if mark.seq < mark.last:
            await self._rename(mark)
            return False
        return mark.seq > channel.last or channel.is_doubtful

    async def _catch_up(self, marks: list[_Mark]) -> None:
        async with self._client.pipeline(transaction=False) as pipe:
            for mark in marks:
                # From the last known event on, that one included: it must still be the same.
                stream = keys.events(mark.channel.stream.name)
                pipe.xrange(stream, min=f"{mark.last}-0", count=_ENTRIES)
            pages = await pipe.execute()
        for mark, page in zip(marks, pages, strict=True):
            if mark.holds:
                await self._append(mark, page)

    async def _append(self, mark: _Mark, page: list[Any]) -> None:
        channel, tail = mark.channel, mark.tail
        bells = [parse_entry(entry) for entry in page]
        if not channel.stream.ends and bells and bells[0].seq > mark.last:
            # It keeps its newest events only, and by now they are newer than what was known.
            channel.is_doubtful = False
            channel.skip_to(mark.seq)
            return
        if tail is not None and (
            not bells
            or (bells[0].seq, bells[0].type, bells[0].data) != (tail.seq, tail.type, tail.data)
        ):
            await self._rename(mark)
            return
        channel.is_doubtful = False
        for bell in bells:
            if not channel.offer(bell):
                break
        channel.skip_to(mark.seq)

    async def _rename(self, mark: _Mark) -> None:
        channel = mark.channel
        log.warning("a stream lost events: readers are reset", stream=channel.stream.name)
        epoch = await scripts.acall(
            self._client,
            "rename",
            channel.stream.meta,
            mark.epoch,
            secrets.token_hex(4),
        )
        if epoch is None:
            channel.disappear()
        elif mark.holds:
            self._restart(channel, epoch.decode(), mark.seq)

    def _restart(self, channel: Channel, epoch: str, seq: int) -> None:
        channel.restart(epoch, seq)
        channel.is_doubtful = False
        # Messages that came meanwhile were taken for known ones: look once more.
        self.mark(channel.stream.name)
