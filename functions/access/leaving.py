"""Removing what a deleted account has left in Redis and in the archive.

Theory of operation. `leave.lua` takes the account away in one step and notes its tenant
among those that are leaving. From then on nothing of it can come in, so one pass over all
submissions finds what there is: what has not ended is cancelled, which tells its worker,
then everything is deleted. A process that dies in the middle leaves the note; whoever next
looks, each minute, does the rest. Everything here may be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError

from shared import keys, logs
from shared.archive import Archive
from shared.batches import Batches
from shared.blobs import BlobsAway
from shared.credentials import Credentials
from shared.errors import AssayError, NotFound
from shared.forgetting import Forgetting
from shared.scanning import hashes_with
from shared.store import Store
from shared.traces import Traces
from shared.verdicts import TERMINAL

_LOG = logs.get_logger(__name__)
_LOOK_EVERY_S = 60.0
_STEP = 500
#: Calls that wait for Redis together.
_AT_ONCE = 16


class Leaving:
    """For one event loop."""

    def __init__(self, store: Store, archive: Archive) -> None:
        self._client = store.client
        self._forgetting = Forgetting(store, archive)
        self._batches = Batches(store.client, store.settings)
        self._credentials = Credentials(store.client)
        self._traces = Traces(store.client)

    async def run(self) -> None:
        """Finish what others have begun, now and then, until cancelled."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                leaving: Any = await self._client.smembers(keys.LEAVING)
                for tenant in leaving:
                    await self.try_to_remove(tenant.decode())
            await asyncio.sleep(_LOOK_EVERY_S)

    async def try_to_remove(self, tenant: str) -> None:
        """The same as `remove`; what cannot be done now is done by `run`."""
        try:
            await self.remove(tenant)
        except Exception as error:  # one account's trouble shall not keep the others'
            known = isinstance(error, RedisError | OSError | AssayError)
            _LOG.warning(
                "what it has left is removed later", of=tenant, error=error, exc_info=not known
            )

    async def remove(self, tenant: str) -> None:
        """Cancel and delete everything of a tenant whose account is deleted."""
        await self._credentials.close_all(tenant)
        await self._revoke_keys(tenant)
        async for batches in hashes_with(self._client, keys.batch(""), "tenant", tenant):
            for batch_id in batches:
                await self._remove_batch(batch_id, tenant)
        async for ids in hashes_with(self._client, keys.submission(""), "tenant", tenant):
            await self._remove_submissions(ids, tenant)
        await self._remove_deliveries(tenant)
        await self._traces.of_tenant(tenant)
        await self._remove_scanned(keys.latest(tenant, "*"), keys.once(tenant, "*"))
        await self._client.zrem(keys.FAILING, tenant)
        await self._client.delete(
            keys.tenant_stream(tenant),
            keys.events(keys.tenant_events(tenant)),
            keys.history(tenant),
            keys.devices(tenant),
            keys.tenant(tenant),
            keys.rate(tenant),
            keys.share(tenant),
            keys.webhook_secret(tenant),
            keys.failed_deliveries(tenant),
        )
        try:
            await self._forgetting.tenant(tenant)
        except BlobsAway as away:
            _LOG.warning("what it has in the archive waits", of=tenant, error=away)
            return
        await self._client.srem(keys.LEAVING, tenant)

    async def _remove_batch(self, batch_id: str, tenant: str) -> None:
        with contextlib.suppress(NotFound):
            summary = await self._batches.summary(batch_id, tenant=tenant)
            if summary.status not in TERMINAL:
                await self._batches.cancel(batch_id, tenant=tenant)
        await self._client.delete(
            keys.batch(batch_id),
            keys.batch_left(batch_id),
            keys.batch_ended(batch_id),
            keys.events(batch_id),
        )
        await self._client.zrem(keys.FILLING, batch_id)
        await self._client.zrem(keys.BATCHES_TO_ARCHIVE, batch_id)

    async def _remove_submissions(self, ids: Sequence[str], tenant: str) -> None:
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            await asyncio.gather(*(self._forgetting.in_redis(it, tenant) for it in some))

    async def _remove_deliveries(self, tenant: str) -> None:
        due: Any = await self._client.zrange(keys.DELIVERIES, 0, -1)
        for name in due:
            key = keys.delivery(name.decode())
            if await self._client.hget(key, "tenant") == tenant.encode():
                await self._client.zrem(keys.DELIVERIES, name)
                await self._client.delete(key)

    async def _remove_scanned(self, *patterns: str) -> None:
        for pattern in patterns:
            names = [name async for name in self._client.scan_iter(pattern, count=_STEP)]
            if names:
                await self._client.delete(*names)

    async def _revoke_keys(self, tenant: str) -> None:
        for key_id, stored in (await self._credentials.list_keys()).items():
            if stored.tenant == tenant:
                await self._credentials.revoke_key(key_id)
