"""Routes that judge again what is finished, show what was sent in, and share it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.answers import Accepted, Code, Rejudged
from shared.identity import Role, require
from shared.models import encode
from shared.people import Shared
from shared.rejudge import Rejudging
from shared.services import Services
from shared.store import links
from shared.verdicts import State


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this file."""
    rejudging, store = Rejudging(services.redis), services.store

    async def rejudge(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        found = await store.snapshot(request.path_params["id"], tenant=caller.tenant)
        await rejudging.one(found.submission_id, found.record)
        where = links(found.submission_id)
        return _json(Accepted(id=found.submission_id, status=State.QUEUED, links=where), 202)

    async def rejudge_problem(request: Request) -> Response:
        require(request.scope, Role.ADMIN)
        count = await rejudging.problem(request.path_params["id"])
        return _json(Rejudged(submissions=count), 202)

    async def code(request: Request) -> Response:
        caller = require(request.scope, Role.READ)
        found = await store.snapshot(
            request.path_params["id"], tenant=caller.tenant, or_shared=True
        )
        spec = await rejudging.spec(found.submission_id, found.record)
        told = Code(id=found.submission_id, language=spec.language, code=spec.code)
        return _json(told)

    async def share(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        submission_id, shared = request.path_params["id"], request.method == "POST"
        await store.share(submission_id, shared=shared, tenant=caller.tenant)
        return _json(Shared(id=submission_id, shared=shared))

    return [
        Route("/submission/{id}/rejudge", rejudge, methods=["POST"]),
        Route("/submission/{id}/code", code),
        Route("/submission/{id}/share", share, methods=["POST", "DELETE"]),
        Route("/problems/{id}/rejudge", rejudge_problem, methods=["POST"]),
    ]


def _json(answer: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), status, headers, media_type="application/json")
