"""The workers' side of the store: claim, tell, finish, give back, renew, reap.

A claim is a lease with a fencing token. It is renewed every second in Redis time;
whoever lets it run out loses the submission, and what he writes afterwards is refused.
So a program may run twice, and exactly one verdict is written.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import redis

from shared import keys, scripts
from shared.counts import NO_REPORT, CountReport
from shared.models import Spec, encode
from shared.verdicts import EventType, State, Verdict

#: A lease runs out so long after its last renewal.
LEASE_MS = 4_000
RENEW_INTERVAL_S = 1.0
#: So many lost workers are our fault no more: the submission kills them.
MAX_LOST_ATTEMPTS = 3
#: A worker that has not renewed for so long is forgotten.
WORKER_SILENCE_MS = 10_000


class GiveBack(StrEnum):
    """Why a worker gives a submission back; readers see it as the reason of `queued`."""

    STOPPING = "given-back"
    ENGINE_FAILED = "engine-failed"


#: Longer than a call is repeated after lost replies.
_CALL_REMEMBERED_MS = 60_000

#: An event before it has a number: its type and its data as JSON.
Event = tuple[EventType, bytes]


@dataclass
class Claim:
    """A submission held by this worker."""

    submission_id: str
    fence: str
    attempt: int
    tenant: str
    problem_id: str
    language: str
    spec: Spec
    #: Since when it has been in line, in Redis time.
    queued_ms: int
    step: int = 0


class Claims:
    """Claims of one worker, for threads. Each has a connection of its own."""

    def __init__(self, client: redis.Redis, worker_id: str, result_ttl_s: int) -> None:
        self._pool = client
        self._own = threading.local()
        self.worker_id = worker_id
        self.result_ttl_s = result_ttl_s
        #: Whether an operator wants this worker to take nothing more, as of the last `renew`.
        self.draining = False

    @property
    def client(self) -> redis.Redis:
        """The connection of this thread: to take one from the pool takes as long as to ask.

        Raises:
            redis.RedisError: there is none yet, and the store cannot be reached.
        """
        client: redis.Redis | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._pool.client()  # type: ignore[no-untyped-call]
        return client

    def claim(self) -> Claim | None:
        """Take the next submission in line; None when nothing waits."""
        row = scripts.call(
            self.client,
            "claim",
            self.worker_id,
            LEASE_MS,
            keys.call(uuid.uuid4().hex),
            _CALL_REMEMBERED_MS,
            self.result_ttl_s,
            keys.PROBLEM_DONE,
        )
        if row is None:
            return None
        return Claim(
            submission_id=row[0].decode(),
            fence=row[1].decode(),
            attempt=row[2],
            tenant=row[3].decode(),
            problem_id=row[4].decode(),
            language=row[5].decode(),
            spec=msgspec.json.decode(row[6], type=Spec),
            queued_ms=int(row[7]),
        )

    def progress(self, claim: Claim, events: Sequence[Event], state: State | None = None) -> bool:
        """Tell of progress; False when the claim is lost."""
        claim.step += 1
        answer = scripts.call(
            self.client,
            "progress",
            claim.submission_id,
            claim.fence,
            claim.step,
            state or "",
            *_flat(events),
        )
        return bool(answer == 1)

    def finish(
        self, claim: Claim, verdict: Verdict, result: bytes, events: Sequence[Event]
    ) -> bool:
        """Write the verdict; False when the claim is lost and nothing was written.

        Args:
            result: JSON of the fields of `Result` that the run determines.
            events: the last of them is the terminal one.
        """
        answer = scripts.call(
            self.client,
            "finish",
            claim.submission_id,
            claim.fence,
            verdict,
            result,
            self.result_ttl_s,
            keys.PROBLEM_DONE,
            *_flat(events),
        )
        return bool(answer == 1)

    def release(self, claim: Claim, reason: GiveBack = GiveBack.STOPPING) -> bool:
        """Give a submission back unfinished; for a worker that stops no attempt is lost."""
        returned = 1 if reason is GiveBack.STOPPING else 0
        answer = scripts.call(
            self.client, "release", claim.submission_id, claim.fence, reason, returned
        )
        return bool(answer == 1)

    def renew(
        self, slots: int, facts: object, held: Iterable[Claim], report: CountReport = NO_REPORT
    ) -> list[str]:
        """The heartbeat; gives the ids whose claim is lost.

        Args:
            report: what was counted since the last one.
        """
        pairs = [part for claim in held for part in (claim.submission_id, claim.fence)]
        counts = [part for count in report.counts.items() for part in count]
        draining, *lost = scripts.call(
            self.client,
            "renew",
            self.worker_id,
            slots,
            encode(facts),
            LEASE_MS,
            report.number,
            len(report.counts),
            *counts,
            *pairs,
        )
        self.draining = bool(draining)
        return [item.decode() for item in lost]

    def reap(self) -> int:
        """Take back what dead workers held; gives how many submissions."""
        return int(
            scripts.call(
                self.client,
                "reap",
                MAX_LOST_ATTEMPTS,
                self.result_ttl_s,
                keys.PROBLEM_DONE,
                WORKER_SILENCE_MS,
            )
        )

    def retire(self) -> None:
        """Leave the list of workers."""
        for of_workers in (keys.WORKERS, keys.DRAINING, keys.COUNTED):
            self.client.hdel(of_workers, self.worker_id)


def _flat(events: Sequence[Event]) -> list[str | bytes]:
    return [part for kind, data in events for part in (str(kind), data)]
