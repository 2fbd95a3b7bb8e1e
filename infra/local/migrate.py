"""Bringing a store up to date before anything runs on it: at the start, or by `migrate`."""

from __future__ import annotations

import argparse
import socket
import time
from pathlib import Path

from infra.local.failure import Failure
from infra.local.state import StateFolder, read_runner, state_folder
from infra.local.valkey import Valkey
from shared import keys
from shared.settings import Settings

#: A worker that was killed just now is taken for alive for ten seconds.
_PATIENCE_S = 15.0


def main(settings: Settings, _args: argparse.Namespace) -> int:
    """`local_runner.py migrate`.

    Raises:
        Failure: it cannot be done now.
    """
    state = state_folder(settings)
    if settings.redis_url:
        told = bring_up_to_date(settings.redis_url)
    elif read_runner(state):
        raise Failure(f"Assay is running in {state}: stop it first.")
    else:
        with StateFolder(state), Valkey(state) as server:
            told = bring_up_to_date(server.url)
    print(told or "The store is up to date.")
    return 0


def bring_up_to_date(url: str) -> str:
    """A sentence on what was done; empty if nothing was.

    Raises:
        Failure: it cannot be brought up to date, or not now.
    """
    import redis  # only needed, and paid for, here

    from shared.errors import AssayError, Conflict
    from shared.migrations import is_old, migrate
    from shared.schema import SCHEMA_VERSION

    deadline = time.monotonic() + _PATIENCE_S
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            if not is_old(client.get(keys.SCHEMA)):
                return ""
            while True:
                try:
                    before = migrate(client)
                except Conflict:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
                else:
                    return f"The store was brought from schema {before} to {SCHEMA_VERSION}."
    except AssayError as error:
        raise Failure(f"This store cannot be brought up to date: {error}.") from None
    except (redis.RedisError, OSError) as error:
        raise Failure(f"Redis does not answer ({error}).", 2) from None


def may_be_old(socket_file: Path) -> bool:
    """Whether the embedded server holds an older store, asked without a client."""
    from shared.schema import SCHEMA_VERSION

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5.0)
        connection.connect(str(socket_file))
        connection.sendall(f"GET {keys.SCHEMA}\r\n".encode())
        answer = connection.recv(256)
    return not answer.startswith(b"$-1") and answer.split(b"\r\n")[1] != b"%d" % SCHEMA_VERSION
