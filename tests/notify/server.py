"""`python -m tests.notify.server`: the routes of `notify` and `submit`, in a real uvicorn.

Prints its port. Short times, so that tests need not wait; `ASSAY_SEND_TIMEOUT_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

import functions.submit.app
from functions.notify.app import routes
from shared.asgi import EDGE, escalate
from shared.services import Services
from shared.settings import Settings


class Server(uvicorn.Server):
    """Tells the services of a shutdown before it waits for streams, as a host must."""

    services: Services

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets is not None
        print(sockets[0].getsockname()[1], flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.services.begin_shutdown()
        await super().shutdown(sockets)


async def main() -> None:
    settings = Settings.from_env()
    services = Services(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with services:
            yield

    app = Starlette(
        routes=[
            *functions.submit.app.routes(services),
            *routes(services, send_timeout_s=float(os.environ["ASSAY_SEND_TIMEOUT_S"])),
        ],
        middleware=[Middleware(layer) for layer in EDGE],
        exception_handlers={HTTPException: escalate},
        lifespan=lifespan,
    )
    config = uvicorn.Config(
        app, http="httptools", ws="websockets-sansio", lifespan="on", log_level="info",
        access_log=False, timeout_graceful_shutdown=30,
    )  # fmt: skip
    server = Server(config)
    server.services = services
    with socket.create_server(("127.0.0.1", 0)) as listener:
        await server.serve([listener])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
