"""Helpers for tests of more than one part: submissions told by the real Lua scripts."""

from __future__ import annotations

import uuid
from typing import Any

import redis

from infra.local.valkey import Valkey
from shared import keys, scripts
from shared.identity import LOCAL_TENANT
from shared.models import encode

TTL_S = 600
LEASE_MS = 60_000


def emptied(server: Valkey) -> str:
    """The URL of a server, which now holds nothing."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return server.url


class Story:
    """One submission whose life a test tells, step by step, without a worker."""

    def __init__(
        self, client: redis.Redis, *, problem: str = "", tenant: str = LOCAL_TENANT
    ) -> None:
        self.client = client
        self.id = uuid.uuid4().hex
        self.epoch = uuid.uuid4().hex[:8]
        self._fence = ""
        self._step = 0
        latest = keys.latest(tenant, problem) if problem else ""
        answer = scripts.call(
            *(client, "submit", self.id, tenant, problem, "python", b'{"code":""}'),
            *(self.epoch, latest, TTL_S, 100_000, 1 << 40, 100_000, 1 << 40),
            *("default", "*", "", "", "", "", 0),
        )
        assert answer == b"queued"

    def cursor(self, seq: int) -> str:
        """The id of the event number `seq`."""
        return f"{self.epoch}.{seq}"

    @property
    def seq(self) -> int:
        """The number of the newest event."""
        return int(self.client.hget(keys.submission(self.id), "seq") or 0)

    def claim(self) -> None:
        """Claimed by a worker; it must be the oldest one waiting. One event."""
        claimed = scripts.call(
            *(self.client, "claim", "worker", LEASE_MS, keys.call(uuid.uuid4().hex), 1000),
            *(TTL_S, keys.PROBLEM_DONE),
        )
        assert claimed[0].decode() == self.id
        self._fence = claimed[1].decode()
        self._step = 0

    def tell(self, count: int = 1, *, text: str = "") -> None:
        """`count` events of progress, in one call; claims first if need be."""
        if not self._fence:
            self.claim()
        self._step += 1
        events: list[Any] = []
        for number in range(count):
            events += ["output", encode({"step": self._step, "number": number, "text": text})]
        held = scripts.call(
            self.client, "progress", self.id, self._fence, self._step, "running", *events
        )
        assert held == 1

    def finish(self, verdict: str = "accepted") -> None:
        """The verdict. One event, the last."""
        if not self._fence:
            self.claim()
        end = encode({"status": "finished", "verdict": verdict})
        result = encode({"stdout": "hello\n"})
        held = scripts.call(
            *(self.client, "finish", self.id, self._fence, verdict, result, TTL_S),
            *(keys.PROBLEM_DONE, "finished", end),
        )
        assert held == 1

    def cancel(self) -> None:
        """Cancelled by its owner. One event, the last."""
        answer = scripts.call(self.client, "cancel", self.id, TTL_S, keys.PROBLEM_DONE)
        assert answer == b"cancelled"
