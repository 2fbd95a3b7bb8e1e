"""Puts what has ended into the archive, so that Redis may let it go.

Theory of operation. `shared/archive.py` says what lies where. Each process looks once a
second, takes some under a lease, reads them, writes them on other threads, several at a time,
and settles those that were written in one call. A process that dies in the middle leaves its
own to the next one. While the store of files is away nothing is taken: what has ended stays
in Redis, without a TTL, until it comes back; the pause between tries doubles up to a minute.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Sequence
from itertools import chain

from redis.exceptions import RedisError

from functions.archive.batches import BatchArchiver
from shared import keys, logs, scripts
from shared.archive import Archive, Record, record_of
from shared.blobs import BlobsAway
from shared.retention import Retention
from shared.settings import Settings

log = logs.get_logger(__name__)

_LEASE_MS = 60_000
_AT_ONCE = 64
#: Taken at once, about; so much of it is in memory, several times over.
_BYTES_AT_ONCE = 32 * 1024 * 1024
_WRITERS = 8
#: Each process looks so often.
LOOK_S = 1.0
_LONGEST_PAUSE_S = 60.0
#: What was taken so long ago is not written any more, by one that was stopped meanwhile: of what
#: is forgotten, the archive remembers a day (`shared/forgetting.py`).
_LATE_S = 600.0


class Archiver:
    """The one of this process. `archive` of the settings must be the same in all of them."""

    def __init__(
        self,
        archive: Archive,
        settings: Settings,
        retention: Retention,
        *,
        lease_ms: int = _LEASE_MS,
    ) -> None:
        self._archive = archive
        self._client = archive.client
        self._mode = settings.archive
        self._retention = retention
        self._lease_ms = lease_ms
        self._batches = BatchArchiver(archive, settings, retention)

    async def run(self) -> None:
        """Archive, until cancelled."""
        pause_s = LOOK_S
        while True:
            done, well = 0, False
            try:
                done = await self.some() + await self._batches.some()
                well = True
                if done:
                    await self._client.hdel(keys.ARCHIVE, "error")
            except BlobsAway as away:
                log.warning("what has ended waits to be archived", error=away)
                await self._tell("error", str(away))
            except (RedisError, OSError) as error:
                log.info("the archive waits for Redis", error=error)
            except Exception:
                log.exception("nothing was archived")
                await self._tell("error", "something went wrong; it has been logged")
            pause_s = LOOK_S if well else min(pause_s * 2, _LONGEST_PAUSE_S)
            if done < _AT_ONCE:
                await asyncio.sleep(random.uniform(pause_s / 2, pause_s))

    async def some(self) -> int:
        """Archive what is due now, up to a bound; gives how many that were.

        Raises:
            BlobsAway: the store of files cannot be used; what was taken waits for its lease.
        """
        late_s = _now_s() + _LATE_S
        ids: list[bytes] = await scripts.acall(
            *(self._client, "to_archive", _AT_ONCE, self._lease_ms, _BYTES_AT_ONCE, self._mode)
        )
        records = await self._read([each.decode() for each in ids])
        if self._mode == "none":  # but for what is there in an older version
            await self._settle([it for it in records if it.rev == 1], written=False)
            records = [it for it in records if it.rev > 1]
        shares = [records[first::_WRITERS] for first in range(min(_WRITERS, len(records)))]
        writing = (asyncio.to_thread(self._write, share, late_s) for share in shares)
        failed = dict(chain.from_iterable(await asyncio.gather(*writing)))
        await self._settle([it for it in records if it.id not in failed], written=True)
        await self._mind(list(failed.values()))
        return len(ids)

    async def _mind(self, failed: Sequence[Exception]) -> None:
        """What failed by itself waits for its lease, and holds up nothing else."""
        for error in failed:
            if isinstance(error, BlobsAway):
                raise error
            log.error("a submission was not archived", exc_info=error)
        if failed:
            await self._client.hincrby(keys.ARCHIVE, "failed", len(failed))

    async def _read(self, ids: Sequence[str]) -> list[Record]:
        async with self._client.pipeline(transaction=False) as pipe:
            for submission_id in ids:
                pipe.hgetall(keys.submission(submission_id))
                pipe.xrange(keys.events(submission_id))
            rows = await pipe.execute()
        return [
            record_of(submission_id, fields, entries)
            for submission_id, fields, entries in zip(ids, rows[::2], rows[1::2], strict=True)
            if fields
        ]

    def _write(
        self, records: Sequence[Record], late_s: float = math.inf
    ) -> list[tuple[str, Exception]]:
        """Write some, one after the other, on a thread; gives what failed."""
        failed: list[tuple[str, Exception]] = []
        for number, record in enumerate(records):
            try:
                if _now_s() > late_s:
                    raise RuntimeError("it was taken too long ago; it is taken again")
                self._archive.write(record)
            except (BlobsAway, OSError) as error:
                # The others would fare no better, and it may take long for each.
                away = _away(error)
                return [*failed, *((it.id, away) for it in records[number:])]
            except Exception as error:
                failed.append((record.id, error))
        return failed

    async def _settle(self, records: Sequence[Record], *, written: bool) -> None:
        parts: list[scripts.Arg] = []
        for record in records:
            ttl_s = await self._retention.in_redis_s(record.tenant)
            parts += [record.id, record.tenant, record.rev, ttl_s]
        if not parts:
            return
        gone = await scripts.acall(self._client, "archived", "1" if written else "", *parts)
        tenants = {record.id: record.tenant for record in records}
        for submission_id in (each.decode() for each in gone):
            # Its owner had it deleted while we wrote it.
            await asyncio.to_thread(self._archive.bury, submission_id, tenants[submission_id])

    async def _tell(self, field: str, what: str) -> None:
        try:
            await self._client.hset(keys.ARCHIVE, field, what)
        except (RedisError, OSError):
            log.info("Redis is away, too")


def _now_s() -> float:
    """A clock that also runs while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _away(error: BlobsAway | OSError) -> BlobsAway:
    """A disk that is full is a store that cannot be used."""
    if isinstance(error, BlobsAway):
        return error
    return BlobsAway(f"the folder of files cannot be written: {error.strerror}")
