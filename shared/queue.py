"""The Dramatiq broker on Redis, with what the stock one lacks for a judge.

Measured on the stock broker: an idle worker notices a message after 415 ms (p50), since
it polls with growing pauses; messages of a killed worker come back by lottery, after 100
to 1600 s; messages whose fetch reply was lost stay with the living worker for ever. So:

- a *wake list*: whoever enqueues also pushes a token; an idle consumer blocks on the
  list (BLPOP). The token survives the gap between "nothing fetched" and "blocked", and
  wakes one consumer, not all. A lost token costs one timeout, never a message.
- *no sleep at the prefetch limit*: a consumer whose slots are full waits for an ack.
- *maintenance by the clock*, every 5 s, instead of by chance.
- *take-back*: a consumer made anew after a connection error puts back what its
  predecessor had fetched and never handled.

A message on the queue `execute` names no submission. It only wakes a worker, which then
claims whatever is next (shared/lua/claim.lua): a message lost or doubled changes nothing.

Overridden here and not public in Dramatiq 2.2: `_RedisConsumer`, `_dispatch`,
`_should_do_maintenance`; therefore the range in pyproject.toml ends at the next minor.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed

from shared import keys
from shared.connect import blocking_client

#: A worker silent for so long is dead to Dramatiq. Claims have their own, shorter lease.
HEARTBEAT_TIMEOUT_MS = 15_000
MAINTENANCE_INTERVAL_S = 5.0


class WakeBroker(RedisBroker):
    """The Redis broker whose consumers are woken instead of polling."""

    def __init__(self, url: str) -> None:
        self.held: defaultdict[str, set[str]] = defaultdict(set)
        self._maintained: defaultdict[str, float] = defaultdict(float)
        self._local = threading.local()
        super().__init__(
            client=blocking_client(url),
            namespace=keys.DRAMATIQ,
            middleware=[],
            heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        )

    @property
    def consumer_class(self) -> type[_WakeConsumer]:
        return _WakeConsumer

    def do_enqueue(self, queue: str, message_id: str, data: bytes) -> None:
        """Enqueue and wake one consumer; the base class finds this before its own."""
        self._dispatch("enqueue")(queue, message_id, data)
        self.client.rpush(keys.wake_list(queue), 1)

    def _dispatch(self, command: str) -> Callable[..., Any]:
        inner = super()._dispatch(command)

        def dispatch(queue: str, *args: Any) -> Any:  # noqa: ANN401 - as the base class
            self._local.queue = queue  # `_should_do_maintenance` is not told which queue
            return inner(queue, *args)

        return dispatch

    def _should_do_maintenance(self, command: str) -> int:
        queue, now = getattr(self._local, "queue", ""), time.monotonic()
        if command != "fetch" or now - self._maintained[queue] < MAINTENANCE_INTERVAL_S:
            return 0
        self._maintained[queue] = now
        return 1


class _WakeConsumer(_RedisConsumer):
    def __init__(self, broker: WakeBroker, queue: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue, prefetch, timeout)
        self._slot_freed = threading.Event()
        self._delayed = queue.endswith(".DQ")
        try:
            self._take_back()
        except redis.ConnectionError as error:
            raise ConnectionClosed(error) from None

    def _take_back(self) -> None:
        """Put back what was fetched in our name and is not being worked on."""
        broker, held = self.broker, self.broker.held[self.queue_name]
        if self._delayed:  # the worker dropped its in-memory delay queue with the connection
            held.clear()
        acks = f"{broker.namespace}:__acks__.{broker.broker_id}.{self.queue_name}"
        lost = {member.decode() for member in broker.client.smembers(acks)} - held
        if lost:
            broker.do_requeue(self.queue_name, *lost)

    def ack(self, message: Any) -> None:  # noqa: ANN401 - Dramatiq's MessageProxy
        super().ack(message)
        self._done(message)

    def nack(self, message: Any) -> None:  # noqa: ANN401
        super().nack(message)
        self._done(message)

    def _done(self, message: Any) -> None:  # noqa: ANN401
        self.broker.held[self.queue_name].discard(message.options["redis_message_id"])
        self._slot_freed.set()

    def __next__(self) -> Any:  # noqa: ANN401
        message = super().__next__() if self._delayed else self._next()
        if message is not None:
            held = self.broker.held[self.queue_name]
            held.add(message.options["redis_message_id"])
        return message

    def _next(self) -> Any:  # noqa: ANN401
        try:
            if not self.message_cache:
                self._slot_freed.clear()
                room = self.prefetch - self.outstanding_message_count
                if room <= 0:
                    self._slot_freed.wait(self.timeout / 1000)
                    return None
                self.message_cache = self.broker.do_fetch(self.queue_name, room)
                if not self.message_cache:
                    wake = keys.wake_list(self.queue_name)
                    self.broker.client.blpop([wake], timeout=self.timeout / 1000)
                    return None
            return super().__next__()
        except redis.ConnectionError as error:
            raise ConnectionClosed(error) from None
