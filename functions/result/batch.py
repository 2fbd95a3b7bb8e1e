"""What has become of a batch: its results, in the order in which they ended.

The list of those that have ended only grows, so a place in it is a number: whoever lost
the connection goes on after the last `position` he has seen. It is the same list when Redis has
let the batch go, which may be at any moment, also in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping

import msgspec

from shared.answers import BatchLine
from shared.archive import Record
from shared.batches import Batches, summarize
from shared.errors import InvalidField
from shared.models import Stored, encode
from shared.store import Store
from shared.verdicts import TERMINAL
from shared.waiting import Waiting

#: Results read at once; each may have megabytes of output.
_CHUNK = 16
#: We look for ourselves so often, in case nobody rings.
_RECHECK_S = 1.0
_POSITION = re.compile(r"[0-9]{1,9}")


def parse_after(text: str | None) -> int:
    """The position of `?after=`; 0 if it is not there.

    Raises:
        InvalidField: it is no position.
    """
    if text is None:
        return 0
    if not _POSITION.fullmatch(text):
        raise InvalidField("after must be the position of a line", field="after")
    return int(text)


def parse_follow(text: str | None) -> bool:
    """Whether to wait for what has not ended yet; so it is unless `?follow=false`.

    Raises:
        InvalidField: it is neither true nor false.
    """
    if text not in (None, "true", "false"):
        raise InvalidField("follow must be true or false", field="follow")
    return text != "false"


class Results:
    """Follows the results of batches, for one event loop."""

    def __init__(self, batches: Batches, store: Store, waiting: Waiting) -> None:
        self._batches = batches
        self._store = store
        self._waiting = waiting

    async def lines(
        self, batch_id: str, *, tenant: str, after: int, follow: bool
    ) -> AsyncIterator[bytes]:
        """A line of JSON for each result, until all have ended or we are about to stop."""
        with self._waiting.bell(batch_id) as bell:
            while True:
                bell.clear()
                # The state first: what ends after this is in the list that is read then.
                look = await self._batches.look(batch_id, tenant=tenant)
                if look.record is not None:
                    async for line in self._archived(look.record, after, tenant):
                        yield line
                    return
                now = summarize(batch_id, look.fields)
                ended = await self._batches.ended(batch_id, after, _CHUNK)
                for line in await self._read(ended, after, tenant):
                    yield line
                after += len(ended)
                is_over = now.status in TERMINAL and after >= now.finished + now.cancelled
                if ended:
                    continue
                if is_over or not follow or self._waiting.is_closed:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), _RECHECK_S)

    async def _archived(self, record: Record, after: int, tenant: str) -> AsyncIterator[bytes]:
        """The same of a batch that Redis has let go: all have ended."""
        known = _known(record)
        for first in range(after, len(record.ended), _CHUNK):
            ended = record.ended[first : first + _CHUNK]
            for line in await self._read(ended, first, tenant, known):
                yield line

    async def _read(
        self, ids: list[str], after: int, tenant: str, known: Mapping[str, _Item] | None = None
    ) -> list[bytes]:
        """Their lines. Of what is not kept any more, `known` may still have the place."""
        found = await self._store.read_many(ids, tenant=tenant)
        lines = []
        for position, (name, it) in enumerate(zip(ids, found, strict=True), start=after + 1):
            item = (known or {}).get(name, _NOTHING)
            line = BatchLine(
                position=position,
                id=name,
                index=it.index if it else item.index,
                client_id=it.client_id if it else item.client_id,
                result=it.result if it else None,
            )
            lines.append(encode(line) + b"\n")
        return lines


class _Item(Stored):
    """A submission, as its batch's stream has told of its end."""

    submission_id: str = ""
    index: int | None = None
    client_id: str | None = None


_NOTHING = _Item()


def _known(record: Record) -> dict[str, _Item]:
    items = (msgspec.json.decode(data, type=_Item) for _, _, data in record.events)
    return {it.submission_id: it for it in items if it.submission_id}
