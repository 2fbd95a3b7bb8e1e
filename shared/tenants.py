"""What a tenant may do: one hash in Redis per tenant, each field with a default.

The hash `keys.tenant(name)` is written by who manages tenants and keys, and read where it
counts: by Lua at submit and claim (weight, caps, waiting limits), by Python elsewhere. A
field that is missing has its default, and a tenant without a hash has all of them, so
nobody has to be registered before he may submit.

| field              | default                    | what                                          |
|--------------------|----------------------------|-----------------------------------------------|
| weight             | 1                          | share of the slots, beside other tenants      |
| most_running       | 0: no cap                  | submissions that run at the same time         |
| most_waiting       | 0: as the setting says     | submissions that wait                         |
| most_waiting_bytes | 0: as the setting says     | bytes of unfinished submissions               |
| priorities         | interactive, default, bulk | classes that may be asked for, with commas    |
| most_streams       | 0: as the setting says     | event streams open at the same time           |
| rate_per_minute    | 0: no limit                | requests, by a bucket that refills evenly     |
| rate_burst         | 0: as many as per minute   | requests at once                              |
| retention_days     | as the setting says        | days what has ended is kept; 0 is for ever    |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import redis.asyncio

from shared import keys
from shared.models import Stored
from shared.priority import ORDINARY, Priority


class TenantSettings(Stored, rename=None, omit_defaults=False, kw_only=True):
    """The fields of a tenant's hash, spelled as they are stored."""

    weight: float = 1.0
    most_running: int = 0
    most_waiting: int = 0
    most_waiting_bytes: int = 0
    priorities: tuple[Priority, ...] = ORDINARY
    most_streams: int = 0
    rate_per_minute: int = 0
    rate_burst: int = 0
    retention_days: int | None = None


def to_fields(settings: TenantSettings) -> dict[str, str]:
    """The hash as it is stored."""
    plain = msgspec.to_builtins(settings) | {"priorities": ",".join(settings.priorities)}
    return {name: str(value) for name, value in plain.items() if value is not None}


def from_fields(fields: Mapping[str, str]) -> TenantSettings:
    """The settings of a stored hash; unknown fields of a newer version are skipped.

    Raises:
        msgspec.ValidationError: a field is not of its type.
    """
    known: dict[str, Any] = dict(fields)
    if "priorities" in known:
        known["priorities"] = [name for name in known["priorities"].split(",") if name]
    return msgspec.convert(known, TenantSettings, strict=False)


async def read(client: redis.asyncio.Redis, tenant: str) -> TenantSettings:
    """A tenant's settings, with the defaults for what is not stored."""
    stored: dict[Any, Any] = await client.hgetall(keys.tenant(tenant))
    return from_fields({name.decode(): value.decode() for name, value in stored.items()})
