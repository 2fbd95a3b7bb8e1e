"""One connection: how much, how long and how many, before any app is asked.

Theory of operation. The server's own HTTP protocol (uvicorn's, over httptools) knows no limits
of heads and no patience; this one adds them. A connection is in one of these states, and in
each somebody watches the clock:

    head      from the first byte, or from the connection, until the headers are complete: ours
    body      while the app waits for it: `shared/patience.py`; when it has answered without
              having read it: ours, so that the answer is not lost in a reset
    answer    the app is at work; when the client does not take what is sent: ours
    idle      between requests: uvicorn's keep-alive

What is refused here is told in the one shape of errors, and the connection is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import socket
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.asgi import SAFE, describe
from shared.errors import AssayError, HeadTooLarge, InvalidRequest, Overloaded, TooSlow
from shared.models import encode


@dataclass(frozen=True)
class Edge:
    """The limits of connections."""

    #: More are told to come back; a quarter more again, and they are not even told.
    connections: int = 10_000
    head_bytes: int = 32 * 1024
    headers: int = 100
    #: Seconds for a whole head.
    head_s: float = 10.0
    #: Seconds for the rest of a body that nobody wants any more.
    drain_s: float = 5.0
    #: Seconds in which a client takes some of what it is sent.
    send_s: float = 30.0


class Connection(HttpToolsProtocol):
    """Of a client that may mean no good. `partial(Connection, edge)` is a protocol class."""

    def __init__(self, edge: Edge, **rest: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(**rest)
        self._edge = edge
        self._in_head, self._in_body = True, False
        #: Of the head that is being read: bytes in headers, their number, bytes received.
        self._head_bytes = self._headers = self._raw_bytes = 0
        self._heads = 0
        self._refusal: AssayError | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._edge.connections * 5 // 4:
            transport.abort()
            return
        _notice_dead_peers(transport, self._edge.send_s)
        self._watch(self._edge.head_s, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head, heads = self._in_head, self._heads
        if was_in_head and self._reading is None:  # the next head of a connection that was idle
            self._watch(self._edge.head_s, self._head_is_late)
        super().data_received(data)
        if heads != self._heads:  # it brought the end of a head: what follows is a body's
            return
        if was_in_head and not self.transport.is_closing():
            self._raw_bytes += len(data)
            if self._raw_bytes > self._edge.head_bytes:
                self._refuse(HeadTooLarge(f"a head may have {self._edge.head_bytes} bytes at most"))

    # Called by the parser; what they raise ends in `send_400_response`.

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._edge.head_bytes or self._headers > self._edge.headers:
            self._refusal = HeadTooLarge(
                f"a head may have {self._edge.head_bytes} bytes "
                f"and {self._edge.headers} headers at most"
            )
            raise self._refusal

    def on_headers_complete(self) -> None:
        self._unwatch()
        self._heads += 1
        self._in_head, self._in_body = False, True
        # A process that is full is not dead: it goes on saying so.
        if len(self.connections) > self._edge.connections and self.url != b"/healthz":
            self._refusal = Overloaded("too many connections are open here", retry_after_s=2)
            raise self._refusal
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._unwatch()
        self._in_head, self._in_body = True, False
        self._head_bytes = self._headers = self._raw_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._watch(self._edge.drain_s, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._sending is None:
            self._sending = self.loop.call_later(self._edge.send_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _watch(self, seconds: float, late: Any) -> None:  # noqa: ANN401 - a callback
        self._unwatch()
        self._reading = self.loop.call_later(seconds, late)

    def _unwatch(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _head_is_late(self) -> None:
        if self._raw_bytes:
            self._refuse(TooSlow(f"a head must be complete within {self._edge.head_s:g} s"))
        else:  # it has said nothing: there is nothing to answer
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Ours instead of uvicorn's: it was not HTTP, or what a callback refused."""
        self._refuse(self._refusal or InvalidRequest("this is not a request of HTTP/1.1"))

    def _refuse(self, problem: AssayError) -> None:
        """Answer by hand, unless an answer has begun, and close."""
        self._unwatch()
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_whole(problem, self.server_state.default_headers))
            self.transport.close()


def _whole(problem: AssayError, more: list[tuple[bytes, bytes]]) -> bytes:
    body = encode(problem.document())
    phrase = http.HTTPStatus(problem.status).phrase
    headers = [*more, *describe(problem, body), *SAFE.items(), (b"connection", b"close")]
    head = b"".join(b"%s: %s\r\n" % pair for pair in headers)
    return f"HTTP/1.1 {problem.status} {phrase}\r\n".encode() + head + b"\r\n" + body


def _notice_dead_peers(transport: asyncio.Transport, seconds: float) -> None:
    """Have the kernel give up on a peer that acknowledges nothing, also while we close."""
    found = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):  # a unix socket has no such thing
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
