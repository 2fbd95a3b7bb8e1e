"""The Lua scripts: made once of the files in `shared/lua`, called with the same first arguments.

Every change of a submission's state is one of these calls. They run atomically in
Redis and are safe to repeat after a lost reply; each file says what it takes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from shared import keys
from shared.lua_text import script_text

EXECUTE_QUEUE = "execute"

#: Their order is what the libraries say of `KEYS`.
_KEYS = (
    keys.READY,
    keys.LEASES,
    keys.LOAD,
    keys.FENCE,
    keys.WORKERS,
    keys.dramatiq_queue(EXECUTE_QUEUE),
    keys.dramatiq_messages(EXECUTE_QUEUE),
    keys.wake_list(EXECUTE_QUEUE),
    keys.DELAYED,
    keys.DEADLINES,
    keys.CLASSES,
    keys.line("", "").removesuffix(":"),
    keys.turns(""),
    keys.share(""),
    keys.tenant(""),
    keys.batch_left(""),
    keys.batch_ended(""),
    keys.FILLING,
    keys.CAPPED,
    keys.MEMBERS,
    keys.history(""),
    keys.accepted("", "").removesuffix(":"),
    keys.board(""),
    keys.solved(""),
    keys.SOLVERS,
    keys.TRIED,
    keys.PASSED,
    keys.BURIED,
    keys.BATCHES_TO_ARCHIVE,
    keys.PROBLEMS,
    keys.withdrawn(""),
    keys.RESTANDING,
    # These three come before the last ten, which stay the last.
    keys.TO_ARCHIVE,
    keys.ARCHIVE,
    keys.FORGOTTEN,
    # These ten stay the last.
    keys.DRAINING,
    keys.JUDGE_ERRORS,
    keys.COUNTS,
    keys.COUNTED,
    keys.DELIVERIES,
    keys.delivery(""),
    keys.control(""),
    keys.input(""),
    keys.batch(""),
    keys.tenant_stream(""),
)

#: A Dramatiq message is only a wake-up: it names no submission. Lua fills in the id.
_RING = (
    '{"queue_name":"execute","actor_name":"execute","args":[],"kwargs":{},'
    '"options":{"redis_message_id":"@ID@"},"message_id":"@ID@","message_timestamp":0}'
)

_PREFIXES = (keys.submission(""), keys.events(""), _RING)

Arg = str | bytes | int | float


@cache
def _source(name: str) -> tuple[str, str]:
    """A script's text, and its SHA-1."""
    text = script_text(name, _KEYS)
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def call(client: redis.Redis, name: str, *args: Arg) -> Any:  # noqa: ANN401
    """Run the script `name` on a blocking client."""
    text, sha = _source(name)
    try:
        return client.evalsha(sha, 0, *_PREFIXES, *args)
    except NoScriptError:  # the server was restarted, or has never seen it
        return client.eval(text, 0, *_PREFIXES, *args)


async def acall(client: redis.asyncio.Redis, name: str, *args: Arg) -> Any:  # noqa: ANN401
    """Run the script `name` on an asyncio client."""
    text, sha = _source(name)
    try:
        return await client.evalsha(sha, 0, *_PREFIXES, *args)
    except NoScriptError:
        return await client.eval(text, 0, *_PREFIXES, *args)
