"""What the web functions know of submissions: store one, read one, cancel one.

Writing is `shared/lua/submit.lua` and `cancel.lua`; reading is plain commands. What Redis
has let go is read from the archive (`shared/archive.py`), if there is one. The workers' side
is `shared/claims.py`.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import redis.asyncio
from msgspec import structs

from shared import keys, scripts, tracing
from shared.archive import Archive, Record, bring_back, is_id
from shared.errors import Conflict, NotFound
from shared.models import Result, Spec, encode
from shared.once import UNKEYED, Once, known_id
from shared.place import ANYWHERE, ORDINARY_CLASSES, Place, bounds, refusal
from shared.schema import SCHEMA_VERSION, judge
from shared.settings import Settings
from shared.verdicts import State


@dataclass(frozen=True)
class Snapshot:
    """A submission as it was at one moment, with its place in its own stream."""

    submission_id: str
    tenant: str
    state: State
    epoch: str
    seq: int
    result: Result
    #: In a batch: its place there, and what its caller calls it.
    index: int | None = None
    client_id: str | None = None
    #: All of it, where Redis has let it go.
    record: Record | None = None
    #: Whether an installed package judges it, by itself: it counts in the standings.
    is_judged: bool = False

    @property
    def cursor(self) -> str:
        """The id of the newest event that this snapshot includes."""
        return f"{self.epoch}.{self.seq}"


class Store:
    """Submissions in Redis, for one event loop."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        settings: Settings,
        archive: Archive | None = None,
    ) -> None:
        self.client = client
        self.settings = settings
        self.archive = archive

    async def check_schema(self) -> None:
        """Refuse a store written by another version rather than misread it."""
        await self.client.set(keys.SCHEMA, SCHEMA_VERSION, nx=True)
        judge(await self.client.get(keys.SCHEMA))

    async def submit(
        self,
        spec: Spec,
        *,
        tenant: str,
        place: Place = ANYWHERE,
        classes: str = ORDINARY_CLASSES,
        once: Once = UNKEYED,
        callback: str = "",
    ) -> str:
        """Store a checked submission and put it in line; gives its id.

        Args:
            classes: those it may be in, unless the tenant's settings name others.
            callback: a checked URL that is told of its end.
            once: if it was sent before, the id of that time is given.

        Raises:
            Overloaded, TooMany: too much is waiting, in all or of this tenant.
            Forbidden: its priority is not for this caller.
            Conflict: its key was used with another body. In each case nothing was stored.
        """
        submission_id = uuid.uuid4().hex
        problem = spec.problem_id or ""
        if tracing.is_on():
            spec = msgspec.structs.replace(spec, traceparent=tracing.traceparent())
        answer = await scripts.acall(
            self.client,
            "submit",
            submission_id,
            tenant,
            problem,
            spec.language,
            encode(spec),
            secrets.token_hex(4),
            keys.latest(tenant, problem) if problem else "",
            self.settings.result_ttl_s,
            *bounds(self.settings),
            place.priority,
            classes,
            "" if place.run_at_ms is None else place.run_at_ms,
            "" if place.queue_timeout_ms is None else place.queue_timeout_ms,
            *once.arguments(),
            "1" if spec.interactive else "",
            callback,
            _kind(spec),
        )
        if answer == b"queued":
            return submission_id
        known = known_id(answer.decode())
        if not known:
            raise refusal(answer.decode())
        return known

    async def snapshot(
        self, id_or_problem: str, *, tenant: str, or_shared: bool = False
    ) -> Snapshot:
        """A submission by its id, or the tenant's latest one for a problem id.

        Args:
            or_shared: also one of somebody else who has shared it; for reading only.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        found = await self._read(id_or_problem, tenant, or_shared=or_shared)
        if found is None:
            newest = await self._newest(id_or_problem, tenant)
            if newest is not None:
                found = await self._find(newest, tenant)
        if found is None:
            found = await self._archived(id_or_problem, tenant, or_shared=or_shared)
        if found is None:
            raise NotFound(f"no submission and no problem {id_or_problem!r}")
        return found

    async def cancel(self, submission_id: str, *, tenant: str) -> State:
        """Cancel what is not finished; gives the state it has now."""
        found = await self.snapshot(submission_id, tenant=tenant)
        if found.record is not None:
            return found.state
        answer = await scripts.acall(
            self.client,
            "cancel",
            found.submission_id,
            self.settings.result_ttl_s,
            keys.PROBLEM_DONE,
        )
        if answer is None:  # its time to live ran out just now
            raise NotFound(f"no submission {submission_id!r}")
        return State(answer.decode())

    async def position(self, submission_id: str) -> int | None:
        """About how many are begun before it; None if it does not stand in line."""
        answer = await scripts.acall(self.client, "position", submission_id)
        return None if answer is None else int(answer)

    async def share(self, submission_id: str, *, shared: bool, tenant: str) -> None:
        """Let everybody who is signed in read a submission, or not any more.

        Raises:
            NotFound: there is no such submission of this tenant.
            Conflict: it shows the secret tests of a package.
        """
        answer = None
        for _ in range(2):
            answer = await scripts.acall(
                self.client, "share", submission_id, tenant, "1" if shared else ""
            )
            if answer is not None or self.archive is None:
                break
            if (record := await self.archive.find(submission_id, tenant)) is not None:
                await bring_back(self.client, record)
        if answer is None:
            raise NotFound(f"no submission {submission_id!r}")
        if answer == b"secret":
            raise Conflict("it shows the secret tests of a problem: it cannot be shared")

    async def read_many(self, ids: Sequence[str], *, tenant: str) -> list[Snapshot | None]:
        """Some submissions by their ids; None for what is not there, or not this tenant's."""
        async with self.client.pipeline(transaction=False) as pipe:
            for submission_id in ids:
                pipe.hmget(keys.submission(submission_id), _FIELDS)
            rows = await pipe.execute()
        found = [
            _found(submission_id, values, tenant)
            for submission_id, values in zip(ids, rows, strict=True)
        ]
        gone = [index for index, snapshot in enumerate(found) if snapshot is None]
        archived = await asyncio.gather(*(self._archived(ids[index], tenant) for index in gone))
        for index, snapshot in zip(gone, archived, strict=True):
            found[index] = snapshot
        return found

    async def _newest(self, problem: str, tenant: str) -> str | None:
        """The id of the latest submission for a problem; of an older one the history knows."""
        latest = await self.client.get(keys.latest(tenant, problem))
        if latest is not None or is_id(problem):
            return None if latest is None else _text(latest)
        rows: Any = await self.client.zrevrange(keys.history(tenant), 0, -1)
        of_it = (row for row in rows if row[33:] == problem.encode())  # an id, + or -, a problem
        return next((row[:32].decode() for row in of_it), None)

    async def _find(self, submission_id: str, tenant: str) -> Snapshot | None:
        found = await self._read(submission_id, tenant)
        return found or await self._archived(submission_id, tenant)

    async def _archived(
        self, submission_id: str, tenant: str, *, or_shared: bool = False
    ) -> Snapshot | None:
        if self.archive is None:
            return None
        record = await self.archive.find(submission_id, tenant, or_shared=or_shared)
        if record is None:
            return None
        if record.tenant != tenant and await self.client.exists(keys.submission(submission_id)):
            return None  # it is not shared any more: the archive is told of that a little later
        return _owned(_snapshot(submission_id, record.fields, record), tenant)

    async def _read(
        self, submission_id: str, tenant: str, *, or_shared: bool = False
    ) -> Snapshot | None:
        values = await self.client.hmget(keys.submission(submission_id), _FIELDS)
        return _found(submission_id, values, tenant, or_shared=or_shared)


