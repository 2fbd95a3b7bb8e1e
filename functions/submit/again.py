"""Routes that judge again what is finished, show what was sent in, and share it."""

from __future__ import annotations

import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.answers import Accepted, Code
from shared.blobs import BlobsAway
from shared.identity import Role, require, require_keeper
from shared.models import encode
from shared.people import Shared
from shared.rejudge import Rejudging
from shared.rejudge_problem import PATIENCE_S, RejudgingProblems
from shared.services import Services
from shared.store import links
from shared.verdicts import State


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this file."""
    rejudging, store = Rejudging(services.redis), services.store
    whole = RejudgingProblems(services.redis, services.settings, services.archive)

    async def rejudge(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        found = await store.snapshot(request.path_params["id"], tenant=caller.tenant)
        await rejudging.one(found.submission_id, found.record)
        where = links(found.submission_id)
        return _json(Accepted(id=found.submission_id, status=State.QUEUED, links=where), 202)

    async def rejudge_problem(request: Request) -> Response:
        require_keeper(request.scope)
        problem_id = request.path_params["id"]
        await whole.ask(problem_id)
        with contextlib.suppress(BlobsAway):  # what is in the archive follows
            await whole.go_on(problem_id, patience_s=PATIENCE_S)
        return _json(await whole.told(problem_id), 202)

    async def show_rejudging(request: Request) -> Response:
        require_keeper(request.scope)
        return _json(await whole.told(request.path_params["id"]))

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
        Route("/problems/{id}/rejudge", show_rejudging),
    ]


def _json(answer: object, status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), status, headers, media_type="application/json")
