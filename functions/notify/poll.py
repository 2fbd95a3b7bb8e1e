"""`GET /events/{id}` with `Accept: application/json`: the same events for who can hold nothing.

    {"events": [{"id", "event", "data"}, ...], "cursor": "<id>", "end": false}

It answers as soon as there is an event past `?after=`, or after `?wait=` seconds with
none. The caller comes back with `cursor` as its next `after`; `end` says that nothing
will follow. Ids and events are those of the stream.
"""

from __future__ import annotations

from contextlib import closing

import msgspec

from functions.notify.channel import RING_BYTES
from functions.notify.events import Cursor, Event
from functions.notify.follow import Reader
from functions.notify.replay import Replay
from shared.models import Stored

#: Seconds to wait where the caller does not say.
WAIT_S = 20.0
#: An answer is closed when it has so many events or bytes.
_MOST_EVENTS = 256


class Told(Stored, omit_defaults=False):
    """One event."""

    id: str
    event: str
    data: msgspec.Raw


class Page(Stored, omit_defaults=False):
    """The answer."""

    events: list[Told]
    cursor: str | None
    end: bool


async def poll(reader: Reader | Replay, after: Cursor | None, wait_s: float) -> Page:
    """The next events of a reader, which is closed then."""
    events: list[Event] = []
    with closing(reader):
        found = await reader.read(wait_s)
        while found:
            events += found
            if len(events) >= _MOST_EVENTS or sum(len(it.data) for it in events) >= RING_BYTES:
                break
            found = await reader.read(0.0)
        ended = reader.has_ended
    cursor = events[-1].id if events else after and f"{after.epoch}.{after.seq}"
    told = [Told(it.id, it.type, msgspec.Raw(it.data)) for it in events]
    return Page(told, cursor, ended)
