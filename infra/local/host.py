"""The web host: every function's routes in one app, on one port of this machine.

Theory of operation. The supervisor opens the port and passes its descriptor in
`ASSAY_LISTEN_FD`; started by hand, we open it ourselves. Ready is said when the
lifespan has begun and the socket is being served. SIGTERM: no new connections, streams
say farewell, requests get a few seconds, then the connections to Redis are closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import redis
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

import functions.access.app
import functions.notify.app
import functions.problems.app
import functions.result.app
import functions.submit.app
import functions.web.app
from infra.local.children import READY_FD
from infra.local.failure import Failure
from infra.local.listen import LISTEN_FD, listen, url_of
from shared.accounts import Accounts
from shared.asgi import OUTER, escalate
from shared.credentials import Credentials
from shared.errors import AssayError
from shared.gate import Gate, is_loopback
from shared.identity import LOCAL
from shared.services import Services
from shared.settings import Settings, SettingsError

_GRACE_S = 3
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_NO_KEYS = (
    "{} can be reached from other machines, and there is no API key that could open it to them "
    "only: make one with `local_runner.py key create`, or use --host 127.0.0.1."
)
#: A WebSocket carries requests of a few hundred bytes towards us.
_MAX_FRAME_BYTES = 64 * 1024


def create_app(settings: Settings) -> Starlette:
    """The app of one machine. Its services are open while its lifespan is."""
    return _assemble(Services(settings))


def _assemble(services: Services) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with services:
            yield

    return Starlette(
        routes=[
            route
            for function in (
                functions.access.app,
                functions.submit.app,
                functions.result.app,
                functions.problems.app,
                functions.notify.app,
                functions.web.app,
            )
            for route in function.routes(services)
        ],
        middleware=[
            *(Middleware(layer) for layer in OUTER),
            Middleware(Gate, client=services.redis, settings=services.settings),
        ],
        exception_handlers={HTTPException: escalate},
        lifespan=lifespan,
    )


class Server(uvicorn.Server):
    """Says when it is ready, and tells the services of a shutdown before streams are awaited."""

    def __init__(self, config: uvicorn.Config, services: Services, url: str) -> None:
        super().__init__(config)
        self._services = services
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        facts = {"url": self._url}
        with contextlib.suppress(redis.RedisError, OSError):
            token = await Credentials(self._services.redis).issue_login(LOCAL)
            facts["login"] = f"{self._url}/login?token={token}"
        announce("ready " + json.dumps(facts))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.begin_shutdown()
        await super().shutdown(sockets)


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Failure: the store was written by another version, or others can reach us and
            there is no key.
    """
    settings = replace(settings, host=listener.getsockname()[0])  # what it really is
    services = Services(settings)
    try:
        await services.store.check_schema()
        if not is_loopback(settings.host) and not await _has_anybody(services):
            raise Failure(_NO_KEYS.format(settings.host))
    except AssayError as error:
        raise Failure(f"This store cannot be used: {error}.") from None
    except redis.RedisError:
        pass  # it is away for the moment; until it is back, callers are told so
    config = uvicorn.Config(
        _assemble(services),
        http="httptools",
        ws="websockets-sansio",
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_max_size=_MAX_FRAME_BYTES,
        lifespan="on",
        log_config=None,  # its lines look like all others
        log_level=settings.log_level,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    await Server(config, services, url_of(listener)).serve([listener])


async def _has_anybody(services: Services) -> bool:
    """Whether there is a key or an account, so that anybody could come in."""
    has_key = await Credentials(services.redis).has_keys()
    return has_key or await Accounts(services.redis).has_any()


class WithoutQuery(logging.Filter):
    """Takes query strings out of what uvicorn logs: they may carry a token or a ticket."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments; it is always logged."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                it.partition("?")[0] if isinstance(it, str) and it.startswith("/") else it
                for it in record.args
            )
        return True


def announce(line: str) -> bool:
    """Tell the supervisor how the start went; False if there is none."""
    fd = os.environ.pop(READY_FD, "")
    if fd:
        with os.fdopen(int(fd), "w") as pipe:
            pipe.write(line + "\n")
    return bool(fd)


def main() -> int:
    """Run the host with the settings of the environment."""
    try:
        settings = Settings.from_env()
        if not settings.redis_url:
            raise Failure("The host needs REDIS_URL; local_runner.py starts it all.", 2)
        logging.basicConfig(level=settings.log_level.upper(), format=_LOG_FORMAT)
        logging.getLogger("uvicorn.error").addFilter(WithoutQuery())
        inherited = os.environ.pop(LISTEN_FD, "")
        listener = (
            socket.socket(fileno=int(inherited))
            if inherited
            else listen(settings.host, settings.port)
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, listener))
    except (Failure, SettingsError) as failure:
        if not announce(f"failed {failure}"):
            print(f"Assay: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
