"""The streams that can be followed, and how each looks at a moment.

    a submission   its id                ends with its terminal event
    a batch        its id                ends with the batch's own terminal event
    a tenant       `me`, for its owner   never ends; keeps its newest events only

To the hub they are all the same: a hash with `epoch` and `seq`, a Redis stream, and a
channel of the stream's name. What differs is only here: who may follow it, whether it
ends, and the document that a reader is given whose place is gone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import msgspec

from functions.notify.events import parse_entry
from shared import keys
from shared.archive import Record
from shared.batches import Batches, summarize
from shared.errors import NotFound
from shared.models import Stored, encode
from shared.store import Store
from shared.verdicts import TERMINAL

#: The name by which a caller follows his own tenant's stream.
MINE = "me"
#: A tenant's document has the last states of this many submissions at most ...
_MOST_SHOWN = 100
#: ... found in so many of its newest events.
_LOOKED_THROUGH = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream, by its names in Redis."""

    name: str
    #: The hash that has its epoch and its last number.
    meta: str
    ends: bool = True


def of_submission(submission_id: str) -> Stream:
    """The stream of a submission."""
    return Stream(submission_id, keys.submission(submission_id))


def of_batch(batch_id: str) -> Stream:
    """The stream of a batch."""
    return Stream(batch_id, keys.batch(batch_id))


def of_tenant(tenant: str) -> Stream:
    """The stream of all that a tenant has going on."""
    return Stream(keys.tenant_events(tenant), keys.tenant_stream(tenant), ends=False)


@dataclass(frozen=True, slots=True)
class View:
    """A stream as it was at one moment."""

    stream: Stream
    tenant: str
    epoch: str
    seq: int
    has_ended: bool
    #: What it is about, for a reset; None where that has to be looked up: `Views.document`.
    content: object = None
    #: Its events, where Redis has let it go.
    record: Record | None = None
    #: False: somebody else's, who has shared it.
    own: bool = True


class Views:
    """Looks at streams, for one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches = Batches(store.client, store.settings, store.archive)

    async def find(self, name: str, tenant: str) -> View:
        """The stream that a caller names.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """
        if name == MINE:
            return await self._tenant(tenant)
        try:
            return await self._submission(name, tenant)
        except NotFound:
            return await self._batch(name, tenant)

    async def again(self, stream: Stream, tenant: str) -> View:
        """The same stream as it is now.

        Raises:
            NotFound: it is gone.
        """
        return await self.find(stream.name if stream.ends else MINE, tenant)

    async def document(self, view: View) -> bytes:
        """What a reader is shown who has no place in the stream any more."""
        if view.content is not None:
            return encode(view.content)
        return encode({"submissions": await self._recent(view)})

    async def _submission(self, submission_id: str, tenant: str) -> View:
        found = await self._store.snapshot(submission_id, tenant=tenant, or_shared=True)
        if found.submission_id != submission_id:  # the name of a problem is no stream
            raise NotFound(f"no submission {submission_id!r}")
        return View(
            of_submission(submission_id),
            tenant,
            found.epoch,
            found.seq,
            found.state in TERMINAL,
            found.result,
            found.record,
            found.result.own,
        )

    async def _batch(self, batch_id: str, tenant: str) -> View:
        look = await self._batches.look(batch_id, tenant=tenant)
        ended = look.fields["state"] in TERMINAL
        content = summarize(batch_id, look.fields)
        where = look.fields["epoch"], int(look.fields["seq"])
        return View(of_batch(batch_id), tenant, *where, ended, content, look.record)

    async def _tenant(self, tenant: str) -> View:
        stream = of_tenant(tenant)
        async with self._store.client.pipeline(transaction=True) as pipe:
            # It begins with its first event or, as here, with its first reader.
            pipe.hsetnx(stream.meta, "epoch", secrets.token_hex(4))
            pipe.hsetnx(stream.meta, "seq", 0)
            pipe.hmget(stream.meta, ["epoch", "seq"])
            _, _, (epoch, seq) = await pipe.execute()
        return View(stream, tenant, epoch.decode(), int(seq), has_ended=False)

    async def _recent(self, view: View) -> list[_Recent]:
        """The last state of each of the newest submissions, the newest first."""
        entries = await self._store.client.xrevrange(
            keys.events(view.stream.name), max=f"{view.seq}-0", count=_LOOKED_THROUGH
        )
        shown: dict[str, _Recent] = {}
        for entry in entries or []:
            bell = parse_entry(entry)
            told = msgspec.json.decode(bell.data, type=_Recent)
            if told.submission_id not in shown and len(shown) < _MOST_SHOWN:
                told.status = bell.type
                shown[told.submission_id] = told
        shown.pop("", None)  # what batches tell has no submission
        return list(shown.values())


class _Recent(Stored, omit_defaults=False):
    """A submission, as a tenant's stream has told of it."""

    submission_id: str = ""
    problem_id: str | None = None
    language: str = ""
    status: str = ""
    verdict: str | None = None
