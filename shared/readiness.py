"""Whether a process can do its work now: what `/readyz` answers.

A process that is not ready stays up: a platform sends it nothing until it is. What is
away for everybody (Redis) makes nobody restart, for a new process would not reach it either.
"""

from __future__ import annotations

import asyncio

from shared.blobs import NOWHERE
from shared.errors import Unavailable
from shared.services import Services

_PATIENCE_S = 2.0


async def check_ready(services: Services) -> None:
    """See that Redis answers and holds what this version reads, and all that functions asked for.

    Raises:
        Unavailable: something does not answer, or not in time.
        redis.RedisError: the same, of Redis.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await services.store.check_schema()
            for check in services.checks:
                await check()
    except TimeoutError:
        raise Unavailable("what this needs did not answer in time", retry_after_s=2) from None


def check_blobs(services: Services) -> None:
    """Have `/readyz` look after the store of files, too; asked for by who reads or writes there."""

    async def check() -> None:
        await asyncio.to_thread(services.blobs.has, NOWHERE)

    services.checks.append(check)
