"""Talking to a program while it runs: bytes for its stdin, the end of it, signals.

The way in is bounded per submission, from its beginning to its end, because all of it is
kept: a worker that takes the submission over from a lost one starts again with it.
"""

from __future__ import annotations

import secrets

import redis.asyncio

from shared import scripts
from shared.errors import AssayError, Conflict, InvalidField, NotFound, TooLarge
from shared.limits import MAX_INPUT_BYTES, MAX_INPUT_PARTS

#: What a program may be sent; to end it for certain, cancel it.
SIGNALS = frozenset({"SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"})


class Inputs:
    """Sends input to interactive submissions, for one event loop."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def stdin(self, submission_id: str, data: bytes, *, tenant: str) -> None:
        """More bytes for its stdin.

        Raises:
            NotFound, Conflict, TooLarge: it does not take them; says why.
        """
        await self._send(submission_id, b"i" + data, tenant)

    async def end(self, submission_id: str, *, tenant: str) -> None:
        """Its stdin ends here. Raises as `stdin`."""
        await self._send(submission_id, b"z", tenant)

    async def signal(self, submission_id: str, name: str, *, tenant: str) -> None:
        """A signal for every process of the program. Raises as `stdin`.

        Raises:
            InvalidField: it is none of `SIGNALS`.
        """
        if name not in SIGNALS:
            raise InvalidField(f"name must be one of {', '.join(sorted(SIGNALS))}", field="name")
        await self._send(submission_id, b"s" + name.encode(), tenant)

    async def _send(self, submission_id: str, entry: bytes, tenant: str) -> None:
        answer = await scripts.acall(
            self._client,
            "input",
            submission_id,
            tenant,
            secrets.token_hex(8),
            MAX_INPUT_BYTES,
            MAX_INPUT_PARTS,
            entry,
        )
        if answer != b"ok":
            raise _refusal(answer.decode(), submission_id)


def _refusal(why: str, submission_id: str) -> AssayError:
    if why == "ended":
        return Conflict("the submission has ended")
    if why == "not-interactive":
        return Conflict('the submission takes no input: it was not sent with "interactive": true')
    if why == "closed":
        return Conflict("its stdin was ended before")
    if why == "full":
        return TooLarge(
            f"a submission takes at most {MAX_INPUT_BYTES} bytes in {MAX_INPUT_PARTS} parts"
        )
    return NotFound(f"no submission {submission_id!r}")
