"""Bringing an older store up to date, one version after the other.

Theory of operation. A step takes a store of one version and leaves one of the next. Steps run
in order, under a lock that is renewed while they go on, and only while no worker is alive: an
old process would go on writing the old way. Each step may be repeated, and the version is
written when it is done, so a migration that was killed is begun again where it was. A store
that is newer, or older than the oldest step, is refused and left as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import redis

from shared import keys, scripts
from shared.errors import Conflict
from shared.models import Spec
from shared.schema import SCHEMA_VERSION, judge
from shared.workers import ALIVE_MS

_LOCK_MS = 60_000
_STEP = 200

#: Called now and then by a step, so that the lock stays ours.
Beat = Callable[[], None]


def migrate(client: redis.Redis) -> int:
    """Bring the store up to date; gives the version it had.

    Raises:
        Conflict: something still runs on it, or somebody else is at this.
        Unavailable: it is of a version that cannot be brought up to date.
    """
    before = _version(client)
    if before == SCHEMA_VERSION:
        return before
    token = secrets.token_hex(8)
    if not client.set(keys.MIGRATING, token, nx=True, px=_LOCK_MS):
        raise Conflict("somebody else is bringing the store up to date: wait a minute")
    try:
        if _alive(client):
            raise Conflict("workers are alive on this store: stop everything that uses it")
        for version in range(_version(client), SCHEMA_VERSION):
            STEPS[version](client, lambda: _renew(client, token))
            _renew(client, token)
            client.set(keys.SCHEMA, version + 1)
    finally:
        if _holds(client, token):
            client.delete(keys.MIGRATING)
    return before


def is_old(found: bytes | str | None) -> bool:
    """Whether what is written where the version is can be brought up to date."""
    text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    return text.isdecimal() and int(text) in STEPS


def _version(client: redis.Redis) -> int:
    client.set(keys.SCHEMA, SCHEMA_VERSION, nx=True)
    found: Any = client.get(keys.SCHEMA)
    if not is_old(found):
        judge(found)
    return int(found)


def _holds(client: redis.Redis, token: str) -> bool:
    return client.get(keys.MIGRATING) == token.encode()


def _renew(client: redis.Redis, token: str) -> None:
    if not _holds(client, token):
        raise Conflict("this took too long at one place, and somebody else has taken over")
    client.pexpire(keys.MIGRATING, _LOCK_MS)


def _alive(client: redis.Redis) -> bool:
    seconds, microseconds = client.time()
    now_ms = int(seconds) * 1000 + int(microseconds) // 1000
    beats: Any = client.hvals(keys.WORKERS)
    return any(now_ms - int(beat.split(b" ", 1)[0]) < ALIVE_MS for beat in beats)


def _to_3(client: redis.Redis, beat: Beat) -> None:
    """What was sent in comes into its tenant's history and counts; what has ended is archived."""
    for submission_id in _submissions(client, beat):
        stored: Any = client.hget(keys.submission(submission_id), "spec")
        scripts.call(client, "adopt", submission_id, _kind(stored))


def _kind(stored: bytes | None) -> str:
    """As `Store.submit` tells it of a new one; of a spec that is not kept nobody knows."""
    if stored is None:
        return ""
    spec = msgspec.json.decode(stored, type=Spec)
    if spec.reveal:
        return "reveals"
    return "judged" if spec.package and spec.problem_id else ""


def _submissions(client: redis.Redis, beat: Beat) -> Iterator[str]:
    cursor, first = 0, True
    while first or cursor:
        first = False
        found: Any = client.scan(cursor, match=keys.submission("*"), count=_STEP)
        cursor, names = found
        for name in names:
            yield name.decode().removeprefix(keys.submission(""))
        beat()


#: From each version that is known to the next.
STEPS: dict[int, Callable[[redis.Redis, Beat], None]] = {2: _to_3}
