"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from shared import logs

log = logs.get_logger(__name__)

_AGAIN_S = 0.05


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: on Python 3.11 `asyncio.wait_for`, which redis-py uses inside,
    swallows a cancellation that arrives together with its result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.debug("a task ended", error=error)
