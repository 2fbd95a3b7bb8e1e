"""Deleting on request: a submission is gone from everywhere, at once or as soon as can be.

Theory of operation. One Lua call (`forget.lua`) removes it from Redis with all that leads to
it, and leaves a note in `keys.FORGOTTEN`: from then on readers are told that there is no such
submission, whatever the archive still has. Then it is buried in the archive: in its place lies
a grave, which no archiver writes over, however long ago it has read the submission. If the store
is away, or we die here, whoever comes by when the note is due does it (`archive/sweeper.py`).
Then its note becomes one of a grave (`keys.BURIED`), and both go a day later. Until then nobody
who has read it from the archive brings it back to Redis (`bring_back.lua`); and what an archiver
took longer ago than some minutes, it does not write at all.

What tells of it elsewhere is removed as well (`shared/traces.py`), and has a note of its own. A
reader of another stream who had not got so far is reset there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from shared import keys, scripts
from shared.archive import Archive, bring_back, folder_of, forgotten_member, is_id
from shared.blobs import BlobDamaged, BlobsAway
from shared.errors import NotFound
from shared.models import Stored
from shared.shelf import NameTaken
from shared.store import Store
from shared.traces import Traces

#: When it is looked after once more, in case that something went wrong at first.
SETTLED_MS = 300_000
#: What `forget.lua` says of one that may be in the archive.
_WAS_ON_ITS_WAY = 2
#: Graves are kept so long.
GRAVE_MS = 86_400_000


class Forgotten(Stored, omit_defaults=False, kw_only=True):
    """The answer of `DELETE /submission/{id}/record`."""

    id: str
    #: `removed`, or `pending` while the store of files is away.
    archive: str


class Forgetting:
    """For one event loop."""

    def __init__(self, store: Store, archive: Archive) -> None:
        self._client = store.client
        self._settings = store.settings
        self._archive = archive
        self._traces = Traces(store.client)

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
        streams = [batch] if batch else []
        await self._traces.of_submission(submission_id, tenant, streams)
        found = await self.in_redis(submission_id, tenant)
        if not found:  # somebody else was first
            raise NotFound(f"no submission {submission_id!r}")
        await self._traces.of_submission(submission_id, tenant, streams)
        may_be_there = found == _WAS_ON_ITS_WAY
        answer = await self._from_archive(submission_id, tenant, batch, itself=may_be_there)
        return Forgotten(id=submission_id, archive=answer)

    async def in_redis(self, submission_id: str, tenant: str) -> int:
        """Forget one where it is stored itself, and no more: for who removes all of a tenant."""
        return int(
            await scripts.acall(
                *(self._client, "forget", submission_id, tenant, keys.PROBLEM_DONE),
                *(keys.latest(tenant, ""), SETTLED_MS),
            )
        )

    async def _damaged(self, submission_id: str, tenant: str) -> Forgotten:
        """One of which nobody can tell any more what leads to it, but for its history."""
        await self.note([submission_id], tenant)
        await self.omit(submission_id, tenant)
        return Forgotten(id=submission_id, archive=await self._from_archive(submission_id, tenant))

    async def omit(self, submission_id: str, tenant: str) -> None:
        """Take it out of its tenant's history, by its id alone."""
        rows: Any = await self._client.zrange(keys.history(tenant), 0, -1)
        old = [row for row in rows if row.startswith(submission_id.encode())]
        if old:
            await self._client.zrem(keys.history(tenant), *old)

    async def again(self, name: str, tenant: str) -> None:
        """Once more, a while after it was forgotten, as its note says.

        Raises:
            BlobsAway, NameTaken: the store cannot be used; the note stays.
        """
        submission_id, is_told, batch = name.partition("/")
        if not is_told:
            await self.bury(name, tenant)
            return
        streams = [batch] if batch else []
        await self._traces.of_submission(submission_id, tenant, streams)
        await self._take_out(submission_id, tenant, batch)
        await self._client.zrem(keys.FORGOTTEN, forgotten_member(name, tenant))

    async def note(self, names: Sequence[str], tenant: str) -> None:
        """Note that these are forgotten, and may still be in the archive."""
        seconds, _ = await self._client.time()
        due_ms = seconds * 1000 + SETTLED_MS
        if names:
            members = {forgotten_member(name, tenant): due_ms for name in names}
            await self._client.zadd(keys.FORGOTTEN, members)

    async def bury(self, name: str, tenant: str) -> None:
        """Remove a submission or a batch from the archive; the note becomes one of its grave.

        Raises:
            BlobsAway, NameTaken: the store cannot be used; the note stays.
        """
        await asyncio.to_thread(self._archive.bury, name, tenant)
        seconds, _ = await self._client.time()
        member = forgotten_member(name, tenant)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(keys.BURIED, {member: seconds * 1000 + GRAVE_MS})
            pipe.zrem(keys.FORGOTTEN, member)
            await pipe.execute()

    async def _take_out(self, submission_id: str, tenant: str, batch: str | None) -> None:
        """Let what is archived of its batch tell no more of it."""
        if batch:
            ttl_s = self._settings.result_ttl_s
            if not await scripts.acall(self._client, "batch_changed", batch, tenant, ttl_s):
                await asyncio.to_thread(self._archive.take_out, batch, submission_id, tenant)

    async def level(self, submission_id: str, tenant: str) -> None:
        """Remove a grave: nobody can be left who would write there.

        Raises:
            BlobsAway: the store cannot be used; the grave stays.
        """
        await asyncio.to_thread(self._archive.remove, submission_id, tenant)
        await self._client.zrem(keys.BURIED, forgotten_member(submission_id, tenant))

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

    async def _from_archive(
        self, submission_id: str, tenant: str, batch: str | None = None, *, itself: bool = True
    ) -> str:
        try:
            await self._take_out(submission_id, tenant, batch)
            if itself:
                await asyncio.to_thread(self._archive.bury, submission_id, tenant)
        except (BlobsAway, NameTaken):
            return "pending"
        return "removed"
