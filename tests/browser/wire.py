"""A wire between the browser and the service that a test cuts, or lets go silent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

_CHUNK = 65_536


class Wire:
    """A TCP proxy on loopback; each connection is two threads that copy bytes."""

    def __init__(self, target: str) -> None:
        where = urlsplit(target)
        self._target = (where.hostname or "", where.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        #: Whether connections are taken, and whether they carry anything.
        self._is_cut = False
        self._carries = threading.Event()
        self._carries.set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks; new ones break at once."""
        with self._lock:
            self._is_cut = True
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """New connections work again."""
        with self._lock:
            self._is_cut = False
        self._carries.set()

    def go_silent(self) -> None:
        """Nothing breaks, nothing arrives: as when a network is lost without a word."""
        self._carries.clear()

    def close(self) -> None:
        """For ever."""
        self.cut()
        self._carries.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far:
            with self._lock:
                if self._is_cut:
                    return
                self._open |= {near, far}
            back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
            back.start()
            self._copy(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                self._carries.wait()
                target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def wire_to(target: str) -> Iterator[Wire]:
    """A wire for one test."""
    opened = Wire(target)
    try:
        yield opened
    finally:
        opened.close()
