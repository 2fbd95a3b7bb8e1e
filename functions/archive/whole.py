"""Deleting a whole batch: its submissions, one after the other, then what the batch itself told.

Theory of operation. What has not ended is cancelled first. The batch goes last: whoever asks
again, because we died in the middle or the answer was lost, finds it and goes on. Each of its
submissions is forgotten where it is stored, and leaves a grave where it may have been archived
(`shared/forgetting.py`); what the streams tell of them goes with the batch, in one pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from shared import keys, scripts
from shared.archive import Archive, forgotten_member
from shared.batches import CHUNK, Batches
from shared.blobs import BlobsAway
from shared.forgetting import SETTLED_MS, Forgetting, Forgotten
from shared.shelf import NameTaken
from shared.store import Store
from shared.traces import Traces
from shared.verdicts import TERMINAL


class WholeBatches:
    """For one event loop."""

    def __init__(self, store: Store, archive: Archive, forgetting: Forgetting) -> None:
        self._client = store.client
        self._batches = Batches(store.client, store.settings, archive)
        self._forgetting = forgetting
        self._traces = Traces(store.client)

    async def forget(self, batch_id: str, *, tenant: str) -> Forgotten:
        """Forget a batch and all of it.

        Raises:
            NotFound: there is no such batch of this tenant.
        """
        look = await self._batches.look(batch_id, tenant=tenant)
        if look.fields["state"] not in TERMINAL:
            await self._batches.cancel(batch_id, tenant=tenant)
        answer = "removed"
        ids = await self._ids(batch_id, tenant)
        for first in range(0, len(ids), CHUNK):
            if not await self._items(ids[first : first + CHUNK], batch_id, tenant):
                answer = "pending"
        await self._traces.of_batch(batch_id, tenant, ids)
        await scripts.acall(self._client, "forget_batch", batch_id, tenant, SETTLED_MS)
        await self._traces.of_batch(batch_id, tenant, ids)
        if not await self._bury(batch_id, tenant):
            answer = "pending"
        return Forgotten(id=batch_id, archive=answer)

    async def _ids(self, batch_id: str, tenant: str) -> Sequence[str]:
        """Those of a batch that has ended."""
        look = await self._batches.look(batch_id, tenant=tenant)
        if look.record is None:
            ids = await self._batches.ended(batch_id, 0, int(look.fields["total"]))
            if ids:
                return ids
            look = await self._batches.look(batch_id, tenant=tenant)  # Redis let it go just now
        return look.record.ended if look.record else []

    async def _items(self, ids: Sequence[str], batch_id: str, tenant: str) -> bool:
        """Forget some; False if the archive has to be looked after later."""
        async with self._client.pipeline(transaction=False) as pipe:
            for name in ids:
                pipe.hmget(keys.submission(name), ["tenant", "rev"])
            stored: list[Any] = await pipe.execute()
        # What is in Redis, and in no version for the archive, has never been there.
        kept = [name for name, it in zip(ids, stored, strict=True) if it[0] is None or it[1]]
        await self._forgetting.note(kept, tenant)
        await asyncio.gather(*(self._forgetting.in_redis(name, tenant) for name in ids))
        # What told of them needs not be looked after one by one, as if the batch stayed.
        told = [forgotten_member(f"{name}/{batch_id}", tenant) for name in ids]
        await self._client.zrem(keys.FORGOTTEN, *told)
        return all(await asyncio.gather(*(self._bury(name, tenant) for name in kept)))

    async def _bury(self, name: str, tenant: str) -> bool:
        try:
            await self._forgetting.bury(name, tenant)
        except (BlobsAway, NameTaken):
            return False
        return True
