"""The page: one shell for all of its addresses, and the files of its bundle.

Files have a digest in their names, so a browser keeps them for ever; the shell is small and
asked for each time. All are read once, and compressed where the browser takes it.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shared.asgi import Receive, Scope, Send
from shared.built import PAGE
from shared.errors import NotFound, Unavailable
from shared.services import Services

_KINDS = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: No inline script, nothing from elsewhere; `self` covers fetch, SSE and WebSocket. Inline
#: styles are those of the editor, which knows the nonce.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

#: The page's own addresses; which one it is, the page itself looks up. None is an address of
#: the API, so that a gateway may tell them apart by the path alone.
PAGES = (
    "/",
    "/p/{id}",
    "/play",
    "/history",
    "/s/{id}",
    "/standings",
    "/sign-in",
    "/join",
    "/account",
    "/admin",
)


class _File:
    """One file of the bundle, with the headers it is served with."""

    def __init__(self, path: Path) -> None:
        self.body = path.read_bytes()
        packed = path.with_name(path.name + ".gz")
        self.packed = packed.read_bytes() if packed.exists() else None
        self.headers = {
            "content-type": _KINDS[path.suffix],
            "cache-control": "public, max-age=31536000, immutable",
            "vary": "accept-encoding",
        }

    def answer(self, request: Request) -> Response:
        if self.packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers={**self.headers, "content-encoding": "gzip"})
        return Response(self.body, headers=self.headers)


def routes(services: Services, folder: Path = PAGE) -> list[BaseRoute]:
    """The routes of this function: the shell at each of `PAGES`, its files under `/assets`.

    At an address that nobody knows the shell says so itself, with ways on.
    """
    files = {path.name: _File(path) for path in folder.glob("*") if path.suffix in _KINDS}
    shell = folder / "index.html"
    html = shell.read_text() if shell.exists() else ""

    def shown(status: int) -> Response:
        if not html:
            raise Unavailable("the page is not built; the start of the service says why")
        nonce = secrets.token_urlsafe(16)
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": _POLICY.format(nonce=nonce),
            "content-type": "text/html; charset=utf-8",
        }
        return Response(html.replace("{nonce}", nonce), status, headers)

    async def page(_request: Request) -> Response:
        return shown(200)

    async def lost(scope: Scope, receive: Receive, send: Send) -> None:
        await shown(404)(scope, receive, send)

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise NotFound(f"the page has no file {name!r}")
        return files[name].answer(request)

    if html:
        services.lost = lost
    return [*(Route(path, page) for path in PAGES), Route("/assets/{name}", asset)]
