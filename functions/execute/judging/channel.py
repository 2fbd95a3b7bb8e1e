"""One direction of a conversation between two programs.

The kernel's pipe goes straight from one to the other: a round takes as long as two
programs with a pipe between them take anywhere. When the listener has ended, what is
still said is read and thrown away: nobody dies of a broken pipe because the other one
was done.

A conversation that is to be recorded passes through a thread here instead, which hands on
whatever comes at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

_CHUNK_BYTES = 64 * 1024


class Channel:
    """A pipe whose ends go to a speaker and a listener."""

    def __init__(self, record: Callable[[bytes], None] | None = None) -> None:
        """
        Args:
            record: is told of everything that is said.
        """
        self.listener_fd, self.speaker_fd = _pipe()
        self._kept_fd = -1
        self._thread: threading.Thread | None = None
        if record is None:
            self._kept_fd = os.dup(self.listener_fd)
            return
        source_fd, self.speaker_fd, target_fd = self.listener_fd, self.speaker_fd, -1
        self.listener_fd, target_fd = _pipe()
        self._thread = threading.Thread(
            target=_hand_on, args=(source_fd, target_fd, record), daemon=True
        )
        self._thread.start()

    def drain(self) -> None:
        """The listener has ended: let the speaker come to its end, too. Waits for it."""
        if self._thread:
            self._thread.join()
        elif self._kept_fd >= 0:
            while os.read(self._kept_fd, _CHUNK_BYTES):
                pass
            os.close(self._kept_fd)
            self._kept_fd = -1


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.fchmod(reader, 0o666)  # so that /dev/stdin and its like can be opened anew, by either user
    return reader, writer


def _hand_on(source_fd: int, target_fd: int, record: Callable[[bytes], None]) -> None:
    heard = True
    while data := os.read(source_fd, _CHUNK_BYTES):
        record(data)
        view = memoryview(data)
        while heard and view:
            try:
                view = view[os.write(target_fd, view) :]
            except BrokenPipeError:
                heard = False
    os.close(source_fd)
    os.close(target_fd)


class Dialogue:
    """What two programs said to each other, up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._room = most_bytes
        self._lock = threading.Lock()
        self._lines: list[bytearray] = []
        self._open: dict[str, bytearray] = {}

    def heard(self, mark: str) -> Callable[[bytes], None]:
        """A recorder of one side: `<` is the judge, `>` the program judged."""

        def record(data: bytes) -> None:
            with self._lock:
                kept = data[: self._room]
                self._room -= len(kept)
                for line in kept.splitlines(keepends=True):
                    self._add(mark, line)

        return record

    def next_pass(self) -> None:
        """What follows belongs to another pass."""
        with self._lock:
            self._open.clear()
            self._lines.append(bytearray(b"---"))

    def _add(self, mark: str, piece: bytes) -> None:
        line = self._open.get(mark)
        if line is None:
            line = self._open[mark] = bytearray(mark.encode())
            self._lines.append(line)
        line += piece.rstrip(b"\r\n")
        if piece.endswith((b"\n", b"\r")):
            del self._open[mark]

    def text(self) -> str:
        """As the package format writes it: one line each, marked by who said it."""
        with self._lock:
            return "".join(line.decode(errors="replace") + "\n" for line in self._lines)
