"""How long what has ended is kept: of each tenant, in Redis and in the archive."""

from __future__ import annotations

import time

import redis.asyncio

from shared import keys, tenants
from shared.settings import Settings

DAY_S = 86_400
#: What a tenant's settings say is asked for again after so long.
_FRESH_S = 30.0


class Retention:
    """The rules, for one event loop."""

    def __init__(self, client: redis.asyncio.Redis, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._known: dict[str, tuple[float, int]] = {}

    async def days(self, tenant: str) -> int:
        """Days a tenant's submissions are kept from their end; 0 is for ever."""
        at, days = self._known.get(tenant, (-_FRESH_S, 0))
        if time.monotonic() - at >= _FRESH_S:
            own = (await tenants.read(self._client, tenant)).retention_days
            days = self._settings.retention_days if own is None else own
            self._known[tenant] = (time.monotonic(), days)
        return days

    async def any(self) -> bool:
        """Whether anybody's are kept for a limited time."""
        if self._settings.retention_days:
            return True
        async for key in self._client.scan_iter(keys.tenant("*"), count=500):
            if int(await self._client.hget(key, "retention_days") or 0):
                return True
        return False

    async def in_redis_s(self, tenant: str) -> int:
        """Seconds in Redis, from the end on."""
        days = await self.days(tenant)
        ttl_s = self._settings.result_ttl_s
        return min(ttl_s, days * DAY_S) if days else ttl_s
