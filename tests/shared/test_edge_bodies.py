"""What comes behind a head: bodies, what stands around them, and answers before their end."""

from __future__ import annotations

import contextlib
import time
from http.client import HTTPResponse

import pytest

from tests.shared.edge import (
    BIG,
    JSON,
    PATIENCE_S,
    TAKE,
    Served,
    answer,
    dialled,
    drip,
    head,
    hung_up,
)


@pytest.mark.parametrize("size", [1_000, 40_000, 200_000])
def test_a_body_is_no_head_however_it_arrives(served: Served, size: int) -> None:
    posted = head("POST /ignore HTTP/1.1", f"Content-Length: {size}") + b"x" * size
    last = head("GET /nowhere HTTP/1.1", "Connection: close")
    with dialled(served, posted, posted + last) as client:
        received = b""
        while data := client.recv(65536):
            received += data
    assert received.count(b"200 OK") == 2
    assert received.count(b"404 Not Found") == 1


def test_trailers_count_like_headers(served: Served) -> None:
    chunked = head(TAKE, JSON, "Transfer-Encoding: chunked")
    with dialled(served, chunked, b"2\r\n{}\r\n0\r\n") as client:
        with contextlib.suppress(OSError):
            for n in range(10_000):
                client.sendall(b"X-%d: %s\r\n" % (n, b"a" * 100))
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(65536):
                received += data
    assert b"200 OK" not in received


@pytest.mark.parametrize("path", ["/ignore", "/take"])
@pytest.mark.parametrize("last", [["Connection: close"], []], ids=["last", "not last"])
def test_an_early_answer_reaches_who_still_sends(
    served: Served, path: str, last: list[str]
) -> None:
    size = BIG // 4
    with dialled(
        served, head(f"POST {path} HTTP/1.1", JSON, f"Content-Length: {size}", *last)
    ) as c:
        c.sendall(b" " * size)
        response = HTTPResponse(c)
        response.begin()
        assert response.status == (200 if path == "/ignore" else 413)
        assert response.read()
        assert not last or hung_up(c)


def test_a_trailer_is_no_header(served: Served) -> None:
    posted = head("POST /names HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close")
    with dialled(served, posted + b"2\r\n{}\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n") as client:
        response = HTTPResponse(client)
        response.begin()
        assert response.status == 200
        assert response.read() == b"host transfer-encoding connection"


@pytest.mark.parametrize(
    "begin", [b"0\r\nX: ", b"2\r\n{}\r\n0\r\nX: ", b"2;x=", b"2\r\n{}\r\n0\r\nX"]
)
def test_what_is_around_a_body_has_an_end(served: Served, begin: bytes) -> None:
    chunked = head("POST /ignore HTTP/1.1", "Transfer-Encoding: chunked")
    with dialled(served, chunked, begin) as client:
        sent = 0
        with contextlib.suppress(OSError):
            while sent < BIG:
                sent += client.send(b"a" * 65536)
        assert sent < BIG


@pytest.mark.parametrize("body", ["Content-Length: 9", "Transfer-Encoding: chunked"])
def test_a_socket_that_begins_with_a_body_is_refused(served: Served, body: str) -> None:
    upgrade = head("GET /socket HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade", body)
    with dialled(served, upgrade) as client:
        assert answer(client)[0] == 400
        assert hung_up(client)


def test_a_body_that_was_not_wanted_has_its_time(hasty: Served) -> None:
    with dialled(hasty, head("POST /ignore HTTP/1.1", "Content-Length: 100000")) as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        drip(client, b"a")
        hasty.await_open(0)


def test_nothing_is_answered_behind_a_last_answer(served: Served) -> None:
    first = b"GET /names HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    second = head("POST /take HTTP/1.1", JSON, "Content-Length: 100")
    with dialled(served, first + second + b" ") as client:
        client.sendall(b" " * 99)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(65536):
                received += data
    assert received.count(b"HTTP/1.1 ") == 1


def test_who_is_heard_out_has_no_longer_for_it(hasty: Served) -> None:
    posted = head("POST /ignore HTTP/1.1", "Content-Length: 100000", "Connection: close")
    with dialled(hasty, posted) as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        drip(client, b"a")
        hasty.await_open(0)


def test_a_socket_behind_an_answer_that_goes_on_is_no_way_to_leave_it_behind(
    served: Served,
) -> None:
    upgrade = head(
        "GET /socket HTTP/1.1", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    )  # fmt: skip
    with dialled(served, head("GET /wait HTTP/1.1"), upgrade) as client:
        assert hung_up(client)
    served.await_open(0)
    deadline = time.monotonic() + PATIENCE_S
    while served.server.server_state.tasks:
        assert time.monotonic() < deadline, "what nobody waits for goes on"
        time.sleep(0.01)
