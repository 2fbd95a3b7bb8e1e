"""The version of what is stored: another one is refused rather than misread.

The first process that meets an empty store writes its own. Web functions ask by
`Store.check_schema`, workers here.
"""

from __future__ import annotations

from typing import Any

import redis

from shared import keys
from shared.errors import Unavailable
from shared.store import SCHEMA_VERSION


def check_schema(client: redis.Redis) -> None:
    """See that the store is of this version.

    Raises:
        Unavailable: it is of another one.
        redis.RedisError: it cannot be reached.
    """
    client.set(keys.SCHEMA, SCHEMA_VERSION, nx=True)
    found: Any = client.get(keys.SCHEMA)
    if found is None or int(found) != SCHEMA_VERSION:
        raise Unavailable(f"the store has schema {found!r}, this version reads {SCHEMA_VERSION}")
