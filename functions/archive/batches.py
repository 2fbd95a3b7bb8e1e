"""Puts batches that have ended into the archive: what they count, in which order they ended.

Theory of operation. As of submissions (`archiver.py`), which are archived by themselves: the
Lua call that ends a batch puts it into `keys.BATCHES_TO_ARCHIVE` without a TTL, whoever takes it
has a lease, and what was not settled is taken again. A batch is one record, named by its id as
a submission is, so whatever removes, buries or expires the one does the other, too. Of ten
thousand submissions it has some MB in memory, so they are done one after the other, and read
from Redis in pages.
"""

from __future__ import annotations

import asyncio
from typing import Any

from shared import keys, logs, scripts
from shared.archive import Archive, Record, event_of, record_of
from shared.blobs import BlobsAway
from shared.retention import Retention
from shared.settings import Settings

log = logs.get_logger(__name__)

_LEASE_MS = 60_000
#: Taken at once.
_AT_ONCE = 8
_PAGE = 1000


class BatchArchiver:
    """The one of this process."""

    def __init__(self, archive: Archive, settings: Settings, retention: Retention) -> None:
        self._archive = archive
        self._client = archive.client
        self._mode = settings.archive
        self._retention = retention

    async def some(self, lease_ms: int = _LEASE_MS) -> int:
        """Archive what is due now, up to a bound; gives how many that were.

        Raises:
            BlobsAway: the store of files cannot be used; what was taken waits for its lease.
        """
        ids = await scripts.acall(self._client, "batches_to_archive", _AT_ONCE, lease_ms)
        for batch_id in (it.decode() for it in ids):
            try:
                await self._one(batch_id)
            except BlobsAway:
                raise
            except Exception:  # it waits for its lease, and holds up no other
                log.exception("a batch was not archived", batch=batch_id)
                await self._client.hincrby(keys.ARCHIVE, "failed", 1)
        return len(ids)

    async def _one(self, batch_id: str) -> None:
        record = await self.read(batch_id)
        if record is None:
            await self._client.zrem(keys.BATCHES_TO_ARCHIVE, batch_id)
            return
        written = self._mode != "none" or record.rev > 1  # what is there is kept current
        if written:
            await asyncio.to_thread(self._archive.write, record)
        await self.settle(record, written=written)

    async def read(self, batch_id: str) -> Record | None:
        """A batch as Redis has it."""
        stored: Any = await self._client.hgetall(keys.batch(batch_id))
        if not stored:
            return None
        record = record_of(batch_id, stored, [])
        while True:
            page: Any = await self._client.lrange(
                keys.batch_ended(batch_id), len(record.ended), len(record.ended) + _PAGE - 1
            )
            record.ended.extend(name.decode() for name in page)
            if len(page) < _PAGE:
                break
        after = "-"
        while True:
            entries: Any = await self._client.xrange(keys.events(batch_id), min=after, count=_PAGE)
            record.events.extend(event_of(entry) for entry in entries)
            if len(entries) < _PAGE:
                return record
            after = f"({entries[-1][0].decode()}"

    async def settle(self, record: Record, *, written: bool) -> None:
        """Redis may let it go, at its time."""
        ttl_s = await self._retention.in_redis_s(record.tenant)
        answer = await scripts.acall(
            *(self._client, "batch_archived", record.id, record.tenant, record.rev, ttl_s),
            "1" if written else "",
        )
        if answer == b"gone":  # it was deleted while we wrote it
            await asyncio.to_thread(self._archive.bury, record.id, record.tenant)
