"""Keeps what has ended: the archiver, what sweeps after it, and the routes that forget.

It also goes on with judging a whole problem again, which has to read the archive.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.archive.archiver import Archiver
from functions.archive.sweeper import Sweeper
from functions.archive.whole import WholeBatches
from shared.forgetting import Forgetting
from shared.identity import Role, require
from shared.models import encode
from shared.readiness import check_blobs
from shared.rejudge_problem import RejudgingProblems
from shared.retention import Retention
from shared.services import Services


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function; most of its work is done beside them."""
    check_blobs(services)
    forgetting = Forgetting(services.store, services.archive)
    retention = Retention(services.redis, services.settings)
    services.background.append(Archiver(services.archive, services.settings, retention).run)
    services.background.append(Sweeper(services.archive, forgetting, retention).run)
    rejudging = RejudgingProblems(services.redis, services.settings, services.archive)
    services.background.append(rejudging.run)
    whole = WholeBatches(services.store, services.archive, forgetting)

    async def forget(request: Request) -> Response:
        tenant = require(request.scope, Role.SUBMIT).tenant
        return _json(await forgetting.submission(request.path_params["id"], tenant=tenant))

    async def forget_batch(request: Request) -> Response:
        tenant = require(request.scope, Role.SUBMIT).tenant
        return _json(await whole.forget(request.path_params["id"], tenant=tenant))

    return [
        Route("/submission/{id}/record", forget, methods=["DELETE"]),
        Route("/batch/{id}/record", forget_batch, methods=["DELETE"]),
    ]


def _json(answer: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), headers=headers, media_type="application/json")
