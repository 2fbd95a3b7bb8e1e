"""Deleting on request: a submission is gone from everywhere, at once or as soon as can be.

Theory of operation. One Lua call (`forget.lua`) removes it from Redis with all that leads to
it, and leaves a note in `keys.FORGOTTEN`: from then on readers are told that there is no such
submission, whatever the archive still has. Then it is removed from the archive. An archiver
that was writing it at that very moment learns from the note that it has to remove it again; and
for one that died over it, or a store that was away, whoever comes by when the note is due
removes it once more (`functions/archive/sweeper.py`), and only then the note.

What tells of it in other streams (its tenant's, its batch's) and among the webhooks that were
given up is removed as well. A reader who had not got so far is reset there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from shared import keys, scripts
from shared.archive import Archive, bring_back, folder_of, is_id
from shared.blobs import BlobDamaged, BlobsAway
from shared.errors import NotFound
from shared.models import Stored
from shared.store import Store
from shared.webhooks import FailedDelivery

#: After so long, no archiver writes any more what it has read before.
SETTLED_MS = 300_000
_PAGE = 500


class Forgotten(Stored, omit_defaults=False, kw_only=True):
    """The answer of `DELETE /submission/{id}/record`."""

    id: str
    #: `removed`, or `pending` while the store of files is away.
    archive: str


class _About(Stored):
    submission_id: str = ""


class Forgetting:
    """For one event loop."""

    def __init__(self, store: Store, archive: Archive) -> None:
        self._client = store.client
        self._archive = archive

    async def submission(self, submission_id: str, *, tenant: str) -> Forgotten:
        """Forget one.

        Raises:
            NotFound: there is no such submission of this tenant.
        """
        if not is_id(submission_id):
            raise NotFound(f"no submission {submission_id!r}")
        owner, batch = await self._about(submission_id)
        if owner is None:
            try:
                record = await self._archive.find(submission_id, tenant)
            except BlobDamaged:  # it lies among this tenant's, whatever it was
                return await self._damaged(submission_id, tenant)
            if record is not None:
                await bring_back(self._client, record)
                owner, batch = await self._about(submission_id)
        if owner != tenant:
            raise NotFound(f"no submission {submission_id!r}")
        streams = [keys.tenant_events(tenant), *([batch] if batch else [])]
        await self._clean(submission_id, tenant, streams)
        if not await self.in_redis(submission_id, tenant):  # somebody else was first
            raise NotFound(f"no submission {submission_id!r}")
        await self._clean(submission_id, tenant, streams)
        return Forgotten(id=submission_id, archive=await self._from_archive(submission_id, tenant))

    async def in_redis(self, submission_id: str, tenant: str) -> bool:
        """Forget one where it is stored itself, and no more: for who removes all of a tenant."""
        return bool(
            await scripts.acall(
                *(self._client, "forget", submission_id, tenant, keys.PROBLEM_DONE),
                *(keys.latest(tenant, ""), SETTLED_MS),
            )
        )

    async def _damaged(self, submission_id: str, tenant: str) -> Forgotten:
        """One of which nobody can tell any more what leads to it, but for its history."""
        await self.omit(submission_id, tenant)
        return Forgotten(id=submission_id, archive=await self._from_archive(submission_id, tenant))

    async def omit(self, submission_id: str, tenant: str) -> None:
        """Take it out of its tenant's history, by its id alone."""
        rows: Any = await self._client.zrange(keys.history(tenant), 0, -1)
        old = [row for row in rows if row.startswith(submission_id.encode())]
        if old:
            await self._client.zrem(keys.history(tenant), *old)

    async def again(self, submission_id: str, tenant: str) -> None:
        """Once more from the archive, and then it need not be remembered any more.

        Raises:
            BlobsAway: the store cannot be used; the note stays.
        """
        await self._clean(submission_id, tenant, [keys.tenant_events(tenant)])
        await asyncio.to_thread(self._archive.remove, submission_id, tenant)
        await self._client.zrem(keys.FORGOTTEN, f"{submission_id}:{tenant}")

    async def tenant(self, tenant: str) -> None:
        """Remove all that the archive has of a tenant of whom Redis has nothing.

        Raises:
            BlobsAway: the store cannot be used; come again.
        """
        for it in await asyncio.to_thread(list, self._archive.shelf.names(folder_of(tenant))):
            submission_id = it.name.rpartition("/")[2]
            await asyncio.to_thread(self._archive.remove, submission_id, tenant)

    async def _about(self, submission_id: str) -> tuple[str | None, str | None]:
        """Its tenant and its batch, as Redis has them."""
        names = ["tenant", "batch"]
        found: Any = await self._client.hmget(keys.submission(submission_id), names)
        tenant, batch = (value and value.decode() for value in found)
        return tenant, batch

    async def _from_archive(self, submission_id: str, tenant: str) -> str:
        try:
            await asyncio.to_thread(self._archive.remove, submission_id, tenant)
        except BlobsAway:
            return "pending"
        return "removed"

    async def _clean(self, submission_id: str, tenant: str, streams: list[str]) -> None:
        """Remove what other streams and letters tell of it. May be repeated."""
        for stream in streams:
            key = keys.events(stream)
            async for entry_id, fields in self._entries(key):
                data = fields[b"d"]
                if submission_id.encode() in data and _is_about(data, submission_id):
                    await self._client.xdel(key, entry_id)
        letters = keys.failed_deliveries(tenant)
        rows: Any = await self._client.lrange(letters, 0, -1)
        name = f"submission_{submission_id}"
        for row in rows:
            if name.encode() in row and msgspec.json.decode(row, type=FailedDelivery).id == name:
                await self._client.lrem(letters, 0, row)

    async def _entries(self, key: str) -> AsyncIterator[tuple[bytes, dict[bytes, bytes]]]:
        least = "-"
        while True:
            page: Any = await self._client.xrange(key, min=least, count=_PAGE)
            for entry_id, fields in page:
                yield entry_id, fields
            if len(page) < _PAGE:
                return
            least = f"({page[-1][0].decode()}"


def _is_about(data: bytes, submission_id: str) -> bool:
    return msgspec.json.decode(data, type=_About).submission_id == submission_id
