"""What tells of a submission or a batch where it is not stored itself, found and removed.

Theory of operation. An end is told in other streams (of its tenant, of its batch), by a webhook,
and by an event to the outlet, which is the operator's (`shared/webhooks.py`). Each of those may
wait, be under way, or have been given up and lie among the failed ones; from there it may be
put in line again. So the failed ones are looked through first, then what waits, and all of it
more than once (`shared/forgetting.py`): what moves from one to the other meanwhile is met the
next time. What is under way cannot come back: it is laid down among the failed ones only if it
is still in line (`give_up.lua`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.identity import LOCAL_TENANT
from shared.models import Stored
from shared.webhooks import FailedDelivery

_PAGE = 500


class _About(Stored):
    submission_id: str = ""
    batch_id: str = ""
    tenant: str = ""


class Traces:
    """For one event loop. Everything here may be repeated."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def of_submission(
        self, submission_id: str, tenant: str, streams: Iterable[str] = ()
    ) -> None:
        """Remove what tells of a submission: in its tenant's stream, in others, and to anybody."""
        for stream in (keys.tenant_events(tenant), *streams):
            await self._from_stream(stream, submission_id)
        webhook, event = f"submission_{submission_id}", f"event_{submission_id}-"

        def is_about(letter: FailedDelivery) -> bool:
            return letter.id == webhook or letter.id.startswith(event)

        for owner in {tenant, LOCAL_TENANT}:
            await self._letters(owner, is_about)
        await self._deliveries(f"*:{submission_id}*")

    async def of_batch(self, batch_id: str, tenant: str, items: Iterable[str]) -> None:
        """Remove what tells of a batch and of its submissions; its own stream goes by its name."""
        await self._from_stream(keys.tenant_events(tenant), batch_id)
        webhook = f"batch_{batch_id}"

        def is_about(letter: FailedDelivery) -> bool:
            return letter.id == webhook or (
                bool(letter.body) and _about(letter.body.encode()).batch_id == batch_id
            )

        for owner in {tenant, LOCAL_TENANT}:
            await self._letters(owner, is_about)
        await self._deliveries(f"batch:{batch_id}")
        await self._events(lambda about: about.batch_id == batch_id)
        known = set(items)
        rows: Any = await self._client.lrange(keys.JUDGE_ERRORS, 0, -1)
        for row in rows:
            if _about(row).submission_id in known:
                await self._client.lrem(keys.JUDGE_ERRORS, 0, row)

    async def of_tenant(self, tenant: str) -> None:
        """Remove what tells the outlet of a tenant; what is its own is removed by its name."""
        await self._events(lambda about: about.tenant == tenant)

        def is_about(letter: FailedDelivery) -> bool:
            return bool(letter.body) and _about(letter.body.encode()).tenant == tenant

        await self._letters(LOCAL_TENANT, is_about)

    async def _from_stream(self, stream: str, name: str) -> None:
        key = keys.events(stream)
        async for entry_id, fields in self._entries(key):
            data = fields[b"d"]
            if name.encode() not in data:
                continue
            about = _about(data)
            if name in (about.submission_id, about.batch_id):
                await self._client.xdel(key, entry_id)

    async def _letters(self, owner: str, is_about: Callable[[FailedDelivery], bool]) -> None:
        """Remove what was given up."""
        key = keys.failed_deliveries(owner)
        rows: Any = await self._client.lrange(key, 0, -1)
        for row in rows:
            if is_about(msgspec.json.decode(row, type=FailedDelivery)):
                await scripts.acall(
                    self._client, "letter", key, row, keys.FAILING, owner, "", "", ""
                )

    async def _deliveries(self, names: str) -> None:
        """Remove what waits to be told, or is under way."""
        async for name, _ in self._client.zscan_iter(keys.DELIVERIES, match=names, count=_PAGE):
            await self._undeliver(name.decode())

    async def _events(self, is_about: Callable[[_About], bool]) -> None:
        """The same of events for the outlet, by what they tell."""
        async for name, _ in self._client.zscan_iter(keys.DELIVERIES, match="event:*", count=_PAGE):
            body: Any = await self._client.hget(keys.delivery(name.decode()), "body")
            if body and is_about(_about(body)):
                await self._undeliver(name.decode())

    async def _undeliver(self, name: str) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.DELIVERIES, name)
            pipe.delete(keys.delivery(name))
            await pipe.execute()

    async def _entries(self, key: str) -> AsyncIterator[tuple[bytes, dict[bytes, bytes]]]:
        least = "-"
        while True:
            page: Any = await self._client.xrange(key, min=least, count=_PAGE)
            for entry_id, fields in page:
                yield entry_id, fields
            if len(page) < _PAGE:
                return
            least = f"({page[-1][0].decode()}"


def _about(data: bytes) -> _About:
    return msgspec.json.decode(data, type=_About)
