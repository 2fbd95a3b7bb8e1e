"""From the routes of one function, or of many, to the app that a process serves."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.answers import Health
from shared.asgi import OUTER, escalate
from shared.gate import Gate
from shared.models import encode
from shared.readiness import check_ready
from shared.services import Services

#: What a function gives: its routes, for services that are open while they are served.
Routes = Callable[[Services], Sequence[BaseRoute]]


def assemble(services: Services, *functions: Routes) -> Starlette:
    """The app of these functions. Its services are open while its lifespan is."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with services:
            yield

    return Starlette(
        routes=[*_health(services), *(it for function in functions for it in function(services))],
        middleware=[
            *(Middleware(layer) for layer in OUTER),
            Middleware(Gate, client=services.redis, settings=services.settings),
        ],
        exception_handlers={HTTPException: escalate},
        lifespan=lifespan,
    )


def _health(services: Services) -> list[BaseRoute]:
    """What a platform asks each process: whether it lives, and whether it can work."""
    answer = encode(Health())

    async def healthz(_request: Request) -> Response:
        return _json(answer)

    async def readyz(_request: Request) -> Response:
        await check_ready(services)
        return _json(answer)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def _json(body: bytes) -> Response:
    return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")
