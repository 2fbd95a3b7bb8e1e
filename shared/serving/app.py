"""From the routes of one function, or of many, to the app that a process serves."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.answers import Health
from shared.asgi import OUTER, escalate
from shared.gate import METRICS, Gate, wants_page
from shared.identity import SCRAPER, caller_of, require_operator
from shared.metrics import CONTENT_TYPE
from shared.models import encode
from shared.patience import Patience
from shared.readiness import check_ready
from shared.services import Services
from shared.serving.seen import Seen

#: What a function gives: its routes, for services that are open while they are served.
Routes = Callable[[Services], Sequence[BaseRoute]]


def assemble(services: Services, *functions: Routes) -> Starlette:
    """The app of these functions. Its services are open while its lifespan is."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with services:
            yield

    return Starlette(
        routes=[
            *_health(services),
            _metrics(services),
            *(it for function in functions for it in function(services)),
        ],
        middleware=[
            Middleware(Seen, metrics=services.metrics),
            *(Middleware(layer) for layer in (*OUTER, Patience)),
            Middleware(Gate, client=services.redis, settings=services.settings),
        ],
        exception_handlers={HTTPException: escalate, 404: _lost(services)},
        lifespan=lifespan,
    )


def _lost(services: Services) -> Callable[[Request, Exception], Awaitable[Response]]:
    """For a path that no route knows: a person gets a page, where a function has one for that."""

    async def lost(request: Request, error: Exception) -> Response:
        if services.lost is None or not wants_page(request.scope):
            raise error
        return cast("Response", services.lost)  # what it gives is only called, as an ASGI app

    return lost


def _health(services: Services) -> list[BaseRoute]:
    """What a platform asks each process: whether it lives, and whether it can work."""
    answer = encode(Health())

    async def healthz(_request: Request) -> Response:
        return _json(answer)

    async def readyz(_request: Request) -> Response:
        await check_ready(services)
        return _json(answer)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def _metrics(services: Services) -> BaseRoute:
    """What a scraper asks each process."""

    async def metrics(request: Request) -> Response:
        if caller_of(request.scope) is not SCRAPER:
            require_operator(request.scope)
        headers = {"cache-control": "no-store", "content-type": CONTENT_TYPE}
        return Response(await services.metrics.text(), headers=headers)

    return Route(METRICS, metrics)


def _json(body: bytes) -> Response:
    return Response(body, headers={"cache-control": "no-store"}, media_type="application/json")