def _kind(spec: Spec) -> str:
    """What the standings and sharing have to know of it, as `submit.lua` stores it."""
    if spec.reveal:
        return "reveals"
    return "judged" if spec.package and spec.problem_id else ""


def _found(
    submission_id: str,
    values: Sequence[bytes | str | None],
    tenant: str,
    *,
    or_shared: bool = False,
) -> Snapshot | None:
    pairs = zip(_FIELDS, values, strict=True)
    fields = {name: _text(value) for name, value in pairs if value is not None}
    own = fields.get("tenant") == tenant
    if not own and not (or_shared and fields.get("shared")):
        return None
    return _owned(_snapshot(submission_id, fields), tenant)


def _owned(found: Snapshot, tenant: str) -> Snapshot:
    """As this tenant sees it."""
    if found.tenant == tenant:
        return found
    return replace(found, result=structs.replace(found.result, own=False))


_FIELDS = [
    "tenant",
    "problem",
    "language",
    "state",
    "verdict",
    "result",
    "attempts",
    "epoch",
    "seq",
    "createdMs",
    "claimedMs",
    "finishedMs",
    "history",
    "index",
    "clientId",
    "shared",
    "judged",
]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _snapshot(submission_id: str, fields: dict[str, str], record: Record | None = None) -> Snapshot:
    state = State(fields["state"])
    known: dict[str, Any] = msgspec.json.decode(fields.get("result") or "{}")
    known |= {
        "id": submission_id,
        "problemId": fields["problem"] or None,
        "language": fields["language"],
        "status": state,
        "verdict": fields.get("verdict") or None,
        "attempts": int(fields["attempts"]),
        "createdMs": int(fields["createdMs"]),
        "startedMs": int(fields["claimedMs"]) if "claimedMs" in fields else None,
        "finishedMs": int(fields["finishedMs"]) if "finishedMs" in fields else None,
        "history": msgspec.json.decode(f"[{fields.get('history', '')}]"),
        "shared": "shared" in fields,
        "cursor": f"{fields['epoch']}.{fields['seq']}",
        "links": links(submission_id),
    }
    result = msgspec.convert(known, Result)
    return Snapshot(
        submission_id,
        fields["tenant"],
        state,
        fields["epoch"],
        int(fields["seq"]),
        result,
        int(fields["index"]) if "index" in fields else None,
        fields.get("clientId") or None,
        record,
        "judged" in fields,
    )


def links(submission_id: str) -> dict[str, str]:
    """Where the rest of a submission is found."""
    return {"result": f"/result/{submission_id}", "events": f"/events/{submission_id}"}
