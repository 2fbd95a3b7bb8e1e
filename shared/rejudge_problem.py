"""Judging a whole problem again: all that its package has judged, in Redis and in the archive.

Theory of operation. Who asks writes down when that was (`keys.rejudging`). What is judged again,
once, is what had ended by then, and whatever another package than the installed one judges: it
waited or ran at that moment, and nothing takes its package away from it, so it is taken when it
has ended. What ended later by the installed package is right. Everything here may thus be
repeated: after a crash, by two at a time, or because somebody asks anew, which begins it again.

First Redis is gone through, then the archive, name by name, as its order is; what moves from the
one to the other meanwhile is met there. How far the archive was read is noted after each page, so
whoever goes on does not begin again. At last Redis is gone through once more, and again after a
rest for as long as something is late. That ends: nothing that the installed package judges is late,
and what is taken is judged by that. Redis is looked at while the archive is read, too, which may
take longer than what has ended is kept.

It goes on behind everything else, and only while few wait in its class: the line does not fill up
with it, and what is brought back to Redis is little at any time. The request goes on with it
for a moment, so that it can tell of most problems how many that were; the rest is done by who
runs the archiver, whoever is first to say so, under a lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from shared import keys, logs, scripts
from shared.answers import Rejudged
from shared.archive import TOP, Archive, Record, bring_back
from shared.blobs import BlobsAway
from shared.errors import NotFound
from shared.priority import Priority
from shared.problems.store import Problems
from shared.rejudge import Rejudging, Taken
from shared.retention import DAY_S, Retention
from shared.scanning import hashes_with
from shared.settings import Settings
from shared.shelf import Listed

log = logs.get_logger(__name__)

#: While so many wait in the class, no more are put in line.
MOST_WAITING = 1000
#: A request goes on with it for so long.
PATIENCE_S = 3.0
#: Who was not heard of for so long has died over it.
_LEASE_MS = 60_000
#: How it ended can be asked for so long.
_KEPT_S = 86_400
_LOOK_S = 1.0
#: Redis is looked at for what is late as often as this, and before it lets go what has ended.
_LOOK_AGAIN_S = 600.0
#: Where that is little work it is done more often: it rests so many times as long as it took.
_REST = 20
#: Records that are read and in memory at once.
_PAGE = 32


@dataclass(frozen=True)
class _Task:
    problem: str
    asked_ms: int
    in_archive: bool
    after: str
    #: When the caller has no more patience, by `time.monotonic`; None: never.
    until_s: float | None


class _Stopped(Exception):
    """Not to be gone on with here."""


class RejudgingProblems:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis, settings: Settings, archive: Archive) -> None:
        self._client = client
        self._archive = archive
        self._look_again_s = min(_LOOK_AGAIN_S, settings.result_ttl_s / 4)
        self._most_waiting = min(MOST_WAITING, max(1, settings.max_queued // 2))
        self._problems = Problems(client)
        self._rejudging = Rejudging(client)
        self._retention = Retention(client, settings)

    async def run(self) -> None:
        """Go on with what was asked for, until cancelled."""
        while True:
            await asyncio.sleep(random.uniform(_LOOK_S / 2, _LOOK_S))
            try:
                await self.some()
            except BlobsAway as away:
                log.warning("judging again waits for the archive", error=away)
            except (RedisError, OSError) as error:
                log.info("judging again waits for Redis", error=error)
            except Exception:
                log.exception("a problem was not judged again")

    async def some(self) -> int:
        """Go on with what nobody else has at the moment, to its end; how many problems."""
        seconds, _ = await self._client.time()
        due: Any = await self._client.zrangebyscore(keys.REJUDGING, "-inf", seconds * 1000)
        for problem_id in due:
            await self.go_on(problem_id.decode())
        return len(due)

    async def ask(self, problem_id: str) -> None:
        """Begin, or begin anew.

        Raises:
            NotFound: no such problem is installed.
        """
        await self._problems.get(problem_id)
        seconds, microseconds = await self._client.time()
        asked_ms, key = seconds * 1000 + microseconds // 1000, keys.rejudging(problem_id)
        begun: list[str | int] = ["askedMs", asked_ms, "inArchive", 0, "after", ""]
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            pipe.hset(key, items=[*begun, "submissions", 0])
            pipe.zadd(keys.REJUDGING, {problem_id: 0})
            await pipe.execute()

    async def told(self, problem_id: str) -> Rejudged:
        """How far it is.

        Raises:
            NotFound: nobody has asked for it of late.
        """
        stored: Any = await self._client.hget(keys.rejudging(problem_id), "submissions")
        if stored is None:
            raise NotFound(f"the problem {problem_id[:128]!r} was not judged again of late")
        going_on = await self._client.zscore(keys.REJUDGING, problem_id) is not None
        return Rejudged(submissions=int(stored), complete=not going_on)

    async def go_on(self, problem_id: str, *, patience_s: float | None = None) -> None:
        """Put in line what is to be, until that is all, or there is no more patience.

        Raises:
            BlobsAway: the archive cannot be read; whoever comes by when it is back goes on.
        """
        stored: Any = await self._client.hmget(
            keys.rejudging(problem_id), ["askedMs", "inArchive", "after"]
        )
        asked, in_archive, after = stored
        if asked is None:
            await self._client.zrem(keys.REJUDGING, problem_id)
            return
        until_s = None if patience_s is None else time.monotonic() + patience_s
        task = _Task(problem_id, int(asked), in_archive == b"1", after.decode(), until_s)
        if await self._problems.find(problem_id) is None:
            await self._note(task, lease_ms="", kept_s=0)
            return
        with contextlib.suppress(_Stopped):
            await self._all(task)

    async def _all(self, task: _Task) -> None:
        if not task.in_archive:
            await self._of_redis(task)
            await self._keep(task, "inArchive", 1)
        looked_s = time.monotonic()
        async for records, last in self._in_archive(task):
            await self._wait_for_room(task)
            for record in records:
                await bring_back(self._client, record)
            await self._judge([record.id for record in records], task)
            await self._keep(task, "after", last)
            if time.monotonic() - looked_s >= self._look_again_s:
                await self._of_redis(task)
                looked_s = time.monotonic()
        begun_s = time.monotonic()
        if not await self._of_redis(task):
            await self._note(task, lease_ms="")
            return
        rest_s = max(_LOOK_S, _REST * (time.monotonic() - begun_s))
        await self._note(task, lease_ms=int(1000 * min(rest_s, self._look_again_s)))

    async def _of_redis(self, task: _Task) -> int:
        """Put in line what Redis has; gives how many are late."""
        late = 0
        async for page in hashes_with(self._client, keys.submission(""), "problem", task.problem):
            await self._wait_for_room(task)
            late += await self._judge(page, task)
        return late

    async def _judge(self, ids: Sequence[str], task: _Task) -> int:
        """Put in line what is to be; gives how many are late."""
        counted, late = keys.rejudging(task.problem), 0
        for submission_id in ids:
            taken = await self._rejudging.of_problem(submission_id, task.asked_ms, counted)
            late += taken is Taken.LATE
        return late

    async def _in_archive(self, task: _Task) -> AsyncIterator[tuple[list[Record], str]]:
        """The same of the archive, and the name up to which that is."""
        listed = self._archive.shelf.names(f"{TOP}/", after=task.after)
        while page := await asyncio.to_thread(lambda: list(islice(listed, _PAGE))):
            read = (asyncio.to_thread(self._archive.at, it.name) for it in page)
            records = await asyncio.gather(*read)
            yield (
                [
                    record
                    for it, record in zip(page, records, strict=True)
                    if record is not None and await self._is_meant(it, record, task)
                ],
                page[-1].name,
            )

    async def _is_meant(self, listed: Listed, record: Record, task: _Task) -> bool:
        fields = record.fields
        if fields.get("problem") != task.problem or fields.get("state") != "finished":
            return False
        if record.is_batch or "batch" in fields or "spec" not in fields:
            return False
        if int(fields["finishedMs"]) > task.asked_ms and not await self._is_outdated(record):
            return False
        days = await self._retention.days(record.tenant)  # whose time is over waits to be removed
        return not days or time.time() - listed.stored_s <= days * DAY_S

    async def _is_outdated(self, record: Record) -> bool:
        """Whether another package than the installed one has judged it."""
        spec = await self._rejudging.spec(record.id, record)
        entry = await self._problems.find(spec.problem_id or "")
        return entry is not None and spec.package not in ("", entry.digest)

    async def _wait_for_room(self, task: _Task) -> None:
        """Wait until few stand in line.

        Raises:
            _Stopped: somebody asked anew, it was deleted, or patience is over.
        """
        least, most = keys.ready_range(list(Priority).index(Priority.BULK))
        while True:
            is_ours = await self._note(task)
            out_of_patience = task.until_s is not None and time.monotonic() > task.until_s
            if not is_ours or await self._problems.find(task.problem) is None or out_of_patience:
                break
            if await self._client.zcount(keys.READY, least, most) < self._most_waiting:
                return
            if task.until_s is not None:
                break
            await asyncio.sleep(_LOOK_S)
        await self._note(task, lease_ms=0)  # anybody may go on at once
        raise _Stopped

    async def _keep(self, task: _Task, *fields: str | int) -> None:
        """Note how far it is.

        Raises:
            _Stopped: somebody asked anew.
        """
        if not await self._note(task, *fields):
            raise _Stopped

    async def _note(
        self,
        task: _Task,
        *fields: str | int,
        lease_ms: int | str = _LEASE_MS,
        kept_s: int = _KEPT_S,
    ) -> bool:
        """Note how far it is; False when somebody asked anew."""
        return bool(
            await scripts.acall(
                *(self._client, "rejudging", keys.rejudging(task.problem), task.asked_ms),
                *(keys.REJUDGING, task.problem, lease_ms, kept_s, *fields),
            )
        )
