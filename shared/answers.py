"""The wire models of what we answer, beside `shared.models.Result`. JSON is camelCase."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.models import Result, Stored
from shared.verdicts import State
from shared.workers import WorkerFacts


class Answer(Stored, omit_defaults=False, kw_only=True):
    """Base: what is not known is told as null."""


class Accepted(Answer):
    """The 202 of `POST /submit`."""

    id: str
    status: State
    links: dict[str, str]


class Cancelled(Answer):
    """What `DELETE /submission/{id}` left: `cancelled`, or `finished` if it came too late."""

    id: str
    status: State


class Code(Answer):
    """The answer of `GET /submission/{id}/code`."""

    id: str
    language: str
    code: str


class Rejudged(Answer):
    """How many submissions `POST /problems/{id}/rejudge` has put back in line so far."""

    submissions: int
    #: Whether these are all; otherwise it goes on, and GET tells how far it is. What another
    #: package is judging meanwhile is waited for.
    complete: bool


class RejectedItem(Answer):
    """A submission of a batch that was not taken, and why: as in a problem document."""

    index: int
    client_id: str | None
    type: str
    detail: str
    field: str | None


class BatchAccepted(Answer):
    """The 202 of `POST /batch`."""

    id: str
    total: int
    #: An id for each submission in the order they were sent; null where it was rejected.
    submissions: list[str | None]
    rejected: list[RejectedItem]
    links: dict[str, str]


class BatchSummary(Answer):
    """The answer of `GET /batch/{id}`; `finished` counts what has a verdict."""

    id: str
    status: str
    total: int
    queued: int
    running: int
    finished: int
    cancelled: int
    rejected: int
    #: How often each verdict was given.
    verdicts: dict[str, int]
    created_ms: int
    finished_ms: int | None
    cursor: str
    links: dict[str, str]


class BatchLine(Answer):
    """A line of `GET /batch/{id}/results`."""

    #: From 1, in the order in which they ended; `?after=` takes the last one seen.
    position: int
    id: str
    index: int | None
    client_id: str | None
    #: Null if it is not kept any more.
    result: Result | None


class LanguageInfo(Answer):
    """A language that can be submitted; the version is null while no worker is alive."""

    name: str
    title: str
    version: str | None
    #: How its programs are started as a rule: "exec" or "fork".
    start_mode: str
    aliases: list[str]
    #: What its code is called in the work folder, and so in its compiler's words.
    file: str
    #: The limits of a submission that asks for none.
    limits: dict[str, int]
    starter: str


class Languages(Answer):
    """The answer of `GET /languages`."""

    languages: list[LanguageInfo]


class Totals(Answer):
    """Counted since the store was made."""

    submitted: int
    finished: int
    cancelled: int


class ClassStatus(Answer):
    """What waits in one class of the line."""

    queued: int
    #: Age of the oldest of them; null if none waits.
    oldest_waiting_ms: int | None


class ArchiveStatus(Answer):
    """How the archive is doing."""

    #: What is archived: `all`, `single` or `none`.
    mode: str
    #: Ended, and kept in Redis until it is archived.
    waiting: int
    #: How long ago the oldest of them ended; null if none waits.
    oldest_waiting_ms: int | None
    #: Counted since the store was made: archived, and those that failed and are tried again.
    archived: int
    failed: int
    #: Why nothing is archived at the moment; null while it is.
    error: str | None


class Status(Answer):
    """The answer of `GET /status`. The counts are the caller's own, the operator's are of all."""

    #: Of the whole service: `idle`, `busy` (something waits), `full` (no more is taken) or
    #: `down` (no worker takes anything).
    state: str
    queued: int
    running: int
    slots: int
    #: Age of the oldest waiting submission; null if none waits.
    oldest_waiting_ms: int | None
    #: Those that wait for their `runAt`; they are not among `queued`.
    delayed: int
    #: By class: contest, interactive, default, bulk.
    classes: dict[str, ClassStatus]
    unfinished_bytes: int
    #: For the operator; else null.
    totals: Totals | None
    archive: ArchiveStatus | None
    #: What all workers agree on; each one's own facts are in `workers`.
    isolation: dict[str, Any]
    #: For the operator; else null.
    workers: list[WorkerFacts] | None


class Ticket(Answer):
    """The answer of `POST /ticket`: opens one stream as `?ticket=`, soon."""

    ticket: str
    expires_in_s: int


class Health(Answer):
    """The answer of `GET /healthz` and `GET /readyz`."""

    status: str = "ok"


class Problem(Stored, kw_only=True):
    """Every error, as `application/problem+json` (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    #: The part of the request that is to blame, such as `limits.cpuTimeMs`.
    field: str | msgspec.UnsetType = msgspec.UNSET
