"""What stands around every web function: errors in one shape, safe headers, loopback only.

Theory of operation. `EDGE` lists the layers, outermost first. Each is a plain ASGI
class, so that an open event stream is passed through and a client's going away is not
hidden. `ProblemMiddleware` turns whatever escapes into problem+json; what stands inside
of it, `LoopbackGuard` too, only raises. A framework that makes answers out of its own
errors is told to let them through: in Starlette by
`exception_handlers={HTTPException: escalate}`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NoReturn

from shared import logs
from shared.errors import (
    AssayError,
    Forbidden,
    Internal,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorized,
    Unavailable,
    from_exception,
)
from shared.identity import LOCAL, SCOPE_KEY
from shared.models import encode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_LOG = logs.get_logger("assay.web")

#: Closing codes of a WebSocket: 4000 + status for the caller's errors.
_CLOSE_INTERNAL = 1011
_CLOSE_TRY_LATER = 1013
_MOST_REASON_BYTES = 123


class ClientGone(Exception):
    """The caller went away before its request was read: there is nobody to answer."""


#: Frameworks have exceptions of their own for it, which we know by name only.
_GONE = {ClientGone.__name__, "ClientDisconnect", "WebSocketDisconnect"}


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """All values of a request header; `name` in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def route_of(scope: Scope) -> str:
    """The template of the route that a request has met, such as `/result/{id}`."""
    return str(getattr(scope.get("route"), "path", "")) or "none"


async def escalate(_request: object, error: Exception) -> NoReturn:
    """An exception handler for a framework: lets the error through to `ProblemMiddleware`."""
    raise error


def problem_of(error: Exception) -> AssayError:
    """Our error for any exception, a framework's HTTP errors included."""
    status = getattr(error, "status_code", None)
    if isinstance(error, AssayError) or not isinstance(status, int) or status >= 500:
        return from_exception(error)
    if status == 404:
        return NotFound("there is nothing at this path")
    if status == 405:
        return MethodNotAllowed(f"this path answers to {_allow(error)}")
    detail = str(getattr(error, "detail", ""))
    return TooLarge(detail) if status == 413 else InvalidRequest(detail)


def _allow(error: Exception) -> str:
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    return ", ".join(sorted({*allowed.replace(" ", "").split(","), "OPTIONS"} - {""}))


class ProblemMiddleware:
    """Answers for whatever escapes from `app`; the details of our own faults are only logged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        last_sent = ""

        async def noting(message: Message) -> None:
            nonlocal last_sent
            last_sent = message["type"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if type(error).__name__ in _GONE:
                return
            if not await _answer(scope, send, error, last_sent):
                raise  # the answer had begun: the server logs it and cuts the connection


async def _answer(scope: Scope, send: Send, error: Exception, last_sent: str) -> bool:
    """Tell the caller, if it still can be told."""
    if last_sent not in ("", "websocket.accept", "websocket.send"):
        return False
    problem = problem_of(error)
    _log(scope, problem, error)
    if last_sent:
        await _close(send, problem)
    elif scope["type"] == "http":
        await _respond(scope, send, problem, error)
    else:
        await _deny(scope, send, problem)
    return True


def _log(scope: Scope, problem: AssayError, error: Exception) -> None:
    # Not the path: that is the caller's.
    request = {"method": scope.get("method", "WEBSOCKET"), "route": route_of(scope)}
    if isinstance(problem, Internal):
        _LOG.error("a request failed", **request, exc_info=error)
    elif isinstance(problem, Unavailable):
        # What we say ourselves, such as "not ready" to a probe, is an answer and no failure.
        level = logging.INFO if problem is error else logging.WARNING
        _LOG.log(level, "a request could not be served", **request, error=error)


async def _respond(scope: Scope, send: Send, problem: AssayError, error: Exception) -> None:
    headers: Headers = []
    body, status = encode(problem.document()), problem.status
    if isinstance(problem, MethodNotAllowed):
        headers.append((b"allow", _allow(error).encode("latin-1")))
        if scope["method"] == "OPTIONS":
            body, status = b"", 204
    await _send_whole(scope, send, status, headers + describe(problem, body), body)


def describe(problem: AssayError, body: bytes) -> Headers:
    """The headers of a problem's answer."""
    headers: Headers = [(b"cache-control", b"no-store")]
    if body:
        headers.append((b"content-type", b"application/problem+json"))
        headers.append((b"content-length", str(len(body)).encode()))
    if isinstance(problem, Unauthorized):
        headers.append((b"www-authenticate", b'Bearer realm="assay"'))
    if problem.retry_after_s:
        headers.append((b"retry-after", str(problem.retry_after_s).encode()))
    return headers


async def _send_whole(
    scope: Scope, send: Send, status: int, headers: Headers, body: bytes, kind: str = "http"
) -> None:
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    shown = b"" if scope.get("method") == "HEAD" else body
    await send({"type": f"{kind}.response.body", "body": shown})


async def _deny(scope: Scope, send: Send, problem: AssayError) -> None:
    """Refuse a WebSocket before it is one: by a whole answer, where the server can."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await _close(send, problem)
        return
    body = encode(problem.document())
    await _send_whole(
        scope, send, problem.status, describe(problem, body), body, kind="websocket.http"
    )


async def _close(send: Send, problem: AssayError) -> None:
    code = 4000 + problem.status
    if problem.status >= 500:
        code = _CLOSE_INTERNAL if isinstance(problem, Internal) else _CLOSE_TRY_LATER
    reason = problem.detail.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
    await send({"type": "websocket.close", "code": code, "reason": reason})


#: Set on every answer that does not say otherwise. A page brings its own policy.
SAFE: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}


class SafeHeaders:
    """Keeps browsers from guessing types, framing us, or lending answers to other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adding(message: Message) -> None:
            if message["type"].endswith("http.response.start"):
                headers: Headers = list(message.get("headers", []))
                have = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in SAFE.items() if name not in have]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, adding)


#: A literal loopback address cannot be rebound by somebody's DNS; a name can.
_HOST = re.compile(r"(localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::([0-9]{1,5}))?", re.I)


class LoopbackGuard:
    """Refuses pages of other sites, which could otherwise reach us through the user's browser.

    A page under a name that was rebound to 127.0.0.1 is caught by its Host, any other
    foreign page by its Origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            check_loopback(scope)
            scope[SCOPE_KEY] = LOCAL
        await self.app(scope, receive, send)


def check_loopback(scope: Scope) -> None:
    """Check Host and Origin of a request.

    Raises:
        Forbidden: they are not this machine's own.
    """
    hosts, origins = headers_of(scope, b"host"), headers_of(scope, b"origin")
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise Forbidden("the Host header must name this machine: localhost, 127.0.0.1 or [::1]")
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    own = f"{scheme}://{hosts[0].lower()}"
    if origins and [origin.lower() for origin in origins] != [own]:
        raise Forbidden(f"the Origin header must be {own}: pages of other sites are refused")


#: The layers around an app, outermost first; inside of them stands `shared.gate.Gate`.
OUTER: tuple[Callable[[ASGIApp], ASGIApp], ...] = (SafeHeaders, ProblemMiddleware)
#: The same for an app of this machine alone, without credentials.
EDGE: tuple[Callable[[ASGIApp], ASGIApp], ...] = (SafeHeaders, ProblemMiddleware, LoopbackGuard)
