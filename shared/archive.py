"""The archive: what finished submissions were, when Redis has let them go.

Theory of operation. The Lua call that ends a submission also puts it into the zset
`keys.TO_ARCHIVE`, and gives it no TTL. An archiver (`functions/archive/archiver.py`) takes
some under a lease, writes each as one named thing (`shared/shelf.py`) beside the blobs, and
only then lets Redis forget them, at `result_ttl_s` after their end. If it dies anywhere in
between, another one does the same again: the name is the same, and so is the content. What
was judged again or shared meanwhile has a higher `rev`; of two writers the one with the lower
`rev` gives way.

What is forgotten leaves a grave in its place: a thing of the same name that says nothing. So who
has read it before and writes it late, however late, finds its place taken, and gives way, also
if he dies before anybody can tell him. A grave stays for a day (`sweeper.py`).

Readers ask Redis first, then here. A record is a line with a magic word, its format and the
SHA-256 of the rest, and the rest: gzip of JSON. It holds what Redis held and nothing else, so
of a secret test it has what its owner could see before.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import zlib
from typing import Any
from urllib.parse import quote, unquote

import msgspec
import redis.asyncio

from shared import keys, logs, scripts
from shared.answers import ArchiveStatus
from shared.blobs import BlobDamaged, Blobs
from shared.models import Stored, encode
from shared.shelf import NameMissing, NameTaken, Shelf

log = logs.get_logger(__name__)

FORMAT = 1
_MAGIC = b"assay-archive"
#: Of a claim that is over; nobody is to take them for those of a running one.
_TRANSIENT = frozenset({"fence", "holder", "step", "charge", "inputCall"})
_ID = re.compile(r"[0-9a-f]{32}")
#: A gzip header without a time: the same record is the same bytes, whoever writes it.
_GZIP = 31
#: All records lie below this.
TOP = "archive"
#: Below this lies whose they are, of those that are shared.
SHARED = "archive-shared"
_MOST_NAME = 100
#: Bytes of a record; a result in Redis has half of that at most.
_MOST_RECORD = 1 << 30
#: Begins what a name becomes that is longer; no quoted name begins so.
_HASHED = "=sha256="
_TRIES = 5
#: What lies in the place of a record that is forgotten; it is newer than any record.
GRAVE = b"assay-forgotten\n"
_GRAVE_REV = 1 << 62
#: What is brought back to be changed is in Redis for so long, if it is not changed.
BACK_S = 300


class Record(Stored, omit_defaults=False, kw_only=True):
    """A submission and its events, as they were in Redis."""

    id: str
    fields: dict[str, str]
    #: Number, type and data (JSON) of each event.
    events: list[tuple[int, str, str]]
    #: Of a batch: the ids of its submissions, in the order in which they ended.
    ended: list[str] = msgspec.field(default_factory=list)

    @property
    def is_batch(self) -> bool:
        """Whether it is a batch, and no submission."""
        return "total" in self.fields

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.fields["tenant"]

    @property
    def rev(self) -> int:
        """Which version of it this is; a higher one is newer."""
        return int(self.fields.get("rev", 0))


def is_id(text: str) -> bool:
    """Whether it has the form of a submission's id."""
    return _ID.fullmatch(text) is not None


def record_of(submission_id: str, stored: dict[bytes, bytes], entries: list[Any]) -> Record:
    """What is archived, of the hash and the stream of a submission."""
    fields = {name.decode(): value.decode(errors="replace") for name, value in stored.items()}
    return Record(
        id=submission_id,
        fields={name: value for name, value in fields.items() if name not in _TRANSIENT},
        events=[event_of(entry) for entry in entries],
    )


