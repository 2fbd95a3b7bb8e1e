"""Routes for who looks after the problems: install a package, take one off the list.

A package is streamed to disk, never past the setting `max_package_bytes`, and read there,
one package at a time for each process; the event loop only waits.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from functions.problems.examples import example_spec
from functions.problems.take_in import parse_time_limit, take_in
from shared import logs
from shared.answers import Accepted
from shared.blobs import read
from shared.errors import AssayError, NotJson, TooLarge
from shared.identity import require_keeper
from shared.languages import known
from shared.models import Spec, encode
from shared.place import allowed
from shared.problems import model
from shared.problems.answers import ProblemDeleted, ProblemInstalled
from shared.problems.store import sweep
from shared.services import Services
from shared.standings import Restanding
from shared.store import links
from shared.verdicts import State
from shared.workers import Workers

_LOG = logs.get_logger(__name__)
_SWEEP_EVERY_S = 3600


def routes(services: Services) -> list[BaseRoute]:
    """The routes that change what is installed."""
    problems, blobs = services.problems, services.blobs
    workers, restanding = Workers(services.redis), Restanding(services.redis)
    one_at_a_time = asyncio.Semaphore(1)
    last_sweep_s = time.monotonic()

    async def install(request: Request) -> Response:
        require_keeper(request.scope)
        time_limit_ms = parse_time_limit(request.query_params.get("timeLimitMs"))
        problem_id = request.query_params.get("id", "")
        most = services.settings.max_package_bytes
        with tempfile.TemporaryDirectory(prefix="assay-package-") as folder:
            path = Path(folder, "-.zip")
            await _receive(request, path, most)
            async with one_at_a_time:
                entry, warnings = await asyncio.to_thread(
                    take_in, path, blobs, problem_id, time_limit_ms
                )
                created = await problems.put(entry)
        await restanding.one(entry.id)
        stored = await problems.get(entry.id)
        await tidy()
        answer = ProblemInstalled(problem=stored, created=created, warnings=warnings)
        headers = {"location": f"/problems/{entry.id}"}
        return _json(answer, 201 if created else 200, headers)

    async def judge_example(request: Request) -> Response:
        caller = require_keeper(request.scope)
        entry = await problems.get(request.path_params["id"])
        alive = await workers.alive()
        there = {it.name for worker in alive for it in worker.languages} if alive else set(known())
        name = request.path_params["name"]

        def work() -> Spec:
            package = model.decode(read(blobs, entry.digest))
            return example_spec(package, entry.digest, name, blobs, there)

        spec = await asyncio.to_thread(work)
        submission_id = await services.store.submit(
            spec, tenant=caller.tenant, classes=allowed(caller)
        )
        answer = Accepted(id=submission_id, status=State.QUEUED, links=links(submission_id))
        return _json(answer, 202, {"location": answer.links["result"]})

    async def delete(request: Request) -> Response:
        require_keeper(request.scope)
        problem_id = request.path_params["id"]
        await problems.delete(problem_id)
        await restanding.one(problem_id)
        await tidy()
        return _json(ProblemDeleted(id=problem_id))

    async def tidy() -> None:
        """Remove what nobody refers to, now and then; a failure is no failure of the request."""
        nonlocal last_sweep_s
        if time.monotonic() - last_sweep_s < _SWEEP_EVERY_S:
            return
        last_sweep_s = time.monotonic()
        try:
            await asyncio.to_thread(sweep, blobs, await problems.all())
        except (OSError, AssayError) as error:
            _LOG.warning("old files of problems were not removed", error=error)

    return [
        Route("/problems", install, methods=["POST"]),
        Route("/problems/{id}/examples/{name:path}", judge_example, methods=["POST"]),
        Route("/problems/{id}", delete, methods=["DELETE"]),
    ]


async def _receive(request: Request, path: Path, most_bytes: int) -> None:
    """Stream the body to a file, never past the limit."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/zip", "application/octet-stream"):
        raise NotJson(f"the content type is {kind[:64] or 'missing'}; taken here: application/zip")
    too_large = TooLarge(f"a package may have {most_bytes} bytes at most")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most_bytes:
        raise too_large
    received = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            received += len(chunk)
            if received > most_bytes:
                raise too_large
            file.write(chunk)


def _json(answer: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    headers = {"cache-control": "no-store", **(headers or {})}
    return Response(encode(answer), status, headers, media_type="application/json")
