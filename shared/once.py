"""A request that is taken once, however often it is sent: the header `Idempotency-Key`.

A key belongs to a tenant and a route, and is remembered for a day together with a digest of
the body: the same body again is the same submission or batch, another body is a conflict.
It is looked up and kept in the very Lua call that stores what was sent, so of two that
come at once one is first.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from shared import keys
from shared.asgi import Scope, headers_of
from shared.errors import Conflict, InvalidField

HEADER = "Idempotency-Key"
REMEMBERED_S = 86_400
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True)
class Once:
    """What identifies a request; without a key nothing does."""

    key: str = ""
    digest: str = ""

    def arguments(self) -> tuple[str, str, int]:
        """As the scripts take them."""
        return self.key, self.digest, REMEMBERED_S


UNKEYED = Once()


def key_of(scope: Scope) -> str:
    """The key that a caller has sent, or an empty string.

    Raises:
        InvalidField: it cannot be one.
    """
    sent = headers_of(scope, HEADER.lower().encode())
    return check_key(*sent) if sent else ""


def check_key(*sent: str) -> str:
    """The key, of which there must be one.

    Raises:
        InvalidField: it cannot be one.
    """
    if len(sent) > 1 or not _KEY.fullmatch(sent[0]):
        why = f"{HEADER} must be given once, with 1 to 255 printable ASCII characters"
        raise InvalidField(why, field=HEADER)
    return sent[0]


def once(key: str, *, tenant: str, route: str, body_digest: str) -> Once:
    """The identity of a request; `key` may be empty."""
    if not key:
        return UNKEYED
    name = hashlib.sha256(f"{route} {key}".encode()).hexdigest()[:32]
    return Once(keys.once(tenant, name), body_digest)


def known_id(answer: str) -> str:
    """The id that a script has told for a key that was used before, or an empty string.

    Raises:
        Conflict: it was used with another body.
    """
    if answer == "conflict":
        raise Conflict(f"this {HEADER} was used with another body")
    return answer.removeprefix("again:") if answer.startswith("again:") else ""
