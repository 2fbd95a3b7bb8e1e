"""One POST to a server that we know nothing of: to public addresses, bounded in every way.

Theory of operation. A caller names the URL, so it may name what only we can reach. The
name is resolved by us, every address that comes out is judged, and the connection is made to
the very address that was judged; nothing is resolved twice. Redirects are answers like
any other. Of the answer only its status line is of interest, and no more than its head
is read. The whole has one time limit.

It is written by hand because HTTP clients resolve names themselves, somewhere below.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from shared.addresses import is_public

_MOST_HEAD_BYTES = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r|$)")


class Undelivered(Exception):
    """It was not delivered; says why, for the one who gave the URL."""


@dataclass(frozen=True)
class Where:
    """An address that may be connected to."""

    family: int
    address: str
    port: int


async def resolve(url: SplitResult, *, anywhere: bool) -> Where:
    """The address to connect to.

    Raises:
        Undelivered: the name is not known, or leads to where we do not go.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Undelivered("the host is not known") from None
    # All of them: a name that leads to a private address among others is up to something.
    if not anywhere and not all(is_public(str(row[4][0])) for row in found):
        raise Undelivered("the host has an address that is not public")
    family, _, _, _, sockaddr = found[0]
    return Where(family, str(sockaddr[0]), port)


async def post(
    text: str, body: bytes, headers: Mapping[str, str], *, anywhere: bool, timeout_s: float
) -> int:
    """Send it; gives the status of the answer.

    Raises:
        Undelivered: there was no answer.
    """
    try:
        async with asyncio.timeout(timeout_s):
            url = urlsplit(text)
            where = await resolve(url, anywhere=anywhere)
            return await _exchange(url, where, _request(url, body, headers))
    except TimeoutError:
        raise Undelivered(f"there was no answer within {timeout_s:g} s") from None
    except ssl.SSLError as error:
        raise Undelivered(f"TLS failed: {error.reason or error}") from None
    except (OSError, EOFError) as error:
        raise Undelivered(f"the connection failed: {error}") from None


def _request(url: SplitResult, body: bytes, headers: Mapping[str, str]) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {url.netloc}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


async def _exchange(url: SplitResult, where: Where, request: bytes) -> int:
    secure = url.scheme == "https"
    reader, writer = await asyncio.open_connection(
        where.address,
        where.port,
        family=where.family,
        limit=_MOST_HEAD_BYTES,
        ssl=ssl.create_default_context() if secure else None,
        server_hostname=url.hostname if secure else None,
    )
    try:
        writer.write(request)
        # It may answer before it has read everything, and then close.
        with suppress(ConnectionError):
            await writer.drain()
        return await _status(reader)
    finally:
        writer.transport.abort()


async def _status(reader: asyncio.StreamReader) -> int:
    for _ in range(8):  # 100 Continue and its like come before the answer
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise Undelivered("the head of the answer is too long") from None
        except asyncio.IncompleteReadError:
            raise Undelivered("the connection was closed without an answer") from None
        match = _STATUS.match(head)
        if match is None:
            raise Undelivered("the answer is not HTTP/1.1")
        if int(match[1]) >= 200:
            return int(match[1])
    raise Undelivered("the answer never came")
