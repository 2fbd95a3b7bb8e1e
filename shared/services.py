"""What a web function is given: its settings and its connections, opened and closed in order.

A function that opens something of its own pushes its closing on `resources`; one that
holds responses open (event streams) adds to `on_shutdown` what ends them. The host calls
`begin_shutdown` on its event loop before it waits for open responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from shared.archive import Archive
from shared.asgi import ASGIApp
from shared.blobs import open_blobs
from shared.connect import async_client
from shared.ending import end
from shared.metrics import Metrics
from shared.problems.store import Problems
from shared.settings import Settings
from shared.store import Store
from shared.waiting import Waiting


class Services:
    """`async with Services(settings) as services:` around a function's life."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.redis = async_client(settings.redis_url)
        self.blobs = open_blobs(settings.blobs, settings.state, settings.blobs_endpoint)
        self.archive = Archive(self.redis, self.blobs)
        self.store = Store(self.redis, settings, self.archive)
        self.problems = Problems(self.redis)
        self.waiting = Waiting(self.store, settings.redis_url)
        self.metrics = Metrics()
        self.on_shutdown: list[Callable[[], None]] = [self.waiting.close]
        self.resources = AsyncExitStack()
        #: What runs beside the routes as long as the services are open.
        self.background: list[Callable[[], Coroutine[Any, Any, None]]] = []
        #: What must hold for this process to be ready, beside that Redis answers; each raises.
        self.checks: list[Callable[[], Awaitable[None]]] = []
        #: What a browser is shown at a path that nobody knows; programs are told a problem.
        self.lost: ASGIApp | None = None

    def begin_shutdown(self) -> None:
        """End what would otherwise stay open as long as its client likes. May be repeated."""
        for callback in self.on_shutdown:
            callback()

    async def __aenter__(self) -> Self:
        for work in self.background:
            task = asyncio.create_task(work())
            self.resources.push_async_callback(end, [task])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.resources.aclose()
        await self.waiting.aclose()
        await self.redis.aclose()
