"""The server as every function has it, with shorter patience, and bytes that are really sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from shared.body import read_json
from shared.services import Services
from shared.serving import assemble
from shared.serving.connection import Edge
from shared.serving.server import config
from shared.settings import Settings

#: Few connections, but no hurry.
EDGE = Edge(connections=8, head_s=60.0, drain_s=60.0, send_s=60.0)
#: No patience at all.
HASTY = Edge(head_s=0.5, drain_s=0.5, send_s=0.5)
PATIENCE_S = 60.0
BIG = 64 * 1024 * 1024


async def _wait(request: Request) -> Response:
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    return Response("too late")


async def _names(request: Request) -> Response:
    await request.body()
    return Response(" ".join(request.headers))


def routes(_services: Services) -> list[BaseRoute]:
    """Takes a body, ignores one, streams for ever, fails."""

    async def take(request: Request) -> Response:
        body = await read_json(request.scope, request.receive, dict[str, Any], limit_bytes=1000)
        return Response(str(len(body)))

    async def ignore(_request: Request) -> Response:
        return Response("ignored")

    async def pour(_request: Request) -> Response:
        async def zeros() -> Any:  # noqa: ANN401
            for _ in range(BIG // 65536):
                yield bytes(65536)

        return StreamingResponse(zeros())

    async def fail(_request: Request) -> Response:
        raise RuntimeError("the password is swordfish")

    async def fail_late(_request: Request) -> Response:
        async def some() -> Any:  # noqa: ANN401
            yield b"some"
            raise RuntimeError("the password is swordfish")

        return StreamingResponse(some())

    return [
        Route("/take", take, methods=["POST"]),
        Route("/ignore", ignore, methods=["POST"]),
        Route("/wait", _wait),
        Route("/names", _names, methods=["POST"]),
        Route("/pour", pour),
        Route("/fail", fail),
        Route("/fail-late", fail_late),
    ]


@dataclass
class Served:
    """A server in a thread, and how many connections it holds."""

    port: int
    server: uvicorn.Server

    @property
    def open(self) -> int:
        return len(self.server.server_state.connections)

    def await_open(self, count: int) -> None:
        """Until it holds so many."""
        deadline = time.monotonic() + PATIENCE_S
        while self.open != count:
            assert time.monotonic() < deadline, f"{self.open} are open"
            time.sleep(0.01)


@contextlib.contextmanager
def serving(edge: Edge) -> Iterator[Served]:
    """It has no Redis, and its callers come from this machine."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    services = Services(Settings(redis_url="redis://127.0.0.1:1", log_level="error"))
    server = uvicorn.Server(config(services, assemble(services, routes), edge))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Served(listener.getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def dialled(served: Served, *pieces: bytes) -> Iterator[socket.socket]:
    """A connection on which these bytes have been sent."""
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.settimeout(PATIENCE_S)
        for piece in pieces:
            client.sendall(piece)
        yield client


def answer(client: socket.socket) -> tuple[int, dict[str, Any], HTTPResponse]:
    """The one answer that comes, a problem document; then the server hangs up."""
    response = HTTPResponse(client)
    response.begin()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    return response.status, json.loads(response.read()), response


def hung_up(client: socket.socket) -> bool:
    """Whether the server closes, sooner or later, without another word."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, "Host: localhost", *headers, "", ""]).encode()


TAKE = "POST /take HTTP/1.1"
JSON = "Content-Type: application/json"


def drip(client: socket.socket, piece: bytes) -> None:
    """Keep a connection busy, as long as it lasts."""
    with contextlib.suppress(OSError):
        for _ in range(600):
            client.sendall(piece)
            time.sleep(0.1)
