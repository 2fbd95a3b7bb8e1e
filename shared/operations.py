"""What the operator is told: the wire models of `/admin`. JSON is camelCase."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.answers import Answer, ArchiveStatus, ClassStatus, Totals
from shared.models import Stored
from shared.workers import LanguageFacts, WorkerState


class QueueOverview(Answer):
    """What waits and runs."""

    queued: int
    running: int
    delayed: int
    oldest_waiting_ms: int | None
    unfinished_bytes: int
    classes: dict[str, ClassStatus]


class WorkerOverview(Answer):
    """One worker that is alive."""

    id: str
    state: WorkerState
    version: str
    slots: int
    #: Submissions it holds.
    busy: int
    seen_ms_ago: int
    #: The level that its programs run at.
    isolation: str
    #: Everything that was found on its machine.
    facts: dict[str, Any]
    languages: list[LanguageFacts]


class LanguageOverview(Answer):
    """A language, and how many workers offer it in which version."""

    name: str
    versions: dict[str, int]


class JudgeError(Stored, omit_defaults=False, kw_only=True):
    """A submission that ended as our error."""

    submission_id: str
    tenant: str
    problem_id: str | None = None
    language: str = ""
    #: The last worker that held it; empty if it had given it up.
    worker: str = ""
    at_ms: int = 0
    #: What its result says; null if that is not kept any more.
    message: str | None = None


class DeadLetter(Answer):
    """A webhook that was given up. Of its URL the query is not shown: it may be a secret."""

    id: str
    tenant: str
    url: str
    attempts: int
    error: str
    at_ms: int


class WebhooksOverview(Answer):
    """How many are to be sent, and how many were given up."""

    waiting: int
    dead: int


class Overview(Answer):
    """The answer of `GET /admin/overview`."""

    version: str
    queue: QueueOverview
    #: Of all workers that take submissions.
    slots: int
    busy: int
    totals: Totals
    workers: list[WorkerOverview]
    languages: list[LanguageOverview]
    archive: ArchiveStatus
    #: The newest 100.
    judge_errors: list[JudgeError]
    webhooks: WebhooksOverview
    #: The newest 100.
    dead_letters: list[DeadLetter]


class Drained(Answer):
    """The answer of `POST` and `DELETE /admin/workers/{id}/drain`."""

    id: str
    #: Whether it is told to take nothing more.
    draining: bool
    state: WorkerState


class Replayed(Answer):
    """The answer of `POST /admin/dead-letters/{id}/replay`."""

    id: str
    status: str = "waiting"


OPERATIONS: tuple[type[msgspec.Struct], ...] = (Overview, Drained, Replayed)
