"""What a program writes, as its supervision reads it."""

from __future__ import annotations

import os
import select


class Stream:
    """One of the program's outputs: read while it runs, cut at its limit."""

    def __init__(self, kind: bytes, limit_bytes: int) -> None:
        self.kind = kind
        self.room = limit_bytes
        self.pending = bytearray()
        self.truncated = False
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(self.reader, 65_536)
        except BlockingIOError:
            return True
        self.take(data)
        return bool(data)

    def take(self, data: bytes) -> None:
        """What was written, as far as there is room."""
        if len(data) > self.room:
            self.truncated = True
        self.pending += data[: self.room]
        self.room -= min(len(data), self.room)

    def drain(self) -> None:
        """Take the rest, when every writer is dead: what is there, not up to the end.

        A descriptor on its way through a socket that nobody has any more keeps the pipe
        open until the kernel finds it.
        """
        while select.select([self.reader], [], [], 0)[0] and self.read():
            pass


class Elsewhere(Stream):
    """An output that goes straight to another program: neither read nor cut here."""

    def __init__(self, kind: bytes, writer: int) -> None:
        self.kind = kind
        self.pending = bytearray()
        self.truncated = False
        self.reader, self.writer = -1, writer

    def drain(self) -> None:
        pass
