"""Bad bytes, really sent: to the server as every function has it, with shorter patience."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest

from shared.limits import MAX_BODY_BYTES, MIB
from shared.patience import Pace
from shared.serving.connection import Edge
from shared.serving.server import MAX_FRAME_BYTES
from shared.settings import Settings
from tests.shared.edge import (
    EDGE,
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


@pytest.mark.parametrize(
    "bad",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),  # TLS
        b"hello\r\n\r\n",
        b"GET /take HTTP/1.1\nHost localhost\n\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        head(TAKE, JSON, "Content-Length: 2", "Content-Length: 3"),
        head(TAKE, JSON, "Content-Length: -1"),
        head(TAKE, JSON, "Content-Length: 2", "Transfer-Encoding: chunked"),
        head(TAKE, JSON, "Transfer-Encoding: chunked, identity"),
        head(TAKE, JSON, "Bad Name: x"),
        head(TAKE, JSON, "X: a\x00b"),
    ],
)
def test_what_is_not_http_or_is_ambiguous_is_refused(served: Served, bad: bytes) -> None:
    with dialled(served, bad) as client:
        status, problem, _ = answer(client)
        assert (status, problem["type"]) == (400, "urn:assay:error:invalid-request")
        assert hung_up(client)


@pytest.mark.parametrize(
    "pieces",
    [
        [head("GET /" + "a" * EDGE.head_bytes + " HTTP/1.1")],
        [head("GET / HTTP/1.1", "X: " + "a" * EDGE.head_bytes)],
        [head("GET / HTTP/1.1", *(f"X-{n}: a" for n in range(EDGE.headers)))],
        [b"GET / HTTP/1.1\r\nX: ", *[b"a" * 1024] * (EDGE.head_bytes // 1024 + 1)],
        [b"GET /", *[b"a" * 1024] * (EDGE.head_bytes // 1024 + 1)],
    ],
    ids=["url", "header", "number", "endless header", "endless url"],
)
def test_a_head_that_is_too_large_is_refused(served: Served, pieces: list[bytes]) -> None:
    with dialled(served, *pieces) as client:
        status, problem, _ = answer(client)
        assert (status, problem["type"]) == (431, "urn:assay:error:head-too-large")
        assert hung_up(client)


def test_a_head_within_its_limits_is_taken(served: Served) -> None:
    many = (f"X-{n}: {'a' * 200}" for n in range(EDGE.headers - 5))
    with dialled(served, head("GET /nowhere HTTP/1.1", *many)) as client:
        assert answer(client)[0] == 404


def test_a_head_that_does_not_end_has_its_time(hasty: Served) -> None:
    with dialled(hasty, b"GET / HTTP/1.1\r\nHost: localhost\r\n") as slow, dialled(hasty) as mute:
        dripping = threading.Thread(target=drip, args=(slow, b"X: a\r\n"))
        dripping.start()
        status, problem, _ = answer(slow)
        assert (status, problem["type"]) == (408, "urn:assay:error:too-slow")
        assert hung_up(mute)
        dripping.join()


def test_a_client_that_takes_nothing_is_let_go(hasty: Served) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", hasty.port))
        client.sendall(head("GET /pour HTTP/1.1"))
        assert client.recv(12) == b"HTTP/1.1 200"
        hasty.await_open(0)


def test_past_their_number_connections_are_told_to_come_back_and_health_is_answered(
    served: Served,
) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(EDGE.connections):
            stack.enter_context(dialled(served))
        served.await_open(EDGE.connections)
        with dialled(served, head("GET /nowhere HTTP/1.1")) as client:
            status, problem, response = answer(client)
            assert (status, problem["type"]) == (503, "urn:assay:error:overloaded")
            assert int(response.headers["retry-after"]) > 0
        healthy = HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
        healthy.request("GET", "/healthz")
        assert healthy.getresponse().status == 200
        healthy.close()
        flood = [stack.enter_context(dialled(served)) for _ in range(EDGE.connections)]
        cut, _, _ = select.select(flood, [], [], PATIENCE_S)
        assert cut
        assert all(hung_up(client) for client in cut)
        served.await_open(EDGE.connections * 5 // 4)


def test_a_body_past_its_limit_is_refused_whether_it_says_so_or_not(served: Served) -> None:
    for headers in ("Content-Length: 999999999999", "Transfer-Encoding: chunked"):
        with dialled(served, head(TAKE, JSON, headers)) as client:
            with contextlib.suppress(OSError):
                for _ in range(10):
                    client.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
            assert answer(client)[0] == 413
    with dialled(served, head(TAKE, JSON, "Content-Length: " + "9" * 30)) as client:
        assert answer(client)[0] in (400, 413)


@pytest.mark.parametrize("path", ["/fail", "/fail-late"])
def test_no_caller_is_told_what_went_wrong_inside(served: Served, path: str) -> None:
    with dialled(served, head(f"GET {path} HTTP/1.1", "Connection: close")) as client:
        said = b""
        while data := client.recv(65536):
            said += data
    assert b"swordfish" not in said
    assert b"Traceback" not in said
    assert b".py" not in said


def test_the_limits_are_told_as_they_are() -> None:
    edge, pace = Edge(), Pace()
    told = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
    for row in (
        f"| {edge.head_bytes // 1024} KiB, {edge.headers} | 431 |",
        f"| time for a head | {edge.head_s:g} s |",
        f"| a body | {MAX_BODY_BYTES // MIB} MiB,",
        f"| {pace.quiet_s:g} s, and {pace.bytes_per_s / 1024:g} KiB/s on average after that |",
        f"| a body that is not wanted any more | {edge.drain_s:g} s |",
        f"| an answer that is not taken | {edge.send_s:g} s |",
        f"| a frame of a WebSocket | {MAX_FRAME_BYTES // 1024} KiB |",
    ):
        assert row in told
    assert edge.connections == Settings().max_connections
