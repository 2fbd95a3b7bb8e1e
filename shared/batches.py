"""Batches: many submissions under one id, with one summary, one stream, one cancel.

A batch is filled in chunks, each one Lua call (`shared/lua/batch_add.lua`). The ids of its
submissions follow from its own id and their index, so a chunk that is sent again after a
lost reply, or a whole request with the same Idempotency-Key, adds nothing twice. When all
is added it is sealed; a batch whose filler died is sealed by the sweep. What is counted is
counted where the states change, in Lua. What Redis has let go is read from the archive.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis.asyncio

from shared import keys, scripts
from shared.answers import BatchSummary
from shared.archive import Archive, Record
from shared.errors import Conflict, NotFound
from shared.models import Spec, encode
from shared.once import UNKEYED, Once, known_id
from shared.place import ORDINARY_CLASSES, Place, bounds
from shared.settings import Settings
from shared.verdicts import BatchState

#: Submissions added or cancelled by one Lua call: what else waits, waits milliseconds.
CHUNK = 50
#: A batch that got nothing for so long while it was being filled is sealed as it is.
_FILLING_MS = 600_000
_GOING_ON = {BatchState.FILLING, BatchState.CANCELLING}


@dataclass(frozen=True)
class Item:
    """A checked submission of a batch, and its place in it."""

    index: int
    client_id: str
    spec: Spec
    place: Place


@dataclass(frozen=True)
class Look:
    """A batch at one moment."""

    #: Its stored hash.
    fields: dict[str, str]
    #: All of it, where Redis has let it go.
    record: Record | None = None


def item_id(batch_id: str, index: int) -> str:
    """The id of a batch's submission: always the same."""
    return hashlib.sha256(f"{batch_id} {index}".encode()).hexdigest()[:32]


class Batches:
    """Batches in Redis, for one event loop."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        settings: Settings,
        archive: Archive | None = None,
    ) -> None:
        self.client = client
        self.settings = settings
        self._archive = archive

    async def open(self, *, tenant: str, once: Once = UNKEYED, callback: str = "") -> str:
        """Begin a batch, or find the one that was begun with the same key; gives its id.

        Raises:
            Conflict: its key was used with another body.
        """
        batch_id = uuid.uuid4().hex
        answer: bytes = await scripts.acall(
            *(self.client, "batch_open", batch_id, tenant, secrets.token_hex(4), _FILLING_MS),
            *(*once.arguments(), callback),
        )
        return known_id(answer.decode()) or batch_id

    async def add(
        self, batch_id: str, items: Sequence[Item], *, classes: str = ORDINARY_CLASSES
    ) -> list[str]:
        """Add some; gives for each `queued` or why it was refused (`shared/place.py`).

        Raises:
            Conflict: the batch has ended so long ago that it is not kept any more.
        """
        parts = [part for item in items for part in _parts(batch_id, item)]
        answers = await scripts.acall(
            *(self.client, "batch_add", batch_id, classes),
            *(*bounds(self.settings), _FILLING_MS, *parts),
        )
        if answers is None:
            raise Conflict("the batch of this Idempotency-Key is no longer kept")
        return [answer.decode() for answer in answers]

    async def seal(self, batch_id: str, *, rejected: int) -> None:
        """Nothing more is added."""
        ttl_s = self.settings.result_ttl_s
        await scripts.acall(self.client, "batch_seal", batch_id, rejected, ttl_s)

    async def cancel(self, batch_id: str, *, tenant: str) -> BatchSummary:
        """Cancel all that has not ended; gives the summary afterwards.

        Raises:
            NotFound: there is no such batch of this tenant.
        """
        await self.summary(batch_id, tenant=tenant)
        left: int | None = 1
        while left:
            left = await scripts.acall(
                *(self.client, "batch_cancel", batch_id, self.settings.result_ttl_s),
                *(keys.PROBLEM_DONE, CHUNK),
            )
        return await self.summary(batch_id, tenant=tenant)

    async def summary(self, batch_id: str, *, tenant: str) -> BatchSummary:
        """How far it is.

        Raises:
            NotFound: there is no such batch of this tenant.
        """
        return summarize(batch_id, (await self.look(batch_id, tenant=tenant)).fields)

    async def look(self, batch_id: str, *, tenant: str) -> Look:
        """A batch as it is stored, in Redis or in the archive.

        Raises:
            NotFound: there is no such batch of this tenant.
        """
        stored: Any = await self.client.hgetall(keys.batch(batch_id))
        fields = {name.decode(): value.decode() for name, value in stored.items()}
        record = None
        if not fields and self._archive is not None:
            record = await self._archive.find_batch(batch_id, tenant)
            fields = record.fields if record else {}
        if fields.get("tenant") != tenant:
            raise NotFound(f"no batch {batch_id!r}")
        return Look(fields, record)

    async def ended(self, batch_id: str, after: int, count: int) -> list[str]:
        """The ids of those that have ended, in that order, behind the first `after`."""
        found: Any = await self.client.lrange(keys.batch_ended(batch_id), after, after + count - 1)
        return [name.decode() for name in found]


def summarize(batch_id: str, fields: dict[str, str]) -> BatchSummary:
    """The summary, of a batch's stored hash."""
    verdicts = {
        name.removeprefix("verdict:"): int(value)
        for name, value in sorted(fields.items())
        if name.startswith("verdict:")
    }
    return BatchSummary(
        id=batch_id,
        status=BatchState.RUNNING if fields["state"] in _GOING_ON else fields["state"],
        total=int(fields["total"]),
        queued=int(fields["queued"]),
        running=int(fields["running"]),
        finished=int(fields["finished"]),
        cancelled=int(fields["cancelled"]),
        rejected=int(fields["rejected"]),
        verdicts=verdicts,
        created_ms=int(fields["createdMs"]),
        finished_ms=int(fields["finishedMs"]) if "finishedMs" in fields else None,
        cursor=f"{fields['epoch']}.{fields['seq']}",
        links=links(batch_id),
    )


def links(batch_id: str) -> dict[str, str]:
    """Where the rest of a batch is found."""
    return {
        "summary": f"/batch/{batch_id}",
        "results": f"/batch/{batch_id}/results",
        "events": f"/events/{batch_id}",
    }


def _parts(batch_id: str, item: Item) -> tuple[scripts.Arg, ...]:
    place = item.place
    return (
        item_id(batch_id, item.index),
        item.index,
        item.client_id,
        item.spec.problem_id or "",
        item.spec.language,
        encode(item.spec),
        secrets.token_hex(4),
        place.priority,
        "" if place.run_at_ms is None else place.run_at_ms,
        "" if place.queue_timeout_ms is None else place.queue_timeout_ms,
    )
