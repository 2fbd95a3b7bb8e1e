"""What has become of a batch: its results, in the order in which they ended.

The list of those that have ended only grows, so a place in it is a number: whoever lost
the connection goes on after the last `position` he has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from shared.answers import BatchLine
from shared.batches import Batches
from shared.errors import InvalidField
from shared.models import encode
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
                is_over = (await self._batches.summary(batch_id, tenant=tenant)).status in TERMINAL
                ended = await self._batches.ended(batch_id, after, _CHUNK)
                for line in await self._read(ended, after, tenant):
                    yield encode(line) + b"\n"
                after += len(ended)
                if ended:
                    continue
                if is_over or not follow or self._waiting.is_closed:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), _RECHECK_S)

    async def _read(self, ids: list[str], after: int, tenant: str) -> list[BatchLine]:
        found = await self._store.read_many(ids, tenant=tenant)
        return [
            BatchLine(
                position=after + offset,
                id=submission_id,
                index=snapshot.index if snapshot else None,
                client_id=snapshot.client_id if snapshot else None,
                result=snapshot.result if snapshot else None,
            )
            for offset, (submission_id, snapshot) in enumerate(
                zip(ids, found, strict=True), start=1
            )
        ]
