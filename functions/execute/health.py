"""The worker's few pages for the platform that runs it, on `$PORT`: `/healthz`, `/readyz`.

Theory of operation. A thread of its own with an event loop, so that it answers whatever the
main thread and the slots do: from the first moment of a start, which may take half a minute.
A request has a few seconds and a few kilobytes, and a connection one request. A page may
block: it is made in a thread, one at a time, and who asks while it hangs is told so.

Nothing here is for callers of the service: there are no credentials, and nothing is told of
anybody. The port belongs into a network that only the platform reaches.
"""

from __future__ import annotations

import asyncio
import http
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from shared import logs
from shared.answers import Health
from shared.errors import MethodNotAllowed, NotFound, Unavailable, from_exception
from shared.models import encode

_log = logs.get_logger(__name__)

#: Makes a page: its content type, and what it says. Raises one of our errors instead.
Page = Callable[[], tuple[str, bytes]]

_REQUEST_S = 5.0
_PAGE_S = 3.0
_MOST_HEAD_BYTES = 8192
_MOST_CONNECTIONS = 64
_OK = ("application/json", encode(Health()))


class HealthServer:
    """Serves pages until it is closed."""

    def __init__(self, listener: socket.socket, pages: Mapping[str, Page]) -> None:
        self._listener = listener
        self._pages = pages
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._maker = ThreadPoolExecutor(1, "health")
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_REQUEST_S)
        self._maker.shutdown(wait=False, cancel_futures=True)
        self._listener.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(
            self._answer, sock=self._listener, limit=_MOST_HEAD_BYTES, start_serving=True
        )
        self._loop.run_until_complete(starting)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            async with asyncio.timeout(_REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._response(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it had its time and its bytes
        finally:
            self._open.discard(writer)
            writer.close()

    async def _response(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        try:
            kind, body = await self._page(method, path)
            status, more = 200, ""
        except Exception as error:
            problem = from_exception(error)
            if problem.status == 500:
                _log.error("a page of the platform failed", exc_info=error)
            kind, body = "application/problem+json", encode(problem.document())
            status = problem.status
            more = f"retry-after: {problem.retry_after_s}\r\n" if problem.retry_after_s else ""
        start = (
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}\r\ncontent-type: {kind}\r\n"
            f"content-length: {len(body)}\r\n{more}cache-control: no-store\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        return start.encode() + (b"" if method == "HEAD" else body)

    async def _page(self, method: str, path: str) -> tuple[str, bytes]:
        if path != "/healthz" and path not in self._pages:
            raise NotFound("there is nothing at this path")
        if method not in ("GET", "HEAD"):
            raise MethodNotAllowed("this path answers to GET, HEAD")
        if path == "/healthz":  # whatever hangs, this process lives
            return _OK
        return await self._made(self._pages[path])

    async def _made(self, page: Page) -> tuple[str, bytes]:
        """A page, made in the one thread for it; who has waited too long takes its turn away."""
        made = self._loop.run_in_executor(self._maker, page)
        try:
            return await asyncio.wait_for(made, _PAGE_S)
        except TimeoutError:
            raise Unavailable("what this needs did not answer in time", retry_after_s=2) from None


class Readiness:
    """The page `/readyz`: not ready from the start, and then when a worker says so."""

    def __init__(self) -> None:
        self._check: Callable[[], None] | None = None

    def ready_when(self, check: Callable[[], None]) -> None:
        """From now on it is what `check` says; it raises what is missing."""
        self._check = check

    def page(self) -> tuple[str, bytes]:
        """The page.

        Raises:
            Unavailable: what is missing.
        """
        if self._check is None:
            raise Unavailable("the worker is starting", retry_after_s=2)
        self._check()
        return _OK
