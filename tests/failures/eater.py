"""A proxy in front of Redis that can eat replies: commands are carried out, nobody hears of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 16


class Eater:
    """Serves on a unix socket; lives on one event loop."""

    def __init__(self, server: Path, path: Path) -> None:
        self.path = path
        #: Replies eaten so far.
        self.eaten = 0
        self._server = str(server)
        self._hungry = False
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def eat_one(self) -> None:
        """The next reply to a command is swallowed, and its connection is cut."""
        self._hungry = True

    async def start(self) -> None:
        """Begin to serve."""
        self._listening = await asyncio.start_unix_server(self._serve, str(self.path))

    async def stop(self) -> None:
        """Close everything."""
        if self._listening is not None:
            self._listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.sleep(0.05)  # the transports close on the loop's next turns

    async def _serve(self, ours: asyncio.StreamReader, to_us: asyncio.StreamWriter) -> None:
        try:
            theirs, to_them = await asyncio.open_unix_connection(self._server)
        except OSError:  # it is dead just now
            to_us.transport.abort()
            return
        asked = asyncio.Event()
        try:
            await self._both(ours, to_us, theirs, to_them, asked)
        finally:
            for writer in (to_us, to_them):
                writer.transport.abort()

    async def _both(
        self,
        ours: asyncio.StreamReader,
        to_us: asyncio.StreamWriter,
        theirs: asyncio.StreamReader,
        to_them: asyncio.StreamWriter,
        asked: asyncio.Event,
    ) -> None:
        there = asyncio.create_task(self._carry(ours, to_them, asked, eats=False))
        back = asyncio.create_task(self._carry(theirs, to_us, asked, eats=True))
        self._tasks |= {there, back}
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        self._tasks -= {there, back}

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: asyncio.Event,
        *,
        eats: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if not eats:
                    asked.set()
                elif self._hungry and asked.is_set():
                    self._hungry = False
                    self.eaten += 1
                    return
                writer.write(data)
                await writer.drain()
