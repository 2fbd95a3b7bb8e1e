"""Routes of the operator: an admin of the tenant `local`, and nobody else."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.admin.drain import drain
from functions.admin.figures import figures
from functions.admin.letters import Letters
from functions.admin.overview import overview
from shared.identity import require_operator
from shared.models import encode
from shared.operations import Replayed
from shared.services import Services


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    letters = Letters(services.redis)
    services.metrics.sources.append(partial(figures, services.redis))

    async def show_overview(request: Request) -> Response:
        require_operator(request.scope)
        return _json(await overview(services.redis))

    async def begin_drain(request: Request) -> Response:
        require_operator(request.scope)
        return _json(await drain(services.redis, request.path_params["id"], draining=True))

    async def end_drain(request: Request) -> Response:
        require_operator(request.scope)
        return _json(await drain(services.redis, request.path_params["id"], draining=False))

    async def replay(request: Request) -> Response:
        require_operator(request.scope)
        await letters.replay(request.path_params["id"])
        return _json(Replayed(id=request.path_params["id"]), 202)

    async def drop(request: Request) -> Response:
        require_operator(request.scope)
        await letters.drop(request.path_params["id"])
        return Response(status_code=204, headers={"cache-control": "no-store"})

    return [
        Route("/admin/overview", show_overview),
        Route("/admin/workers/{id}/drain", begin_drain, methods=["POST"]),
        Route("/admin/workers/{id}/drain", end_drain, methods=["DELETE"]),
        Route("/admin/dead-letters/{id}/replay", replay, methods=["POST"]),
        Route("/admin/dead-letters/{id}", drop, methods=["DELETE"]),
    ]


def _json(answer: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), status, headers=headers, media_type="application/json")
