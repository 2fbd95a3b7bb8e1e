"""The page: a few files, read once, served from memory under a strict content policy."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.errors import NotFound
from shared.services import Services

_FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: No inline script or style, nothing from elsewhere; `self` covers fetch, SSE and WebSocket.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class _File:
    """One file of the page, with the headers it is served with."""

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        self.headers = {
            "content-type": _KINDS[path.suffix],
            "etag": f'"{hashlib.sha256(self.body).hexdigest()[:32]}"',
            "cache-control": "no-cache",  # keep it, but ask each time whether it is still so
            "content-security-policy": _POLICY,
        }

    def answer(self, request: Request) -> Response:
        if self.headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self.headers)
        return Response(self.body, headers=self.headers)


def routes(_services: Services) -> list[BaseRoute]:
    """The routes of this function: the page at `/`, what belongs to it under `/assets`."""
    files = {path.name: _File(path) for path in _FOLDER.iterdir() if path.suffix in _KINDS}

    async def page(request: Request) -> Response:
        return files["index.html"].answer(request)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise NotFound(f"the page has no file {name!r}")
        return files[name].answer(request)

    return [Route("/", page), Route("/assets/{name}", asset)]
