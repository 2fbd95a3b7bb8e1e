"""Routes that take submissions in, cancel them, and say what can be submitted."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.submit import again
from functions.submit.batch import Filling, spooled
from functions.submit.languages import languages
from functions.submit.sqs import consuming
from shared import logs
from shared.answers import Accepted, Cancelled
from shared.batches import Batches
from shared.body import decode, read_body
from shared.errors import Conflict, NotFound
from shared.identity import Caller, Role, require
from shared.models import SubmitRequest, encode
from shared.once import key_of, once
from shared.problems.store import Problems
from shared.services import Services
from shared.store import Snapshot, links
from shared.taking.take import Taking
from shared.verdicts import TERMINAL, State
from shared.waiting import parse_wait
from shared.webhooks import check_url
from shared.workers import Workers

_ID = re.compile(r"[0-9a-f]{32}")


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    workers, problems = Workers(services.redis), Problems(services.redis)
    take = Taking(services.store).take
    services.background += consuming(services)

    async def submit(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        wait_s = parse_wait(request.query_params.get("wait"))
        body = await read_body(request.scope, request.receive)
        asked = decode(body, SubmitRequest)
        key = key_of(request.scope)
        submission_id = await take(
            asked,
            caller,
            once(key, tenant=caller.tenant, route="submit", body_digest=_digest(body)),
        )
        logs.bind(submissionId=submission_id)
        state = await _state(submission_id, caller) if key else State.QUEUED
        if wait_s is not None:
            found = await _wait(submission_id, wait_s, caller, is_new=not key)
            if found is not None and found.state in TERMINAL:
                return _json(found.result)
            state = found.state if found is not None else state
        where = links(submission_id)
        answer = Accepted(id=submission_id, status=state, links=where)
        return _json(answer, 202, {"location": where["result"]})

    async def _state(submission_id: str, caller: Caller) -> State:
        try:
            return (await services.store.snapshot(submission_id, tenant=caller.tenant)).state
        except NotFound:
            raise Conflict(
                "this Idempotency-Key was used, and its result is no longer kept"
            ) from None

    async def _wait(
        submission_id: str, wait_s: float, caller: Caller, *, is_new: bool
    ) -> Snapshot | None:
        # It is stored, so that Redis went away since is no refusal: who is told 503 sends it again.
        with suppress(RedisError, OSError):
            return await services.waiting.until_final(
                submission_id, wait_s, tenant=caller.tenant, is_new=is_new
            )
        return None

    async def cancel(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        submission_id = request.path_params["id"]
        if not _ID.fullmatch(submission_id):  # a problem id would cancel whatever is its latest
            raise NotFound(f"no submission {submission_id!r}")
        state = await services.store.cancel(submission_id, tenant=caller.tenant)
        return _json(Cancelled(id=submission_id, status=state))

    async def list_languages(_request: Request) -> Response:
        return _json(languages(await workers.alive()))

    return [
        Route("/submit", submit, methods=["POST"]),
        Route("/submission/{id}", cancel, methods=["DELETE"]),
        Route("/languages", list_languages),
        *again.routes(services),
        *_batch_routes(services, workers, problems),
    ]


def _batch_routes(services: Services, workers: Workers, problems: Problems) -> list[BaseRoute]:
    batches = Batches(services.redis, services.settings, services.archive)

    async def submit_batch(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        async with spooled(request.scope, request.receive) as body:
            url = request.query_params.get("callbackUrl", "")
            anywhere = services.settings.webhooks_to == "anywhere"
            callback = check_url(url, empty=True, anywhere=anywhere)
            alive = await workers.alive()
            filling = Filling(batches, problems, caller, alive, callback)
            answer = await filling.fill(request.scope, body)
        return _json(answer, 202, {"location": answer.links["summary"]})

    async def cancel_batch(request: Request) -> Response:
        caller = require(request.scope, Role.SUBMIT)
        return _json(await batches.cancel(request.path_params["id"], tenant=caller.tenant))

    return [
        Route("/batch", submit_batch, methods=["POST"]),
        Route("/batch/{id}", cancel_batch, methods=["DELETE"]),
    ]


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def _json(answer: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    headers = {"cache-control": "no-store", **(headers or {})}
    return Response(encode(answer), status, headers, media_type="application/json")
