"""The edge: one shape for every error, safe headers, and this machine's pages only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
import redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from shared.asgi import (
    EDGE,
    ClientGone,
    Message,
    ProblemMiddleware,
    Receive,
    Scope,
    Send,
    check_loopback,
    escalate,
)
from shared.errors import AssayError, Forbidden, InvalidField, NotFound, Overloaded, Unavailable
from shared.logs import LineFormatter
from tests.in_process import assert_problem

ERRORS: dict[str, Exception] = {
    "field": InvalidField("too small", field="limits.cpuTimeMs"),
    "missing": NotFound("no submission 'x'"),
    "full": Overloaded("too many", retry_after_s=7),
    "away": Unavailable("gone"),
    "store": redis.ConnectionError("secret"),
    "bug": ZeroDivisionError("secret"),
    "framework": HTTPException(422, "no such thing"),
    "framework-size": HTTPException(413, "too long"),
    "framework-bug": HTTPException(500, "secret"),
}


async def _raise(request: Request) -> Response:
    raise ERRORS[request.path_params["name"]]


async def _post(_request: Request) -> Response:
    return PlainTextResponse("posted")


async def _break_off(_request: Request) -> Response:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise ZeroDivisionError

    return StreamingResponse(half())


async def _socket(websocket: WebSocket) -> None:
    if websocket.query_params.get("accept"):
        await websocket.accept()
    raise ERRORS[websocket.path_params["name"]]


@pytest.fixture
def client() -> TestClient:
    app = Starlette(
        routes=[
            Route("/raise/{name}", _raise),
            Route("/post", _post, methods=["POST"]),
            Route("/half", _break_off),
            WebSocketRoute("/socket/{name}", _socket),
        ],
        middleware=[Middleware(layer) for layer in EDGE],
        exception_handlers={HTTPException: escalate},
    )
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(
    ("path", "status", "slug", "field"),
    [
        ("/raise/field", 400, "invalid-field", "limits.cpuTimeMs"),
        ("/raise/missing", 404, "not-found", ""),
        ("/raise/full", 503, "overloaded", ""),
        ("/raise/away", 503, "unavailable", ""),
        ("/raise/bug", 500, "internal", ""),
        ("/raise/framework", 400, "invalid-request", ""),
        ("/raise/framework-size", 413, "too-large", ""),
        ("/raise/framework-bug", 500, "internal", ""),
        ("/nowhere", 404, "not-found", ""),
        ("/post", 405, "method-not-allowed", ""),
    ],
)
def test_every_error_has_one_shape(
    client: TestClient, path: str, status: int, slug: str, field: str
) -> None:
    detail = assert_problem(client.get(path), status, slug, field)
    assert "secret" not in detail


def test_our_own_fault_is_in_the_log_and_nowhere_else(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/raise/bug")
    assert "ZeroDivisionError" not in response.text
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    [line] = [json.loads(LineFormatter(console=False).format(record))]
    assert (line["method"], line["route"]) == ("GET", "/raise/{name}"), "never the path"
    assert line["error"] == "ZeroDivisionError", "never its words"
    assert line["trace"][-1].startswith("tests/shared/test_asgi.py:")


def test_a_store_that_went_away_is_a_warning_and_an_answer_of_ours_is_none(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/raise/away")  # as /readyz says it to a probe, each second
    assert [it for it in caplog.records if it.levelno >= logging.WARNING] == []
    client.get("/raise/store")
    [record] = [it for it in caplog.records if it.levelno >= logging.WARNING]
    assert record.levelno == logging.WARNING


def test_a_caller_s_error_is_not_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/raise/field")
    assert [record for record in caplog.records if record.name.startswith("assay")] == []


def test_an_overload_says_when_to_come_back(client: TestClient) -> None:
    assert client.get("/raise/full").headers["retry-after"] == "7"
    assert "retry-after" not in client.get("/raise/missing").headers


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    assert client.get("/post").headers["allow"] == "OPTIONS, POST"


def test_options_tells_the_methods_and_head_sends_no_body(client: TestClient) -> None:
    options = client.options("/post")
    assert (options.status_code, options.headers["allow"], options.content) == (
        204,
        "OPTIONS, POST",
        b"",
    )
    start, body = _talk({"type": "http", "method": "HEAD", "path": "/", "headers": []}, NotFound())
    assert (start["status"], body["body"]) == (404, b"")
    assert int(dict(start["headers"])[b"content-length"]) > 0


def test_an_answer_that_has_begun_is_broken_off(client: TestClient) -> None:
    with pytest.raises(ZeroDivisionError):
        client.get("/half")


@pytest.mark.parametrize("path", ["/raise/missing", "/raise/bug", "/nowhere", "/post"])
def test_every_answer_is_safe_for_browsers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_policy_of_its_own_is_kept() -> None:
    async def page(_request: Request) -> Response:
        return PlainTextResponse("", headers={"Content-Security-Policy": "default-src 'self'"})

    layers = [Middleware(layer) for layer in EDGE]
    app = Starlette(routes=[Route("/", page)], middleware=layers)
    response = TestClient(app, base_url="http://localhost").get("/")
    assert response.headers.get_list("content-security-policy") == ["default-src 'self'"]


# WebSockets


def test_a_websocket_is_refused_by_a_whole_answer(client: TestClient) -> None:
    with pytest.raises(WebSocketDenialResponse) as refused:
        with client.websocket_connect("ws://localhost/socket/missing"):
            pass
    assert_problem(refused.value, 404, "not-found")


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("missing", 4404, "no submission 'x'"),
        ("field", 4400, "limits.cpuTimeMs: too small"),
        ("full", 1013, "too many"),
        ("bug", 1011, "something went wrong on our side; it has been logged"),
    ],
)
def test_an_open_websocket_is_closed_with_the_reason(
    client: TestClient, name: str, code: int, reason: str
) -> None:
    with client.websocket_connect(f"ws://localhost/socket/{name}?accept=1") as socket:
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (code, reason)


def _talk(scope: Scope, error: Exception) -> list[Message]:
    """What the middleware sends for an app that raises at once."""
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(ProblemMiddleware(app)(scope, receive, send))
    return sent


def test_a_server_that_cannot_refuse_by_an_answer_closes_the_websocket() -> None:
    scope: Scope = {"type": "websocket", "path": "/", "headers": []}
    assert _talk(scope, Forbidden("ä" * 100)) == [
        {"type": "websocket.close", "code": 4403, "reason": "ä" * 61}  # 123 bytes at most
    ]


@pytest.mark.parametrize("error", [ClientGone(), WebSocketDisconnect(1001)])
def test_nobody_is_answered_who_has_gone_and_nothing_is_logged(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert _talk({"type": "http", "method": "GET", "path": "/", "headers": []}, error) == []
    assert caplog.records == []


# Loopback only

OWN = [
    ("localhost", None),
    ("localhost:3000", "http://localhost:3000"),
    ("127.0.0.1:3000", "http://127.0.0.1:3000"),
    ("127.0.0.2", None),
    ("[::1]:3000", "http://[::1]:3000"),
    ("LocalHost:3000", "http://localhost:3000"),
]
FOREIGN = [
    ("example.com", None),
    ("localhost.example.com", None),
    ("127.0.0.1.example.com", None),
    ("example.com:3000", "http://example.com:3000"),
    ("localhost@example.com", None),
    ("", None),
    ("localhost:", None),
    ("localhost:3000, example.com", None),
    ("192.168.0.1:3000", None),
    ("127.1", None),
    ("localhost:3000", "http://example.com"),
    ("localhost:3000", "http://localhost:3001"),
    ("localhost:3000", "https://localhost:3000"),
    ("localhost:3000", "http://127.0.0.1:3000"),
    ("localhost:3000", "http://localhost:3000.example.com"),
    ("localhost:3000", "null"),
    ("localhost:3000", ""),
]


def _headers(host: str, origin: str | None) -> dict[str, str]:
    return {"host": host} | ({} if origin is None else {"origin": origin})


@pytest.mark.parametrize(("host", "origin"), OWN)
def test_this_machine_s_own_requests_pass(
    client: TestClient, host: str, origin: str | None
) -> None:
    assert client.post("/post", headers=_headers(host, origin)).text == "posted"
    with client.websocket_connect(
        "ws://localhost/socket/missing?accept=1", headers=_headers(host, origin)
    ):
        pass


@pytest.mark.parametrize(("host", "origin"), FOREIGN)
def test_pages_of_other_sites_are_refused(
    client: TestClient, host: str, origin: str | None
) -> None:
    assert_problem(client.post("/post", headers=_headers(host, origin)), 403, "forbidden")
    with pytest.raises(WebSocketDenialResponse) as refused:
        with client.websocket_connect(
            "ws://localhost/socket/missing?accept=1", headers=_headers(host, origin)
        ):
            pass
    assert_problem(refused.value, 403, "forbidden")


@pytest.mark.parametrize("headers", [[], [(b"host", b"localhost"), (b"host", b"example.com")]])
def test_a_request_names_exactly_one_host(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Forbidden):
        check_loopback({"type": "http", "scheme": "http", "headers": headers})


def test_every_error_of_ours_can_be_told_over_http() -> None:
    for cls in AssayError.__subclasses__():
        scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        start, body = _talk(scope, cls("x"))
        assert start["status"] == cls.status
        assert cls.slug.encode() in body["body"]
