"""`python -m functions.<name>` of a web function: a process of its own.

Its settings are its environment. It says on stderr why it cannot start, and ends with 1;
otherwise it serves until it is told to stop.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import uvloop

from shared import logs, tracing
from shared.announce import announce, is_heard
from shared.connect import check_url
from shared.failure import Failure
from shared.listen import listener_of, url_of
from shared.services import Services
from shared.serving.app import Routes
from shared.serving.server import serve
from shared.settings import NO_REDIS, Settings, SettingsError, probably_meant

_LOG = logs.get_logger(__name__)
#: A descriptor for each connection, and some for Redis and files.
_OPEN_FILES = 65_536

#: What serves until it is told to stop.
Serve = Callable[[Settings, socket.socket], Coroutine[Any, Any, None]]


def main(*functions: Routes) -> int:
    """Serve these functions with the settings of the environment; gives the exit code."""

    async def alone(settings: Settings, listener: socket.socket) -> None:
        async def say_so(_services: Services) -> None:
            announce("ready " + json.dumps({"url": url_of(listener)}))

        await serve(Services(settings), listener, *functions, on_serving=say_so)

    return run(alone, function=functions[0].__module__.split(".")[1])


def run(serve_all: Serve, *, function: str) -> int:
    """Read the settings, begin the log, open the port and serve; gives the exit code.

    Args:
        function: what this process is called in its log.
    """
    try:
        settings = Settings.from_env()
        if not settings.redis_url:
            raise SettingsError(NO_REDIS)
        check_url(settings.redis_url)
        logs.configure(settings, function)
        for sentence in [] if is_heard() else probably_meant():  # the local runner says it itself
            _LOG.warning(sentence)
        tracing.configure(settings, function)
        allow_files(_OPEN_FILES)
        listener = listener_of(settings)
        # What it really is: whether others can reach us depends on it.
        settings = replace(settings, host=listener.getsockname()[0])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_all(settings, listener))
        tracing.close()
    except (Failure, SettingsError) as failure:
        if not announce(f"failed {failure}"):
            print(f"Assay: {failure}", file=sys.stderr)
        return 1
    return 0


def allow_files(wanted: int) -> None:
    """Raise the number of files this process may open, as far as it may by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
