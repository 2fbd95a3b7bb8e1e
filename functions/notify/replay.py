"""A reader of a stream that Redis has let go: its events are read from the archive, whole.

To its user it is as a `Reader`: the same events with the same ids, behind the same cursors, and
one `reset` for a cursor that is in no place of the stream, or where an event is missing, which told
of a submission that was deleted. Nothing can follow, so it waits for nothing.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from functions.notify.channel import BATCH_EVENTS
from functions.notify.events import Cursor, Event
from functions.notify.follow import is_elsewhere
from functions.notify.streams import View
from shared.archive import Record
from shared.models import encode
from shared.verdicts import EventType

if TYPE_CHECKING:
    from functions.notify.hub import Hub


class Replay:
    """Made by `Hub.follow`."""

    def __init__(self, hub: Hub, view: View, record: Record, after: Cursor | None) -> None:
        self._hub = hub
        self._tenant = view.tenant
        self._is_closed = False
        seq = after.seq if after is not None else 0
        self._left: list[Event] = []
        if not is_elsewhere(after, view):
            behind = (event for event in record.events if event[0] > seq)
            told = takewhile(lambda it: it[1][0] == it[0], enumerate(behind, seq + 1))
            self._left = [Event(view.epoch, no, kind, it.encode()) for no, (_, kind, it) in told]
            seq += len(self._left)
        if is_elsewhere(after, view) or seq < view.seq:
            self._left.append(Event(view.epoch, view.seq, EventType.RESET, encode(view.content)))
        #: Whether the reader had seen the terminal event before it came.
        self.is_past_end = not self._left
        self.has_ended = self.is_past_end

    @property
    def is_closing(self) -> bool:
        """Whether the server is shutting down; the stream goes on elsewhere."""
        return self._hub.is_closing

    async def read(self, _timeout_s: float) -> list[Event]:
        """The next events; empty at the end, and at shutdown."""
        if self.has_ended or self.is_closing:
            return []
        events, self._left = self._left[:BATCH_EVENTS], self._left[BATCH_EVENTS:]
        self.has_ended = not self._left
        return events

    def stop(self) -> None:
        """The client is gone."""
        self.has_ended = True

    def close(self) -> None:
        """Give up the place in the hub. May be called twice."""
        if not self._is_closed:
            self._is_closed = True
            self.has_ended = True
            self._hub.give_seat(self._tenant)
