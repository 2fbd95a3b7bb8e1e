"""The server of a process that serves web functions: its start, its signals, its end.

Theory of operation. The store's schema is checked before the port is served; while Redis is
away it is served all the same, callers are told 503, and the check is made up for as soon as
Redis answers: a store of another version ends the process then.

The first SIGTERM or SIGINT: no new connections, streams say farewell, requests get `grace_s`
seconds, then the connections to Redis are closed; the exit code is 0. A second one ends the
process at once. Nothing is lost by that: what a caller was told is in Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import redis
import uvicorn

from shared.ending import end
from shared.errors import AssayError
from shared.failure import Failure
from shared.services import Services
from shared.serving.app import Routes, assemble
from shared.serving.connection import Connection, Edge

#: Done before the port is served, and as soon as it is.
Step = Callable[[Services], Awaitable[None]]

#: A WebSocket carries requests of a few hundred bytes towards us.
MAX_FRAME_BYTES = 64 * 1024
_SCHEMA_PATIENCE_S = 3.0
_SCHEMA_AGAIN_S = 1.0
_AT_ONCE = 130
#: Who waited is told how things stand, whatever the grace.
_LEAST_GRACE_S = 1


class Server(uvicorn.Server):
    """Tells the services of a shutdown before it waits for what is open."""

    def __init__(self, config: uvicorn.Config, services: Services, on_serving: Step) -> None:
        super().__init__(config)
        self._services = services
        self._on_serving = on_serving
        self.failure: Failure | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self._on_serving(self._services)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.begin_shutdown()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours instead of uvicorn's, which lets itself be killed by the signal in the end."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self.should_exit:
            os._exit(_AT_ONCE)
        self.should_exit = True

    def give_up(self, failure: Failure) -> None:
        """End in order, and for a reason."""
        self.failure = failure
        self.should_exit = True


async def serve(
    services: Services,
    listener: socket.socket,
    *functions: Routes,
    before: Step | None = None,
    on_serving: Step | None = None,
) -> None:
    """Serve these functions until SIGTERM or SIGINT.

    Raises:
        Failure: the store was written by another version, or `before` raised it.
    """
    known = await _schema_is_right(services)
    if before is not None:
        await before(services)
    app = assemble(services, *functions)
    server = Server(config(services, app), services, on_serving or _nothing)
    late = [] if known else [asyncio.create_task(_schema_later(services, server))]
    try:
        await server.serve([listener])
    finally:
        await end(late)
    if server.failure is not None:
        raise server.failure


async def _nothing(_services: Services) -> None:
    return


async def _schema_is_right(services: Services) -> bool:
    """False while Redis is away.

    Raises:
        Failure: it is not.
    """
    try:
        async with asyncio.timeout(_SCHEMA_PATIENCE_S):
            await services.store.check_schema()
    except AssayError as error:
        raise Failure(f"This store cannot be used: {error}.") from None
    except (redis.RedisError, TimeoutError):
        return False
    return True


async def _schema_later(services: Services, server: Server) -> None:
    try:
        while not await _schema_is_right(services):
            await asyncio.sleep(_SCHEMA_AGAIN_S)
    except Failure as failure:
        server.give_up(failure)


def config(services: Services, app: object, edge: Edge | None = None) -> uvicorn.Config:
    """How an app is served; the limits of connections are the settings' unless they are given."""
    edge = edge or Edge(connections=services.settings.max_connections)
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=partial(Connection, edge),  # type: ignore[arg-type]  # called as a class is
        ws="websockets-sansio",
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_max_size=MAX_FRAME_BYTES,
        lifespan="on",
        log_config=None,  # its lines look like all others
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=max(services.settings.grace_s, _LEAST_GRACE_S),
    )
