"""Judging again what is finished: the same code, by the package that is installed now.

A re-judge is one call of `shared/lua/rejudge.lua`: the verdict goes into the history, the
submission back in line, its stream begins anew with another epoch. What was to be run is
kept up to 64 KiB; a larger submission cannot be judged again. A whole problem is
`shared/rejudge_problem.py`.
"""

from __future__ import annotations

import secrets
from enum import Enum, auto

import msgspec
import redis.asyncio

from shared import keys, languages, scripts, tracing
from shared.archive import Record, bring_back
from shared.errors import Conflict, NotFound
from shared.models import Spec, encode
from shared.priority import Priority
from shared.problems.enforced import limits_of_entry
from shared.problems.store import Problems

#: Of one submission, the newest.
_KEPT_VERDICTS = 20

_REFUSALS = {
    "running": "it is not finished",
    "changed": "it was judged again meanwhile",
    "gone": "what it was to run is not kept: it was cancelled, or is too large",
    "batch": "it belongs to a batch",
    "interactive": "what it was sent while it ran is not kept",
}


class Taken(Enum):
    """What has become of one of a problem's that may have to be judged again."""

    #: It is back in line.
    QUEUED = auto()
    #: It has not ended, and another package than the installed one judges it: look again.
    LATE = auto()
    #: It is right as it is, or cannot be judged again.
    LEFT = auto()


class Rejudging:
    """For one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._problems = Problems(client)

    async def spec(self, submission_id: str, record: Record | None = None) -> Spec:
        """What a submission is to run, or was.

        Args:
            record: what is archived of it, if Redis has let it go.

        Raises:
            NotFound: it is not kept.
        """
        stored = (
            await self._client.hget(keys.submission(submission_id), "spec")
            if record is None
            else record.fields.get("spec")
        )
        if stored is None:
            raise NotFound(f"the code of {submission_id!r} is not kept")
        return msgspec.json.decode(stored, type=Spec)

    async def one(self, submission_id: str, record: Record | None = None) -> None:
        """Judge one again.

        Args:
            record: what is archived of it, if Redis has let it go.

        Raises:
            Conflict: it cannot be, as it says.
        """
        if record is not None:
            await bring_back(self._client, record)
        answer = await self._again(submission_id, Priority.DEFAULT)
        if answer != "queued":
            raise Conflict(f"{submission_id!r} cannot be judged again: {_REFUSALS[answer]}")

    async def of_problem(self, submission_id: str, until_ms: int, counted: str) -> Taken:
        """Judge one again that a package judged, behind everything else.

        Args:
            until_ms: what ended later is left as it is, if the installed package judged it.
            counted: key of the hash that counts it as one of its `submissions`.
        """
        state, finished_ms, stored, batch = await self._client.hmget(
            keys.submission(submission_id), ["state", "finishedMs", "spec", "batch"]
        )
        if stored is None or state == b"cancelled" or batch:
            return Taken.LEFT
        spec = msgspec.json.decode(stored, type=Spec)
        if not spec.package:  # a run of one's own is nobody else's to repeat
            return Taken.LEFT
        renewed = await self._renewed(spec)
        is_outdated = renewed.package != spec.package
        if finished_ms is None:
            return Taken.LATE if is_outdated else Taken.LEFT
        if int(finished_ms) > until_ms and not is_outdated:
            return Taken.LEFT
        answer = await self._put_back(submission_id, finished_ms, renewed, Priority.BULK, counted)
        if answer in ("running", "changed"):  # somebody else was first: by which package?
            return Taken.LATE
        return Taken.QUEUED if answer == "queued" else Taken.LEFT

    async def _again(self, submission_id: str, priority: Priority) -> str:
        key = keys.submission(submission_id)
        finished_ms, stored = await self._client.hmget(key, ["finishedMs", "spec"])
        if stored is None:
            return "gone"
        if finished_ms is None:
            return "running"
        spec = await self._renewed(msgspec.json.decode(stored, type=Spec))
        return await self._put_back(submission_id, finished_ms, spec, priority)

    async def _put_back(
        self,
        submission_id: str,
        finished_ms: bytes | str,
        spec: Spec,
        priority: Priority,
        counted: str = "",
    ) -> str:
        """Back in line; gives what `rejudge.lua` says."""
        answer: bytes = await scripts.acall(
            self._client,
            "rejudge",
            submission_id,
            finished_ms,
            encode(msgspec.structs.replace(spec, traceparent=tracing.traceparent())),
            secrets.token_hex(4),
            priority,
            _KEPT_VERDICTS,
            counted,
        )
        return answer.decode()

    async def _renewed(self, spec: Spec) -> Spec:
        """The same, by the package that is installed now."""
        if not spec.package or spec.problem_id is None:
            return spec
        entry = await self._problems.find(spec.problem_id)
        language = languages.find(spec.language)
        if entry is None or language is None:
            return spec
        limits = limits_of_entry(entry, language)
        return msgspec.structs.replace(spec, package=entry.digest, limits=limits)
