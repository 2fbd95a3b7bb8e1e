"""Routes that read: a submission, the state of the service, its description."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from functions.result import people
from functions.result.batch import Results, parse_after, parse_follow
from functions.result.openapi import document
from functions.result.status import status
from shared.batches import Batches
from shared.identity import Role, caller_of, require
from shared.models import encode
from shared.services import Services
from shared.verdicts import TERMINAL, State
from shared.waiting import parse_wait


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    store, waiting = services.store, services.waiting
    batches = Batches(services.redis, services.settings, services.archive)
    results = Results(batches, store, waiting)

    async def result(request: Request) -> Response:
        tenant = require(request.scope, Role.READ).tenant
        wait_s = parse_wait(request.query_params.get("wait"))
        found = await store.snapshot(request.path_params["id"], tenant=tenant, or_shared=True)
        if wait_s and found.state not in TERMINAL:
            found = await waiting.until_final(
                found.submission_id, wait_s, tenant=tenant, or_shared=True
            )
        if found.state is State.QUEUED:
            found.result.position = await store.position(found.submission_id)
        return _json(found.result)

    async def batch(request: Request) -> Response:
        tenant = require(request.scope, Role.READ).tenant
        return _json(await batches.summary(request.path_params["id"], tenant=tenant))

    async def batch_results(request: Request) -> Response:
        tenant, batch_id = require(request.scope, Role.READ).tenant, request.path_params["id"]
        after = parse_after(request.query_params.get("after"))
        follow = parse_follow(request.query_params.get("follow"))
        await batches.summary(batch_id, tenant=tenant)  # not found is told before it begins
        lines = results.lines(batch_id, tenant=tenant, after=after, follow=follow)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(lines, headers=headers, media_type="application/x-ndjson")

    async def show_status(request: Request) -> Response:
        caller = caller_of(request.scope)
        return _json(await status(services.redis, services.settings, caller))

    async def openapi(_request: Request) -> Response:
        return _json(document())

    return [
        Route("/result/{id}", result),
        Route("/batch/{id}", batch),
        Route("/batch/{id}/results", batch_results),
        *people.routes(services),
        Route("/status", show_status),
        Route("/openapi.json", openapi),
    ]


def _json(answer: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), headers=headers, media_type="application/json")
