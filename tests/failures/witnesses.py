"""Clients of a service that is being broken: they submit, watch, drop, resume, and never forget."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

_TROUBLE = (OSError, EOFError, asyncio.IncompleteReadError, ValueError)
_TERMINAL = {"finished", "cancelled"}
_PAUSE_S = 0.05


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered by {status}")
        self.status = status


@dataclass
class Client:
    """Speaks HTTP/1.1 by hand, a connection for each request, for one tenant."""

    port: int
    key: str
    refusals: list[int] = field(default_factory=list)

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The answer, up to its body.

        Raises:
            Refused: its status is not 2xx.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            lines = {
                "Host": f"127.0.0.1:{self.port}",
                **({"Authorization": f"Bearer {self.key}"} if self.key else {}),
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "Connection": "close",
                **(headers or {}),
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            status = int(answer.split(b" ", 2)[1])
            if status == 204 or not 200 <= status < 300:
                self.refusals.append(status)
                raise Refused(status)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer

    async def submit(self, body: bytes, once: str) -> str:
        """Submit until it is answered by 202; gives the id."""
        while True:
            with suppress(Refused, *_TROUBLE):
                headers = {"Idempotency-Key": once}
                reader, writer = await self.request("POST", "/submit", body, headers)
                try:
                    content = await reader.read()
                finally:
                    writer.transport.abort()
                return str(_json_in(content)["id"])
            await asyncio.sleep(_PAUSE_S)


def _json_in(content: bytes) -> Any:  # noqa: ANN401 - JSON
    """The JSON of a body, chunked or not."""
    return json.loads(content[content.index(b"{") : content.rindex(b"}") + 1])


@dataclass
class Witness:
    """Watches one stream to its end, over connections that it drops as it likes."""

    client: Client
    stream: str
    #: Its ids in order, without those of resets.
    seen: list[tuple[str, int]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    resets: int = 0
    resumes: int = 0
    #: For a stream without an end: set when there is nothing more to see.
    is_over: bool = False

    async def watch(self, *, longest_s: float) -> None:
        """Until the terminal event, or until `is_over`."""
        cursor = ""
        while not self.has_ended and not self.is_over:
            with suppress(Refused, TimeoutError, *_TROUBLE):
                async with asyncio.timeout(random.uniform(0.02, longest_s)):
                    cursor = await self._read(cursor)
            cursor = self._cursor or cursor
            self.resumes += 1
            await asyncio.sleep(random.uniform(0, _PAUSE_S))

    @property
    def has_ended(self) -> bool:
        return bool(self.kinds) and self.kinds[-1] in _TERMINAL and self.stream != "me"

    @property
    def violations(self) -> list[str]:
        """Gaps, duplicates and disorder."""
        found = []
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            if after[0] == before[0] and after[1] != before[1] + 1:
                found.append(f"{self.stream}: {after} after {before}")
        if self.stream != "me" and self.seen and self.seen[0][1] != 1 and not self.resets:
            found.append(f"{self.stream}: begins with {self.seen[0]}")
        return found

    _cursor: str = ""

    async def _read(self, cursor: str) -> str:
        headers = {"Last-Event-ID": cursor} if cursor else {}
        reader, writer = await self.client.request("GET", f"/events/{self.stream}", b"", headers)
        try:
            name = ""
            while line := await reader.readline():
                key, _, value = line.decode().rstrip("\r\n").partition(": ")
                if key == "id":
                    name = value
                elif key == "event":
                    self._note(name, value)
        finally:
            writer.transport.abort()
        return cursor

    def _note(self, name: str, kind: str) -> None:
        epoch, _, number = name.rpartition(".")
        self._cursor = name
        self.kinds.append(kind)
        if kind == "reset":
            self.resets += 1
        self.seen.append((epoch, int(number)))
