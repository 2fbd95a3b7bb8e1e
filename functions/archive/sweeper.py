"""Removes from the archive what was forgotten, and what has been kept for as long as it may be.

Theory of operation. Notes of what was forgotten, and of graves, are looked at each minute, by
every process; to remove a thing twice does no harm. How long a tenant's submissions are kept is
looked after once an hour by one process, whichever is first to say so; if it dies over it, the
next hour's goes on. The time counts from when a record was last written, so judging again begins
it anew. And what is solved follows what is installed (`shared/standings.py`), where who changed
that has died over it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from redis.exceptions import RedisError

from shared import keys, logs
from shared.archive import TOP, Archive, tenant_of
from shared.blobs import BlobsAway
from shared.forgetting import Forgetting
from shared.retention import DAY_S, Retention
from shared.shelf import Listed
from shared.standings import Restanding

log = logs.get_logger(__name__)

_LOOK_S = 60.0
_EVERY_MS = 3_600_000
_AT_ONCE = 500


class Sweeper:
    """The one of this process."""

    def __init__(self, archive: Archive, forgetting: Forgetting, retention: Retention) -> None:
        self._archive = archive
        self._client = archive.client
        self._forgetting = forgetting
        self._retention = retention
        self._restanding = Restanding(archive.client)

    async def run(self) -> None:
        """Sweep, until cancelled."""
        while True:
            await asyncio.sleep(random.uniform(_LOOK_S / 2, _LOOK_S))
            try:
                await self.forget_due()
                await self.level_due()
                await self._restanding.rest()
                if await self._client.set(keys.SWEEPING, 1, nx=True, px=_EVERY_MS):
                    await self._restanding.look()
                    await self.expire()
            except BlobsAway as away:
                log.warning("what is to be removed waits", error=away)
            except (RedisError, OSError) as error:
                log.info("sweeping waits for Redis", error=error)
            except Exception:
                log.exception("the archive was not swept")

    async def forget_due(self) -> int:
        """Look after what was forgotten a while ago once more; how many."""
        due = await self._due(keys.FORGOTTEN)
        for name, tenant in due:
            await self._forgetting.again(name, tenant)
        return len(due)

    async def level_due(self) -> int:
        """Remove graves that have been there long enough; how many."""
        due = await self._due(keys.BURIED)
        for submission_id, tenant in due:
            await self._forgetting.level(submission_id, tenant)
        return len(due)

    async def _due(self, notes: str) -> list[tuple[str, str]]:
        seconds, _ = await self._client.time()
        due: Any = await self._client.zrangebyscore(
            notes, "-inf", seconds * 1000, start=0, num=_AT_ONCE
        )
        return [(id_, tenant) for id_, _, tenant in (it.decode().partition(":") for it in due)]

    async def expire(self, now_s: float | None = None) -> int:
        """Remove what has been kept for as long as its tenant's may be; how many."""
        if not await self._retention.any():
            return 0
        now_s, gone = time.time() if now_s is None else now_s, 0
        listed = self._archive.shelf.names(f"{TOP}/")
        while page := await asyncio.to_thread(_some, listed):
            for it in page:
                tenant = await asyncio.to_thread(self._tenant, it.name)
                days = await self._retention.days(tenant) if tenant is not None else 0
                if days and now_s - it.stored_s > days * DAY_S:
                    await self._expire(it.name.rpartition("/")[2], str(tenant))
                    gone += 1
        if gone:
            await self._client.hincrby(keys.ARCHIVE, "expired", gone)
        return gone

    async def _expire(self, submission_id: str, tenant: str) -> None:
        await asyncio.to_thread(self._archive.remove, submission_id, tenant)
        await self._forgetting.omit(submission_id, tenant)

    def _tenant(self, name: str) -> str | None:
        """Whose it is; None if nobody can tell, and then it stays."""
        return tenant_of(name) or self._archive.owner(name)


def _some(listed: Iterator[Listed]) -> list[Listed]:
    return list(islice(listed, _AT_ONCE))
