"""Routes that read problems: the list, a page, the files behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from functions.problems import manage
from functions.problems.page import Rendered, page, public_files, rendered
from shared.blobs import Blobs, read
from shared.errors import InvalidField, NotFound
from shared.identity import Role, require
from shared.languages import known
from shared.models import encode
from shared.problems import model
from shared.problems.answers import ListedProblem, ProblemEntry, ProblemList
from shared.problems.model import File, Package
from shared.readiness import check_blobs
from shared.services import Services
from shared.standings import Standings
from shared.workers import Workers

_CHUNK = 256 * 1024
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".in": "text/plain",
    ".ans": "text/plain",
    ".interaction": "text/plain",
}
_DIFFICULTIES = ("easy", "medium", "hard")
#: Nothing of a package is a page of ours: an SVG with a script in it stays a picture.
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


def routes(services: Services) -> list[BaseRoute]:
    """The routes of this function."""
    problems, blobs = services.problems, services.blobs
    workers, standings = Workers(services.redis), Standings(services.redis)
    shelf = _Shelf(blobs)
    check_blobs(services)

    async def list_problems(request: Request) -> Response:
        tenant, query = require(request.scope, Role.READ).tenant, request.query_params
        difficulty = query.get("difficulty")
        if difficulty and difficulty not in _DIFFICULTIES:
            detail = f"difficulty must be one of {', '.join(_DIFFICULTIES)}"
            raise InvalidField(detail, field="difficulty")
        everything = await problems.all()
        chosen = [
            it
            for it in everything
            if _found(it, query.get("search", ""))
            and set(query.getlist("tag")) <= set(it.tags)
            and difficulty in (None, it.difficulty)
        ]
        tags = Counter(tag for it in everything for tag in it.tags)
        told = await listed(chosen, tenant)
        return _json(ProblemList(problems=told, tags=dict(sorted(tags.items()))))

    async def listed(entries: list[ProblemEntry], tenant: str) -> list[ListedProblem]:
        tallies = await standings.tallies([entry.id for entry in entries], tenant=tenant)
        return [
            ListedProblem(**asdict(entry), **vars(tally))
            for entry, tally in zip(entries, tallies, strict=True)
        ]

    async def show(request: Request) -> Response:
        tenant = require(request.scope, Role.READ).tenant
        [entry] = await listed([await problems.get(request.path_params["id"])], tenant)
        alive = await workers.alive()
        there = {it.name for worker in alive for it in worker.languages} if alive else set(known())
        language = request.query_params.get("language", "en")[:16]

        def work() -> Response:
            package = shelf.package(entry.digest)
            statement = shelf.statement(entry.digest, language)
            return _json(page(entry, package, blobs, statement, there))

        return await asyncio.to_thread(work)

    async def show_file(request: Request) -> Response:
        require(request.scope, Role.READ)
        entry = await problems.get(request.path_params["id"])
        name = request.path_params["name"]
        package = await asyncio.to_thread(shelf.package, entry.digest)
        file = public_files(package).get(name)
        if file is None:
            raise NotFound(f"the problem {entry.id} has no file {name[:200]!r}")
        return await _file(request, name, file, blobs)

    return [
        Route("/problems", list_problems),
        Route("/problems/{id}", show),
        Route("/problems/{id}/files/{name:path}", show_file),
        *manage.routes(services),
    ]


class _Shelf:
    """Packages and rendered statements of late, by digest: they never change."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.package = lru_cache(maxsize=128)(self._package)
        self.statement = lru_cache(maxsize=128)(self._statement)

    def _package(self, digest: str) -> Package:
        return model.decode(read(self._blobs, digest))

    def _statement(self, digest: str, language: str) -> Rendered:
        return rendered(self.package(digest), self._blobs, language)


def _found(entry: ProblemEntry, search: str) -> bool:
    """Whether all words of a search occur in the id or a name."""
    text = " ".join([entry.id, *entry.names.values()]).casefold()
    return all(word in text for word in search.casefold().split())


async def _file(request: Request, name: str, file: File, blobs: Blobs) -> Response:
    tag = f'"{file.digest[:32]}"'
    headers = {"etag": tag, "cache-control": "private, max-age=60"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    suffix = f".{name.rpartition('.')[2].lower()}"
    headers |= {"content-security-policy": _SANDBOX, "content-length": str(file.size)}
    if suffix not in _TYPES:
        headers["content-disposition"] = "attachment"
    kind = _TYPES.get(suffix, "application/octet-stream")
    # Here and not in the stream: a failure has to become an answer.
    stream = await asyncio.to_thread(blobs.open, file.digest)
    return StreamingResponse(_chunks(stream), 200, headers, media_type=kind)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _json(answer: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(encode(answer), headers=headers, media_type="application/json")
