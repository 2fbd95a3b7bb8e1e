"""Taking a batch: spooled, then checked item by item and stored in chunks.

Theory of operation. The body is written to a file first (in memory while it is small), so
that what a batch costs in memory is one chunk, a caller who goes away in the middle has
stored nothing, and the digest for his Idempotency-Key is known before anything is stored.
Then each item is checked by itself: one that is not valid, or that there is no room for,
is reported by its index, and the others are taken. Nothing is taken if no item can be.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import IO

from shared import limits
from shared.answers import BatchAccepted, RejectedItem
from shared.asgi import Receive, Scope
from shared.batches import CHUNK, Batches, Item, item_id, links
from shared.body import check_type, decode, stream
from shared.errors import AssayError, InvalidField, InvalidRequest, TooLarge
from shared.identity import Caller
from shared.models import BatchItem, BatchRequest
from shared.once import key_of, once
from shared.place import allowed, refusal
from shared.priority import Priority
from shared.problems.store import Problems
from shared.taking.admit import admit
from shared.taking.place import place
from shared.taking.problems import against, remembering
from shared.workers import WorkerFacts

JSON = "application/json"
NDJSON = "application/x-ndjson"
_IN_MEMORY_BYTES = 1 << 20
#: A chunk that has so many bytes is sent, however few items it has.
_CHUNK_BYTES = 4 << 20


class Body:
    """A body that was read to its end."""

    def __init__(self, kind: str, file: IO[bytes], digest: str) -> None:
        self.digest = digest
        self._file = file
        self._kind = kind
        self._parsed: list[bytes] | None = None

    def count(self) -> int:
        """How many items there are.

        Raises:
            InvalidRequest: it is not JSON, or has none.
            TooLarge: there are more than a batch may have.
        """
        count = sum(1 for _ in self.items())
        if count == 0:
            raise InvalidRequest("a batch must have at least one submission")
        if count > limits.MAX_BATCH:
            raise TooLarge(f"{count} submissions; a batch may have {limits.MAX_BATCH}")
        return count

    def items(self) -> Iterator[bytes]:
        """Each item as it was sent."""
        self._file.seek(0)
        if self._kind == NDJSON:
            yield from (line for line in self._file if line.strip())
            return
        if self._parsed is None:
            asked = decode(self._file.read(), BatchRequest)
            self._parsed = [bytes(raw) for raw in asked.submissions]
        yield from self._parsed


@asynccontextmanager
async def spooled(scope: Scope, receive: Receive) -> AsyncIterator[Body]:
    """The body, while the context lasts; raises what `shared.body.stream` does."""
    kind = check_type(scope, JSON, NDJSON)
    most = limits.MAX_BODY_BYTES if kind == JSON else limits.MAX_BATCH_BYTES
    digest = hashlib.sha256(kind.encode())
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        async for piece in stream(scope, receive, limit_bytes=most):
            digest.update(piece)
            file.write(piece)
        yield Body(kind, file, digest.hexdigest()[:32])


class Filling:
    """One batch, while it is being filled."""

    def __init__(
        self,
        batches: Batches,
        problems: Problems,
        caller: Caller,
        workers: Sequence[WorkerFacts],
        callback: str = "",
    ) -> None:
        self._batches = batches
        self._caller = caller
        self._workers = workers
        self._callback = callback
        self._find = remembering(problems.find)
        self._batch_id = ""
        self._chunk: list[Item] = []
        self._bytes = 0
        self._taken: dict[int, str] = {}
        self._rejected: list[tuple[int, str | None, AssayError]] = []

    async def fill(self, scope: Scope, body: Body) -> BatchAccepted:
        """Take all that can be taken.

        Raises:
            AssayError: nothing can; what was wrong with the first item.
        """
        count = await asyncio.to_thread(body.count)
        identity = once(
            key_of(scope), tenant=self._caller.tenant, route="batch", body_digest=body.digest
        )
        self._batch_id = await self._batches.open(
            tenant=self._caller.tenant, once=identity, callback=self._callback
        )
        for index, raw in enumerate(body.items()):
            await self._check(index, raw)
            if len(self._chunk) >= CHUNK or self._bytes >= _CHUNK_BYTES:
                await self._send()
        await self._send()
        await self._batches.seal(self._batch_id, rejected=len(self._rejected))
        return self._answer(count)

    async def _check(self, index: int, raw: bytes) -> None:
        client_id = None
        try:
            asked = decode(raw, BatchItem, what="the item")
            client_id = _client_id(asked.client_id)
            spec = await against(admit(asked, self._workers), asked, self._find)
            _check_alone(asked)
            where = place(asked, time.time() * 1000, Priority.BULK)
        except AssayError as error:
            self._rejected.append((index, client_id, error))
            return
        self._chunk.append(Item(index, client_id or "", spec, where))
        self._bytes += len(raw)

    async def _send(self) -> None:
        chunk, self._chunk, self._bytes = self._chunk, [], 0
        if not chunk:
            return
        answers = await self._batches.add(self._batch_id, chunk, classes=allowed(self._caller))
        for item, answer in zip(chunk, answers, strict=True):
            if answer == "queued":
                self._taken[item.index] = item_id(self._batch_id, item.index)
            else:
                self._rejected.append((item.index, item.client_id or None, refusal(answer)))

    def _answer(self, count: int) -> BatchAccepted:
        self._rejected.sort(key=lambda row: row[0])
        if not self._taken:
            _, _, error = self._rejected[0]
            error.detail = f"none of {count} submissions can be taken; the first: {error.detail}"
            raise error
        return BatchAccepted(
            id=self._batch_id,
            total=len(self._taken),
            submissions=[self._taken.get(index) for index in range(count)],
            rejected=[_rejected(*row) for row in self._rejected],
            links=links(self._batch_id),
        )


def _check_alone(asked: BatchItem) -> None:
    """Refuse what only a submission by itself may have."""
    if asked.interactive:
        raise InvalidField("nobody talks to an item of a batch", field="interactive")
    if asked.callback_url is not None:
        why = "is for the whole batch: POST /batch?callbackUrl="
        raise InvalidField(f"callbackUrl {why}", field="callbackUrl")


def _client_id(value: str | None) -> str | None:
    if value is not None and not (1 <= len(value) <= limits.MAX_CLIENT_ID and value.isprintable()):
        why = f"clientId must have 1 to {limits.MAX_CLIENT_ID} printable characters"
        raise InvalidField(why, field="clientId")
    return value


def _rejected(index: int, client_id: str | None, error: AssayError) -> RejectedItem:
    return RejectedItem(
        index=index,
        client_id=client_id,
        type=f"urn:assay:error:{error.slug}",
        detail=error.detail,
        field=error.field or None,
    )
