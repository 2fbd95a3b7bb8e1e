"""Events and cursors: what a stream is made of, and how a reader names its place in it.

An event's id is `<epoch>.<seq>`. Within an epoch the sequence is contiguous from 1, so
a missing event shows; the epoch changes when a sequence can no longer be continued.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.errors import InvalidField
from shared.verdicts import TERMINAL_EVENTS

_CURSOR = re.compile(r"([0-9A-Za-z]{1,32})\.(0|[1-9][0-9]{0,14})")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one stream. `data` is JSON."""

    epoch: str
    seq: int
    type: str
    data: bytes

    @property
    def id(self) -> str:
        """The cursor of a reader that has seen this event and all before it."""
        return f"{self.epoch}.{self.seq}"

    @property
    def is_terminal(self) -> bool:
        """Whether the stream ends here."""
        return self.type in TERMINAL_EVENTS


class Cursor(NamedTuple):
    """The last event that a reader has seen."""

    epoch: str
    seq: int


def parse_cursor(text: str | None, *, field: str) -> Cursor | None:
    """A reader's cursor; `None` for a reader that has seen nothing.

    Raises:
        InvalidField: it has not the form of an event's id; `field` is named.
    """
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise InvalidField("must be the id of an event, as the stream gave it", field=field)
    return Cursor(match[1], int(match[2]))


class Bell(NamedTuple):
    """What the channel of a stream carries: the event itself, so that nobody need read it."""

    seq: int
    type: str
    data: bytes


def parse_bell(payload: bytes) -> Bell:
    """Read `<seq>:<type>:<json>`.

    Raises:
        ValueError: somebody else publishes on our channel.
    """
    seq, kind, data = payload.split(b":", 2)
    return Bell(int(seq), kind.decode(), data)


def parse_entry(entry: Any) -> Bell:  # noqa: ANN401 - redis-py types it too widely
    """Read one entry of a Redis stream as `emit` in `shared/lua/_lib.lua` writes it."""
    entry_id, fields = entry
    return Bell(int(entry_id.split(b"-", 1)[0]), fields[b"t"].decode(), fields[b"d"])
