"""Going through all hashes of one kind in Redis, a step at a time, for those of one owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio

#: Keys that Redis looks at in one step, in which it serves nobody else.
_STEP = 500


async def hashes_with(
    client: redis.asyncio.Redis, prefix: str, field: str, value: str
) -> AsyncIterator[list[str]]:
    """The rest of the name of each hash whose key begins so and whose field is this.

    What is there from the beginning to the end is found, some of it twice perhaps: SCAN promises
    no more.

    Raises:
        redis.RedisError: Redis cannot be reached.
    """
    cursor, first = 0, True
    while first or cursor:
        first = False
        found: Any = await client.scan(cursor, match=f"{prefix}*", count=_STEP)
        cursor, names = found
        async with client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hget(name, field)
            values = await pipe.execute() if names else []
        yield [
            name.decode().removeprefix(prefix)
            for name, has in zip(names, values, strict=True)
            if has == value.encode()
        ]
