"""Sending to a client that may not read.

uvicorn's `send` waits once 64 KiB are unsent, which is the back-pressure of a stream. A
client that stays like this is cut off: `send` gets a time limit, and past it the
connection is aborted. Closing it in order would wait for the same client.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress

from shared import logs
from shared.asgi import Message, Receive, Send

log = logs.get_logger(__name__)

#: Seconds a client may leave what it was sent unread.
SEND_TIMEOUT_S = 20.0

_LINGER_0_S = struct.pack("ii", 1, 0)


class ClientStuck(Exception):
    """A client did not read for the whole send timeout; its connection was aborted."""


class Outlet:
    """The sending side of one connection."""

    __slots__ = ("_receive", "_send", "_timeout_s")

    def __init__(self, receive: Receive, send: Send, timeout_s: float) -> None:
        self._receive = receive
        self._send = send
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> None:
        """Send one ASGI message.

        Raises:
            ClientStuck: the client did not read.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(message)
        except TimeoutError:
            log.info("a client did not read and is cut off", afterS=self._timeout_s)
            _abort(self._receive)
            await asyncio.sleep(0)  # the server learns of it before we are done
            raise ClientStuck from None


def _abort(receive: Receive) -> None:
    """Drop a connection with what it has unsent.

    ASGI has no word for this. `receive` is a method of uvicorn's own object, which has
    the transport; the layers around our routes only wrap `send`.
    """
    transport: asyncio.Transport | None = getattr(
        getattr(receive, "__self__", None), "transport", None
    )
    if transport is not None:
        _discard_unsent(transport)
        transport.abort()


def _discard_unsent(transport: asyncio.Transport) -> None:
    """Make the close a reset: else the kernel keeps megabytes for this client for minutes."""
    connection = transport.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        # uvloop's stand-in for a socket cannot set options; a duplicate of it can.
        with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0_S)
