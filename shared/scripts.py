"""The Lua scripts: loaded once from `shared/lua`, called with the same first arguments.

Every change of a submission's state is one of these calls. They run atomically in
Redis and are safe to repeat after a lost reply; each file says what it takes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import NoScriptError

from shared import keys

EXECUTE_QUEUE = "execute"

_FOLDER = Path(__file__).parent / "lua"

_LIBRARY = (
    "_lib.lua",
    "_schedule.lua",
    "_admit.lua",
    "_batch.lua",
    "_standings.lua",
    "_once.lua",
    "_archive.lua",
)

#: Of these scripts alone: the others are called for each submission.
_MORE = {
    "enter": ("_rate.lua",),
    "stands_for": ("_rate.lua",),
    "change_account": ("_others.lua",),
    "leave": ("_others.lua",),
}

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
    """A script's text, with the libraries put below its flags, and its SHA-1."""
    files = (*_LIBRARY, *_MORE.get(name, ()))
    library = "\n".join((_FOLDER / file).read_text() for file in files)
    text = (_FOLDER / f"{name}.lua").read_text()
    flags, rest = "", text
    if text.startswith("#!"):
        flags, rest = text.split("\n", 1)
        flags += "\n"
    whole = f"{flags}{library}\n{rest}"
    return whole, hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest()


def call(client: redis.Redis, name: str, *args: Arg) -> Any:  # noqa: ANN401
    """Run the script `name` on a blocking client."""
    text, sha = _source(name)
    try:
        return client.evalsha(sha, len(_KEYS), *_KEYS, *_PREFIXES, *args)
    except NoScriptError:  # the server was restarted, or has never seen it
        return client.eval(text, len(_KEYS), *_KEYS, *_PREFIXES, *args)


async def acall(client: redis.asyncio.Redis, name: str, *args: Arg) -> Any:  # noqa: ANN401
    """Run the script `name` on an asyncio client."""
    text, sha = _source(name)
    try:
        return await client.evalsha(sha, len(_KEYS), *_KEYS, *_PREFIXES, *args)
    except NoScriptError:
        return await client.eval(text, len(_KEYS), *_KEYS, *_PREFIXES, *args)
