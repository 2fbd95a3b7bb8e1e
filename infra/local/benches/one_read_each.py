"""What `bench streams` compares with: a server whose every SSE client has a Redis read of its own.

`python -m infra.local.benches.one_read_each REDIS_URL`; it prints its port. It is what most
would write: XREAD BLOCK in a loop, on a connection per client.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from infra.local.benches.crowd import allow_many_files
from shared import keys
from shared.connect import async_listener


def app(url: str) -> Starlette:
    """The one route."""

    async def events(request: Request) -> StreamingResponse:
        stream = keys.events(request.path_params["id"])
        return StreamingResponse(_follow(url, stream), media_type="text/event-stream")

    return Starlette(routes=[Route("/events/{id}", events)])


async def _follow(url: str, stream: str) -> AsyncIterator[bytes]:
    client: redis.asyncio.Redis = async_listener(url)
    last: bytes | str = "0-0"
    try:
        yield b": here\n\n"
        while True:
            found: Any = await client.xread({stream: last}, block=4000)
            for _, entries in found or []:
                for entry_id, fields in entries:
                    last = entry_id
                    yield b"id: %s\nevent: %s\ndata: %s\n\n" % (
                        entry_id, fields[b"t"], fields[b"d"],
                    )  # fmt: skip
    finally:
        await client.aclose()


async def _serve(url: str) -> None:
    config = uvicorn.Config(app(url), http="httptools", log_level="error", access_log=False)
    config.timeout_graceful_shutdown = 1
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    allow_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1]))
