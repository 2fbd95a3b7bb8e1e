"""Many SSE clients in one process: they open, they read, they say how late each event was."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Sequence

from infra.local.failure import Failure

#: Opened side by side: a backlog is not endless.
_AT_ONCE = 100
_OPEN_S = 120.0


def allow_many_files() -> int:
    """Raise the limit of open files as far as it goes; gives it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class Crowd:
    """Open clients."""

    def __init__(self) -> None:
        #: How late each event with a time in it was, in ms.
        self.late_ms: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._open = 0

    async def join(self, port: int, streams: Sequence[str]) -> None:
        """A client for each of these streams; all of them have been answered then."""
        gate = asyncio.Semaphore(_AT_ONCE)
        wanted = self._open + len(streams)
        self._tasks += [asyncio.create_task(self._read(port, it, gate)) for it in streams]
        deadline = time.monotonic() + _OPEN_S
        while self._open < wanted:
            if time.monotonic() > deadline or any(task.done() for task in self._tasks):
                raise Failure(f"Only {self._open} of {wanted} streams could be opened.")
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        """All go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, port: int, stream: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            host = f"127.0.0.1:{port}"
            writer.write(f"GET /events/{stream} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise Failure(f"A stream was answered by {head[:40]!r}.")
            self._open += 1
        with contextlib.closing(writer):
            while line := await reader.readline():
                at = line.find(b'"at":')
                if at >= 0:
                    now = time.monotonic()
                    sent = float(line[at + 5 :].split(b"}")[0].split(b",")[0])
                    self.late_ms.append((now - sent) * 1000)


@contextlib.asynccontextmanager
async def crowd(port: int, streams: Sequence[str]) -> AsyncIterator[Crowd]:
    """A client for each of these streams, as long as the context lasts."""
    clients = Crowd()
    try:
        await clients.join(port, streams)
        yield clients
    finally:
        await clients.leave()
