"""Waiting for the end of a submission, without polling and without a connection each.

Theory of operation. Every end of a submission is announced on `keys.PROBLEM_DONE`.
A process that has waiters listens there on one connection, whatever their number. A
waiter first hangs up its bell, then reads the submission, so an end that comes in
between rings. Bells are also rung at each (re)subscription, because what was announced
while we were away is lost; and a waiter looks for itself once a second, in case the
connection is dead without saying so. A message only wakes: the answer is always read
from the store.

Who has just stored a submission knows that it has not ended, and waits before he looks. Its end
may be heard before the store's answer to him is: so the newest ends are remembered for a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Iterator
from contextvars import Context

import msgspec
from redis.exceptions import RedisError

from shared import keys
from shared.connect import async_listener
from shared.errors import InvalidField
from shared.limits import MAX_WAIT_S
from shared.models import Stored
from shared.store import Snapshot, Store
from shared.verdicts import TERMINAL

_RECHECK_S = 1.0
_RECONNECT_S = 0.2
#: Ends, so many as come in while one answer of Redis is on its way.
_REMEMBERED = 128
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")


def parse_wait(text: str | None) -> float | None:
    """The seconds of `?wait=`; `None` if it is not there.

    Raises:
        InvalidField: it is not a number from 0 to `MAX_WAIT_S`.
    """
    if text is None:
        return None
    if not _SECONDS.fullmatch(text) or float(text) > MAX_WAIT_S:
        raise InvalidField(f"wait must be seconds from 0 to {MAX_WAIT_S}", field="wait")
    return float(text)


class _Done(Stored):
    submission_id: str
    batch_id: str = ""


class Waiting:
    """The waiters of one process, on one event loop."""

    def __init__(self, store: Store, redis_url: str) -> None:
        self._store = store
        self._client = async_listener(redis_url)
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._heard: deque[str] = deque(maxlen=_REMEMBERED)
        self._listener: asyncio.Task[None] | None = None
        self._closed = False

    async def until_final(
        self,
        submission_id: str,
        wait_s: float,
        *,
        tenant: str,
        or_shared: bool = False,
        is_new: bool = False,
    ) -> Snapshot:
        """The submission at its end, or as it is after `wait_s` seconds.

        Args:
            is_new: the caller has stored it in this moment.

        Raises:
            NotFound: there is no such submission of this tenant.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        with self.bell(submission_id) as bell:
            if is_new and submission_id not in self._heard and not self._closed:
                await self._ring(bell, wait_s)
            while True:
                bell.clear()
                found = await self._store.snapshot(
                    submission_id, tenant=tenant, or_shared=or_shared
                )
                left_s = deadline - loop.time()
                if found.state in TERMINAL or left_s <= 0 or self._closed:
                    return found
                await self._ring(bell, left_s)

    async def _ring(self, bell: asyncio.Event, left_s: float) -> None:
        """Until it rings, for an end or because it is time to look."""
        timer = asyncio.get_running_loop().call_later(min(left_s, _RECHECK_S), bell.set)
        try:
            await bell.wait()
        finally:
            timer.cancel()

    @property
    def is_closed(self) -> bool:
        """Whether the server is about to stop."""
        return self._closed

    def close(self) -> None:
        """Send the waiters away with what is known: the server is about to stop."""
        self._closed = True
        self._ring_all()

    async def aclose(self) -> None:
        """Close, and hang up."""
        self.close()
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        await self._client.aclose()

    @contextlib.contextmanager
    def bell(self, submission_id: str) -> Iterator[asyncio.Event]:
        """Rings at the end of this submission, or of each one of this batch."""
        self._listen_from_now()
        bell = asyncio.Event()
        bells = self._bells.setdefault(submission_id, set())
        bells.add(bell)
        try:
            yield bell
        finally:
            bells.discard(bell)
            if not bells:
                self._bells.pop(submission_id, None)

    def _listen_from_now(self) -> None:
        if self._listener is None and not self._closed:
            self._listener = asyncio.create_task(self._listen(), name="waiting", context=Context())

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError):
                async with self._client.pubsub() as pubsub:
                    await pubsub.subscribe(keys.PROBLEM_DONE)
                    async for message in pubsub.listen():
                        self._hear(message["type"], message["data"])
            await asyncio.sleep(_RECONNECT_S)

    def _hear(self, kind: str, data: bytes) -> None:
        if kind == "subscribe":
            self._ring_all()
        elif kind == "message":
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                done = msgspec.json.decode(data, type=_Done)
                self._heard.append(done.submission_id)
                for name in (done.submission_id, done.batch_id):
                    for bell in self._bells.get(name, ()):
                        bell.set()

    def _ring_all(self) -> None:
        for bells in self._bells.values():
            for bell in bells:
                bell.set()
