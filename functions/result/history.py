"""`GET /submissions`: what one has sent in, the newest first.

The index is a sorted set per tenant, written at submit: its newest 1000, without those of
batches. What is listed is read from the submissions themselves, in Redis or in the archive; one
that is not kept any more is passed over. A cursor is the place of the last row: what comes in
meanwhile moves nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import redis.asyncio

from shared import keys
from shared.archive import Archive, Record
from shared.blobs import BlobDamaged
from shared.errors import InvalidField
from shared.people import HistoryPage, HistoryRow
from shared.verdicts import State, Verdict

MOST_KEPT = 1000  # as _standings.lua has it
_USUAL_ROWS, _MOST_ROWS = 50, 100
_CURSOR = re.compile(r"[0-9]{1,15}")
_ID_LENGTH = 32
_CHUNK = 200
_FIELDS = [
    *("problem", "language", "state", "verdict", "judged", "shared", "createdMs", "finishedMs"),
    *("cpuTimeMs", "peakMemoryBytes", "score"),
]


def parse_limit(text: str | None, *, usual: int = _USUAL_ROWS, most: int = _MOST_ROWS) -> int:
    """The rows of `?limit=`.

    Raises:
        InvalidField: it is no number from 1 to the most.
    """
    if text is None:
        return usual
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= most:
        raise InvalidField(f"limit must be from 1 to {most}", field="limit")
    return int(text)


def parse_before(text: str | None) -> int | None:
    """The place of `?before=`.

    Raises:
        InvalidField: it is no cursor of ours.
    """
    if text is None:
        return None
    if not _CURSOR.fullmatch(text):
        raise InvalidField("before must be what `next` said", field="before")
    return int(text)


def parse_judged(text: str | None) -> bool | None:
    """Which ones `?judged=` asks for; None: all.

    Raises:
        InvalidField: it is neither true nor false.
    """
    if text not in (None, "true", "false"):
        raise InvalidField("judged must be true or false", field="judged")
    return None if text is None else text == "true"


class History:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis, archive: Archive) -> None:
        self._client = client
        self._archive = archive

    async def page(
        self,
        tenant: str,
        *,
        problem: str | None,
        judged: bool | None,
        before: int | None,
        limit: int,
    ) -> HistoryPage:
        """The next rows before a cursor."""
        rows: list[HistoryRow] = []
        cursor = "+inf" if before is None else f"({before}"
        while True:
            found: Any = await self._client.zrevrangebyscore(
                keys.history(tenant), cursor, "-inf", start=0, num=_CHUNK, withscores=True
            )
            wanted = [
                (member[:_ID_LENGTH].decode(), int(score))
                for member, score in found
                if (problem is None or member[_ID_LENGTH + 1 :].decode() == problem)
                and (judged is None or (member[_ID_LENGTH:][:1] == b"+") == judged)
            ]
            for row, place in await self._rows(tenant, wanted, limit - len(rows)):
                rows.append(row)
                if len(rows) == limit:
                    return HistoryPage(submissions=rows, next=str(place))
            if len(found) < _CHUNK:
                return HistoryPage(submissions=rows, next=None)
            cursor = f"({int(found[-1][1])}"

    async def _rows(
        self, tenant: str, wanted: Sequence[tuple[str, int]], most: int
    ) -> list[tuple[HistoryRow, int]]:
        """The first rows of these: at least `most`, if there are so many."""
        async with self._client.pipeline(transaction=False) as pipe:
            for submission_id, _ in wanted:
                pipe.hmget(keys.submission(submission_id), ["tenant", *_FIELDS])
            stored = await pipe.execute() if wanted else []
        known = [_fields(values[1:]) if values[0] == tenant.encode() else None for values in stored]
        rows: list[tuple[HistoryRow, int]] = []
        for first in range(0, len(wanted), most):
            part = range(first, min(first + most, len(wanted)))
            gone = [index for index in part if known[index] is None]
            records = (self._archived(wanted[index][0], tenant) for index in gone)
            for index, record in zip(gone, await asyncio.gather(*records), strict=True):
                known[index] = record.fields if record else None
            for index in part:
                if (fields := known[index]) is not None:
                    rows.append((_row(wanted[index][0], fields), wanted[index][1]))
            if len(rows) >= most:
                break
        return rows

    async def _archived(self, submission_id: str, tenant: str) -> Record | None:
        """One that is damaged, which is logged, is no reason to show none."""
        try:
            return await self._archive.find(submission_id, tenant)
        except BlobDamaged:
            return None


def _fields(values: Sequence[bytes | None]) -> dict[str, str]:
    pairs = zip(_FIELDS, values, strict=True)
    return {name: value.decode() for name, value in pairs if value}


def _row(submission_id: str, fields: dict[str, str]) -> HistoryRow:
    return HistoryRow(
        id=submission_id,
        problem_id=fields.get("problem") or None,
        language=fields["language"],
        status=State(fields["state"]),
        verdict=Verdict(fields["verdict"]) if fields.get("verdict") else None,
        judged="judged" in fields,
        shared="shared" in fields,
        created_ms=int(fields["createdMs"]),
        finished_ms=int(fields["finishedMs"]) if "finishedMs" in fields else None,
        cpu_time_ms=float(fields["cpuTimeMs"]) if "cpuTimeMs" in fields else None,
        peak_memory_bytes=int(float(fields["peakMemoryBytes"]))
        if "peakMemoryBytes" in fields
        else None,
        score=float(fields["score"]) if "score" in fields else None,
    )
