"""How long a body may take: a layer around every app, inside of what tells errors.

Only the time in which we wait for the client counts; a body that lies in our buffer while
the app is busy costs its sender nothing. A slow line is no attack: who keeps up a few
kilobytes a second may go on for as long as the size of a body allows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.asgi import ASGIApp, Message, Receive, Scope, Send
from shared.errors import TooSlow


@dataclass(frozen=True)
class Pace:
    """What is asked of a client that sends a body."""

    #: Seconds of silence, and seconds before the rate counts.
    quiet_s: float = 30.0
    bytes_per_s: float = 4096.0


class Patience:
    """Raises `TooSlow` out of a `receive` that waits for a body in vain."""

    def __init__(self, app: ASGIApp, pace: Pace = Pace()) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _Body(receive, self._pace)
        await self._app(scope, receive, send)


class _Body:
    """The `receive` of one request."""

    def __init__(self, receive: Receive, pace: Pace) -> None:
        self._receive = receive
        self._pace = pace
        self._waited_s = 0.0
        self._bytes = 0
        self._is_complete = False

    async def __call__(self) -> Message:
        if self._is_complete:  # waiting for the client to leave may take as long as it likes
            return await self._receive()
        loop = asyncio.get_running_loop()
        allowed_s = self._pace.quiet_s + self._bytes / self._pace.bytes_per_s - self._waited_s
        began_s = loop.time()
        try:
            async with asyncio.timeout(min(self._pace.quiet_s, max(0.0, allowed_s))):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow("the body comes too slowly") from None
        self._waited_s += loop.time() - began_s
        self._bytes += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message
