"""Webhooks that were given up, of all tenants: look at them, send them again, drop them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import redis.asyncio

from shared import keys, scripts
from shared.errors import NotFound
from shared.operations import DeadLetter
from shared.webhooks import FailedDelivery

#: The operator is shown so many; of no more tenants than that are any read.
MOST_SHOWN = 100


@dataclass(frozen=True)
class _Found:
    tenant: str
    row: bytes
    letter: FailedDelivery


class Letters:
    """The dead letters of the whole service."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def newest(self) -> list[DeadLetter]:
        """The newest of all tenants."""
        found = await self._of(await self._tenants(MOST_SHOWN), MOST_SHOWN)
        found.sort(key=lambda it: it.letter.at_ms, reverse=True)
        return [_shown(it) for it in found[:MOST_SHOWN]]

    async def count(self) -> int:
        """How many there are."""
        async with self._client.pipeline(transaction=False) as pipe:
            for tenant in await self._tenants():
                pipe.llen(keys.failed_deliveries(tenant))
            return sum(await pipe.execute())

    async def replay(self, letter_id: str) -> None:
        """Put it in line once more, with all its attempts before it.

        Raises:
            NotFound: there is none.
        """
        await self._take(letter_id, letter_id.replace("_", ":", 1))

    async def drop(self, letter_id: str) -> None:
        """Forget it.

        Raises:
            NotFound: there is none.
        """
        await self._take(letter_id, "")

    async def _take(self, letter_id: str, name: str) -> None:
        found = await self._find(letter_id)
        await scripts.acall(
            self._client,
            "letter",
            keys.failed_deliveries(found.tenant),
            found.row,
            keys.FAILING,
            found.tenant,
            name,
            found.letter.url,
            found.letter.body,
        )

    async def _find(self, letter_id: str) -> _Found:
        for tenant in await self._tenants():
            for found in await self._of([tenant], 0):
                if found.letter.id == letter_id:
                    return found
        raise NotFound(f"no webhook {letter_id!r} was given up")

    async def _tenants(self, most: int = 0) -> list[str]:
        """Those that have any, who failed last first."""
        names: Any = await self._client.zrevrange(keys.FAILING, 0, most - 1)
        return [name.decode() for name in names]

    async def _of(self, tenants: list[str], most: int) -> list[_Found]:
        async with self._client.pipeline(transaction=False) as pipe:
            for tenant in tenants:
                pipe.lrange(keys.failed_deliveries(tenant), 0, most - 1)
            lists = await pipe.execute()
        return [
            _Found(tenant, row, msgspec.json.decode(row, type=FailedDelivery))
            for tenant, rows in zip(tenants, lists, strict=True)
            for row in rows
        ]


def _shown(found: _Found) -> DeadLetter:
    letter = found.letter
    return DeadLetter(
        id=letter.id,
        tenant=found.tenant,
        url=urlsplit(letter.url)._replace(query="").geturl(),
        attempts=letter.attempts,
        error=letter.error,
        at_ms=letter.at_ms,
    )
