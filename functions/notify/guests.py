"""Who holds a stream or a socket open, and whether he still may.

Theory of operation. Whoever comes in has shown something: a key, a session, a ticket that is
as good as what got it. Connections are kept by that, and every few seconds one pipeline
asks which of them would still be let in: one question for each key and session, whatever
the number of its connections. Those of a key that was revoked or has expired, of a session
that has ended and of an account that is gone are closed. Who has shown nothing, as this
machine itself, is not asked for. While Redis is away nobody is sent away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from redis.exceptions import RedisError

from shared import logs
from shared.credentials import Credentials
from shared.identity import Caller

log = logs.get_logger(__name__)

#: A connection outlives what opened it by so many seconds at most.
CHECK_S = 2.0
#: Asked for in one pipeline.
_AT_ONCE = 500


class Guests:
    """Of one process, on one event loop."""

    def __init__(self, credentials: Credentials, *, check_s: float = CHECK_S) -> None:
        self._credentials = credentials
        self._check_s = check_s
        #: By what was shown and to whom it belonged then: what sends each of them away.
        self._inside: dict[Caller, dict[object, Callable[[], None]]] = {}

    @contextlib.contextmanager
    def welcome(self, caller: Caller, send_away: Callable[[], None]) -> Iterator[None]:
        """Inside as long as the context lasts; `send_away` is called if he may be no longer."""
        if not caller.shown:
            yield
            return
        mark = object()
        self._inside.setdefault(caller, {})[mark] = send_away
        try:
            yield
        finally:
            connections = self._inside[caller]
            del connections[mark]
            if not connections:
                del self._inside[caller]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._check_s)
            try:
                await self.look()
            except (RedisError, OSError) as error:
                log.info("who may still be inside is not known", error=error)

    async def look(self) -> None:
        """Send away who would not be let in now."""
        callers = list(self._inside)
        for first in range(0, len(callers), _AT_ONCE):
            some = callers[first : first + _AT_ONCE]
            for caller, opens in zip(some, await self._credentials.still_open(some), strict=True):
                if not opens:
                    for send_away in list(self._inside.get(caller, {}).values()):
                        send_away()
