"""When a submission is to run: its class, its earliest time, and how long it may wait."""

from __future__ import annotations

import re
from datetime import datetime

from shared import limits
from shared.errors import InvalidField
from shared.models import SubmitRequest
from shared.place import Place
from shared.priority import Priority

_MS = 1000
#: `fromisoformat` takes more than a date and a time of day (weeks, basic format).
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def place(request: SubmitRequest, now_ms: float, default: Priority = Priority.DEFAULT) -> Place:
    """Check what a caller asks for.

    Raises:
        InvalidField: it cannot be honoured.
    """
    timeout_ms = request.queue_timeout_ms
    if timeout_ms is not None and not 1 <= timeout_ms <= limits.MAX_QUEUE_TIMEOUT_MS:
        why = f"queueTimeoutMs must be from 1 to {limits.MAX_QUEUE_TIMEOUT_MS}"
        raise InvalidField(why, field="queueTimeoutMs")
    return Place(
        priority=request.priority or default,
        run_at_ms=None if request.run_at is None else _run_at_ms(request.run_at, now_ms),
        queue_timeout_ms=timeout_ms,
    )


def _run_at_ms(text: str, now_ms: float) -> int:
    """A time that has passed is now."""
    if not _ISO.fullmatch(text):
        why = "runAt must be a time with its offset, such as 2030-01-31T08:00:00+01:00"
        raise InvalidField(why, field="runAt")
    try:
        at_ms = int(datetime.fromisoformat(text.upper()).timestamp() * _MS)
    except (ValueError, OverflowError) as error:
        raise InvalidField(f"runAt is no time: {error}", field="runAt") from None
    if at_ms > now_ms + limits.MAX_RUN_AT_DAYS * 86_400 * _MS:
        why = f"runAt must be within {limits.MAX_RUN_AT_DAYS} days"
        raise InvalidField(why, field="runAt")
    return at_ms
