"""The outermost layer: what is seen of each request, in the log and in the metrics.

A request has an id: the caller's `X-Request-Id`, if it is a plain word, or one of ours. It
is bound to every line that the request brings about, and the answer carries it.

There is one line per request at the level `info`, which is not shown by default: a busy
service answers thousands of requests a second, the metrics count them, and what fails for our
fault has a line of its own. It names the route, never the path or the query. Probes
and scrapes have no line at all.
"""

from __future__ import annotations

import logging
import re
import secrets
import time

import structlog

from shared import logs, tracing
from shared.asgi import ASGIApp, Message, Receive, Scope, Send, headers_of, route_of
from shared.metrics import Metrics

_log = logs.get_logger("assay.access")
_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")
#: Any other word in its place is the caller's.
_ABOUT = re.compile(r"/(?:result|submission|events)/([0-9a-f]{32})(?:/|$)")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_SWITCHED, _FAILED, _GONE = 101, 500, 499


class Seen:
    """Counts, times and names each request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = _Request(scope, send, self._metrics)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(requestId=request.id)
        if about := _ABOUT.match(scope["path"]):
            structlog.contextvars.bind_contextvars(submissionId=about[1])
        if tracing.is_on() and scope["type"] == "http" and scope["path"] not in _QUIET:
            await self._traced(scope, receive, request)
        else:
            await self._serve(scope, receive, request)

    async def _traced(self, scope: Scope, receive: Receive, request: _Request) -> None:
        given = headers_of(scope, b"traceparent")
        parent = given[0] if len(given) == 1 else ""
        with tracing.span(request.method(), kind="server", parent=parent) as span:
            try:
                await self._serve(scope, receive, request)
            finally:
                route = route_of(scope)
                span.rename(f"{request.method()} {route}")
                told: dict[str, tracing.Value] = {
                    "http.request.method": request.method(),
                    "http.route": route,
                    "http.response.status_code": request.status,
                    "request_id": request.id,
                }
                span.set(**told)

    async def _serve(self, scope: Scope, receive: Receive, request: _Request) -> None:
        status = _GONE  # who went away before the answer was not answered
        try:
            await self._app(scope, receive, request.send)
        except Exception:
            status = _FAILED
            raise
        finally:
            request.end(status)


class _Request:
    def __init__(self, scope: Scope, send: Send, metrics: Metrics) -> None:
        self._scope, self._send, self._metrics = scope, send, metrics
        self._began_s = time.perf_counter()
        self.status = 0
        given = headers_of(scope, b"x-request-id")
        is_good = len(given) == 1 and _ID.fullmatch(given[0])
        self.id = given[0] if is_good else secrets.token_hex(8)

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind.endswith("http.response.start"):
            self._note(message["status"], timed=kind == "http.response.start")
            headers = [*message.get("headers", ()), (b"x-request-id", self.id.encode())]
            message = {**message, "headers": headers}
        elif kind == "websocket.accept":
            self._note(_SWITCHED, timed=False)
        elif kind == "websocket.close":
            self._note(403, timed=False)  # what a server answers who closes before it accepts
        await self._send(message)

    def _note(self, status: int, *, timed: bool) -> None:
        if self.status:
            return
        self.status = status
        seconds = time.perf_counter() - self._began_s if timed else None
        self._metrics.answered(self.method(), route_of(self._scope), status, seconds)

    def end(self, status: int) -> None:
        """It is over; `status` is what is told if nothing was answered."""
        self._note(status, timed=False)
        if not logging.getLogger("assay.access").isEnabledFor(logging.INFO):
            return
        route = route_of(self._scope)
        if route not in _QUIET:
            ms = round((time.perf_counter() - self._began_s) * 1000, 1)
            _log.info("request", method=self.method(), route=route, status=self.status, ms=ms)

    def method(self) -> str:
        """One of a closed set."""
        method = self._scope.get("method", "WEBSOCKET")
        return method if method in _METHODS or method == "WEBSOCKET" else "other"