def event_of(entry: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """An entry of a stream, as it is archived."""
    entry_id, event = entry
    data = event[b"d"].decode("utf-8", "replace")
    return int(entry_id.split(b"-")[0]), event[b"t"].decode(), data


def pack(record: Record) -> bytes:
    """A record as it lies in the archive."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    body = squeeze.compress(encode(record)) + squeeze.flush()
    return b"%s %d %s\n%s" % (_MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode(), body)


def unpack(content: bytes) -> Record:
    """The opposite of `pack`.

    Raises:
        BlobDamaged: it is not what was written, or a newer version wrote it.
    """
    head, _, body = content.partition(b"\n")
    wanted = b"%s %d %s" % (_MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode())
    try:
        if head != wanted:
            raise ValueError
        squeezed = zlib.decompressobj(_GZIP)
        text = squeezed.decompress(body, _MOST_RECORD)
        if not squeezed.eof:  # larger than any that we write
            raise ValueError
        return msgspec.json.decode(text, type=Record)
    except (ValueError, zlib.error):  # msgspec's are ValueErrors
        why = "what is archived of this submission cannot be read: it is damaged"
        raise BlobDamaged(why) from None


def name_of(tenant: str, submission_id: str) -> str:
    """Where a submission lies in the archive."""
    return f"{folder_of(tenant)}{submission_id[:2]}/{submission_id}"


def _shared_name(submission_id: str) -> str:
    return f"{SHARED}/{submission_id[:2]}/{submission_id}"


def folder_of(tenant: str) -> str:
    """Where all of a tenant lie. A tenant's name may hold anything, so it is quoted."""
    quoted = quote(tenant, safe="").replace(".", "%2E")
    if not quoted or len(quoted) > _MOST_NAME:
        quoted = f"{_HASHED}{hashlib.sha256(tenant.encode()).hexdigest()}"
    return f"{TOP}/{quoted}/"


def tenant_of(name: str) -> str:
    """Whose submission lies under a name; empty where the name does not tell."""
    quoted = name.split("/")[1]
    return "" if quoted.startswith(_HASHED) else unquote(quoted)


class Archive:
    """The archive as one event loop reads and writes it; the store is asked on other threads."""

    def __init__(self, client: redis.asyncio.Redis, blobs: Blobs) -> None:
        self.client = client
        self.shelf: Shelf = blobs.shelf()

    async def find(
        self, submission_id: str, tenant: str, *, or_shared: bool = False
    ) -> Record | None:
        """A submission that Redis has let go, if it is there and this tenant's.

        Args:
            or_shared: or somebody else's who has shared it.

        Raises:
            BlobsAway: the store cannot be asked.
        """
        if not is_id(submission_id):
            return None
        record = await asyncio.to_thread(self._read, name_of(tenant, submission_id))
        if record is None and or_shared:
            record = await asyncio.to_thread(self._read_shared, submission_id)
        if record is None or record.is_batch:
            return None
        if record.tenant != tenant and "shared" not in record.fields:
            return None
        return None if await self.is_forgotten(submission_id, record.tenant) else record

    async def find_batch(self, batch_id: str, tenant: str) -> Record | None:
        """A batch that Redis has let go, if it is there and this tenant's.

        Raises:
            BlobsAway: the store cannot be asked.
        """
        if not is_id(batch_id):
            return None
        record = await asyncio.to_thread(self._read, name_of(tenant, batch_id))
        if record is None or not record.is_batch or record.tenant != tenant:
            return None
        return None if await self.is_forgotten(batch_id, tenant) else record

    async def is_forgotten(self, submission_id: str, tenant: str) -> bool:
        """Whether it is to be gone, whatever the archive still holds."""
        member = forgotten_member(submission_id, tenant)
        return await self.client.zscore(keys.FORGOTTEN, member) is not None

    def write(self, record: Record) -> None:
        """Store a record, unless a newer version is there. May be repeated.

        Raises:
            NameTaken: others write the same one all the time.
            BlobsAway: the store cannot be used.
        """
        name, content = name_of(record.tenant, record.id), pack(record)
        over = ""
        for _ in range(_TRIES):
            try:
                self.shelf.put(name, content, over=over)
                return self._note_shared(record)
            except NameTaken:
                over, newest = self._newest(name)
                if newest == _GRAVE_REV:
                    return None
                if newest >= record.rev:
                    return self._note_shared(record)
        raise NameTaken(name)

    def take_out(self, batch_id: str, submission_id: str, tenant: str) -> None:
        """Let an archived batch tell no more of one of its submissions than its bare id.

        Raises:
            NameTaken: others write it all the time.
            BlobsAway: the store cannot be used.
        """
        name = name_of(tenant, batch_id)
        for _ in range(_TRIES):
            try:
                kept = self.shelf.get(name)
                record = unpack(kept.content)
            except (NameMissing, BlobDamaged):  # a grave, for instance
                return
            told = [it for it in record.events if submission_id not in it[2]]
            if len(told) == len(record.events):
                return
            record.events[:] = told
            record.fields["rev"] = str(record.rev + 1)
            try:
                self.shelf.put(name, pack(record), over=kept.version)
            except NameTaken:
                continue
            return
        raise NameTaken(name)

    def bury(self, submission_id: str, tenant: str) -> None:
        """Remove a submission, and let nobody write it who has read it before. May be repeated.

        Raises:
            NameTaken: others write it all the time.
            BlobsAway: the store cannot be used.
        """
        name, over = name_of(tenant, submission_id), ""
        for _ in range(_TRIES):
            try:
                self.shelf.put(name, GRAVE, over=over)
                break
            except NameTaken:
                over, newest = self._newest(name)
                if newest == _GRAVE_REV:
                    break
        else:
            raise NameTaken(name)
        self.shelf.delete(_shared_name(submission_id))

    def remove(self, submission_id: str, tenant: str) -> None:
        """Remove all that is here of a submission, its grave, too. May be repeated."""
        self.shelf.delete(name_of(tenant, submission_id))
        self.shelf.delete(_shared_name(submission_id))

    def at(self, name: str) -> Record | None:
        """What lies under a name; None, too, if nobody can read it."""
        try:
            return self._read(name)
        except BlobDamaged:
            return None

    def owner(self, name: str) -> str | None:
        """Whose submission lies under a name, by what is written there."""
        record = self.at(name)
        return record.tenant if record else None

    def _note_shared(self, record: Record) -> None:
        """Whose it is, for those who only have its id. Whether it is shared, the record says."""
        if "shared" in record.fields:
            with contextlib.suppress(NameTaken):
                self.shelf.put(_shared_name(record.id), record.tenant.encode())

    def _read_shared(self, submission_id: str) -> Record | None:
        try:
            tenant = self.shelf.get(_shared_name(submission_id)).content.decode()
        except NameMissing:
            return None
        return self._read(name_of(tenant, submission_id))

    def _newest(self, name: str) -> tuple[str, int]:
        """The version that is there, and its `rev`; what cannot be read is older than anything."""
        try:
            kept = self.shelf.get(name)
        except NameMissing:
            return "", -1
        if kept.content == GRAVE:
            return kept.version, _GRAVE_REV
        try:
            return kept.version, unpack(kept.content).rev
        except BlobDamaged:
            return kept.version, -1

    def _read(self, name: str) -> Record | None:
        try:
            content = self.shelf.get(name).content
            return None if content == GRAVE else unpack(content)
        except NameMissing:
            return None
        except BlobDamaged:
            log.error("what is archived is damaged", name=name)
            raise


async def archive_status(client: redis.asyncio.Redis) -> ArchiveStatus:
    """How the archive is doing, for `/status` and for metrics: two round trips."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(keys.ARCHIVE)
        pipe.zcard(keys.TO_ARCHIVE)
        pipe.zcard(keys.BATCHES_TO_ARCHIVE)
        pipe.zrange(keys.TO_ARCHIVE, 0, 0)
        pipe.time()
        stored, waiting, batches, head, (seconds, microseconds) = await pipe.execute()
    known = {name.decode(): value.decode() for name, value in stored.items()}
    ended = head and await client.hget(keys.submission(head[0].decode()), "finishedMs")
    now_ms = seconds * 1000 + microseconds // 1000
    return ArchiveStatus(
        mode=known.get("mode", "none"),
        waiting=waiting + batches,
        oldest_waiting_ms=max(0, now_ms - int(ended)) if ended else None,
        archived=int(known.get("archived", 0)),
        failed=int(known.get("failed", 0)),
        error=known.get("error"),
    )


async def bring_back(client: redis.asyncio.Redis, record: Record) -> None:
    """Let Redis have a submission again, as it was, to be changed there; for a while only."""
    fields = [part for field in record.fields.items() for part in field]
    events = [part for number, *event in record.events for part in (f"{number}-0", *event)]
    await scripts.acall(
        client, "bring_back", record.id, record.tenant, BACK_S, len(fields), *fields, *events
    )


def forgotten_member(submission_id: str, tenant: str) -> str:
    """A submission in `keys.FORGOTTEN`."""
    return f"{submission_id}:{tenant}"
