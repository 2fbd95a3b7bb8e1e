"""Where in line a submission belongs, and why it may not come in."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import AssayError, Conflict, Forbidden, Overloaded, TooMany, Unauthorized
from shared.identity import Caller, Role
from shared.priority import ORDINARY, Priority
from shared.settings import Settings

_RETRY_AFTER_S = 5
ORDINARY_CLASSES = ",".join(ORDINARY)


@dataclass(frozen=True)
class Place:
    """What a caller may say about when his submission runs."""

    priority: Priority = Priority.DEFAULT
    #: Not before this time, in Redis's clock.
    run_at_ms: int | None = None
    #: Its verdict is `queue-timeout` when it was not begun after so long in line.
    queue_timeout_ms: int | None = None


ANYWHERE = Place()


def allowed(caller: Caller) -> str:
    """The classes that a caller may ask for when his tenant's settings name none."""
    return "*" if Role.ADMIN in caller.roles else ORDINARY_CLASSES


def bounds(settings: Settings) -> tuple[int, int, int, int]:
    """The limits on what waits, in the order that Lua takes them: in all, and per tenant."""
    return (
        settings.max_queued,
        settings.max_queued_bytes,
        settings.tenant_max_queued,
        settings.tenant_max_queued_bytes,
    )


def refusal(answer: str) -> AssayError:
    """What a refusal of `shared/lua/_admit.lua` means to the caller."""
    if answer == "priority":
        return Forbidden("this priority is not allowed to you", field="priority")
    if answer == "tenant-full":
        return TooMany("too many submissions of yours are waiting", retry_after_s=_RETRY_AFTER_S)
    if answer == "tenant-full-bytes":
        return TooMany(
            "your unfinished submissions have too many bytes", retry_after_s=_RETRY_AFTER_S
        )
    if answer == "gone":
        return Unauthorized("this account was deleted")
    if answer == "closed":
        return Conflict("the batch takes nothing more")
    return Overloaded("too many submissions are waiting", retry_after_s=_RETRY_AFTER_S)
