"""The commands of backups, in a process of their own or in this one, and what they are held to."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from infra.local.backup.which import is_passing
from infra.local.cli import main
from infra.local.state import ROOT
from tests.infra.serving import SERVE


def command(*args: str, state: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {name: it for name, it in os.environ.items() if not name.startswith("ASSAY_")}
    env.pop("REDIS_URL", None)
    return subprocess.run(
        [*SERVE, *args, "--state", str(state)],
        cwd=ROOT,
        env=env | environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


def called(*args: str, state: Path, redis_url: str) -> subprocess.CompletedProcess[str]:
    """The same in this process."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        code = main([*args, "--state", str(state), "--redis-url", redis_url])
    return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())


def url_of(client: redis.Redis) -> str:
    return "unix://" + str(client.get_connection_kwargs()["path"])


def kept(client: redis.Redis) -> dict[bytes, Any]:
    """All that is ours and is to be kept."""
    read: Any = client
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
        b"stream": lambda name: [(it, list(of.items())) for it, of in read.xrange(name)],
    }
    names: Any = client.scan_iter("assay:*")
    kinds: dict[bytes, Any] = {name: client.type(name) for name in names}
    return {it: readers[kind](it) for it, kind in kinds.items() if not is_passing(it)}
