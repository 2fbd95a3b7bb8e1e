"""The version of what is stored: another one is migrated or refused, never misread.

The first process that meets an empty store writes its own version. Web functions ask by
`Store.check_schema`, workers here; both refuse what is not theirs. An older store is brought
up to date by `shared/migrations.py`, which whoever runs it has to ask for while nothing else
runs: the local runner does so at its start.
"""

from __future__ import annotations

from typing import Any

import redis

from shared import keys
from shared.errors import Unavailable

#: Raised when the meaning of a stored key changes.
SCHEMA_VERSION = 3
#: In the place of a version while a backup is being restored.
RESTORING = "restoring"


def check_schema(client: redis.Redis) -> None:
    """See that the store is of this version.

    Raises:
        Unavailable: it is of another one.
        redis.RedisError: it cannot be reached.
    """
    client.set(keys.SCHEMA, SCHEMA_VERSION, nx=True)
    found: Any = client.get(keys.SCHEMA)
    judge(found)


def judge(found: bytes | str | None) -> None:
    """See what is written where the version is.

    Raises:
        Unavailable: it is not this version.
    """
    text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    if text == str(SCHEMA_VERSION):
        return
    why = f"the store has schema {text!r}, this version reads {SCHEMA_VERSION}"
    if text == RESTORING:
        why = "a backup was not restored to its end: restore it again"
    elif text.isdecimal() and int(text) < SCHEMA_VERSION:
        why += ": stop everything, then run `local_runner.py migrate`"
    raise Unavailable(why)
