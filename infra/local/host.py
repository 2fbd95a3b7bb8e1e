"""The web host: every function's routes in one app, on one port of this machine.

It serves what each `python -m functions.<name>` serves, by the same `shared/serving`. What it
adds belongs to one machine: an address that others can reach needs an API key, a browser
can be signed in by the URL it prints, and it is ready when a worker is.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys

import redis
from starlette.applications import Starlette

import functions.access.app
import functions.admin.app
import functions.archive.app
import functions.notify.app
import functions.problems.app
import functions.result.app
import functions.submit.app
import functions.web.app
from infra.local.failure import Failure
from shared.accounts import Accounts
from shared.announce import announce
from shared.credentials import Credentials
from shared.errors import Unavailable
from shared.gate import is_loopback
from shared.identity import LOCAL
from shared.listen import url_of
from shared.services import Services
from shared.serving import Routes, assemble, serve
from shared.serving.main import run
from shared.settings import Settings
from shared.workers import workers

#: Every web function; where two could answer, the first one does.
FUNCTIONS: dict[str, Routes] = {
    "access": functions.access.app.routes,
    "submit": functions.submit.app.routes,
    "result": functions.result.app.routes,
    "archive": functions.archive.app.routes,
    "problems": functions.problems.app.routes,
    "notify": functions.notify.app.routes,
    "admin": functions.admin.app.routes,
    "web": functions.web.app.routes,
}
_NO_KEYS = (
    "{} can be reached from other machines, and there is neither an API key nor an account that "
    "could open it to some only: make a key with `local_runner.py key create`, or use --host "
    "127.0.0.1."
)


def create_app(settings: Settings) -> Starlette:
    """The app of one machine. Its services are open while its lifespan is."""
    return assemble(services_of(settings), *FUNCTIONS.values())


def services_of(settings: Settings) -> Services:
    """Services that are ready only when a submission taken now would be judged."""
    services = Services(settings)

    async def check_workers() -> None:
        if not await workers(services.redis):
            raise Unavailable("no worker is alive; submissions are taken and wait", retry_after_s=2)

    services.checks.append(check_workers)
    return services


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async def say_so(services: Services) -> None:
        facts = {"url": url_of(listener)}
        with contextlib.suppress(redis.RedisError, OSError):
            token = await Credentials(services.redis).issue_login(LOCAL)
            facts["login"] = f"{facts['url']}/login?token={token}"
        announce("ready " + json.dumps(facts))

    parts = FUNCTIONS.values()
    await serve(services_of(settings), listener, *parts, before=_check_keys, on_serving=say_so)


async def _check_keys(services: Services) -> None:
    """See that others can come in by a key, if they can reach us at all.

    Raises:
        Failure: there is none.
    """
    host = services.settings.host
    with contextlib.suppress(redis.RedisError):  # away for the moment: callers are told so
        if not is_loopback(host) and not await _has_anybody(services):
            raise Failure(_NO_KEYS.format(host))


async def _has_anybody(services: Services) -> bool:
    """Whether there is a key or an account, so that anybody could come in."""
    has_key = await Credentials(services.redis).has_keys()
    return has_key or await Accounts(services.redis).has_any()


if __name__ == "__main__":
    sys.exit(run(_serve, function="host"))
