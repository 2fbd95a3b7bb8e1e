"""The state folder: private, locked by one runner at a time.

lock          flock'ed by the running supervisor; the kernel frees it at its death
runner.json   how to reach the running one: {"pid", "url", "redisUrl"}
valkey/       the embedded server's data, log and lock
valkey.sock   where it listens
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from infra.local.failure import Failure
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def state_folder(settings: Settings) -> Path:
    """The absolute path. The default lies in the checkout, wherever we are started from."""
    if settings.state == Settings().state:
        return ROOT / settings.state
    return Path(os.path.abspath(Path(settings.state).expanduser()))


class StateFolder:
    """Holds the folder's lock while it is entered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_fd = -1

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self._lock_fd = os.open(
                self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise Failure(
                f"The state folder {self.path} cannot be used ({error.strerror}): "
                "give another one with --state."
            ) from None
        self._take_lock()
        return self

    def _prepare(self) -> None:
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700, parents=True)
        found = self.path.stat()
        if found.st_uid != os.getuid():
            raise Failure(
                f"The state folder {self.path} belongs to another user: give another one "
                "with --state."
            )
        if found.st_mode & 0o077:
            self._close_to_others()

    def _close_to_others(self) -> None:
        # A folder that holds other things was not meant for us: making /home private
        # because somebody typed --state /home would be worse than not starting.
        if any(self.path.iterdir()) and not (self.path / "lock").exists():
            raise Failure(
                f"The state folder {self.path} holds other files and is open to other users: "
                "give an empty or a new folder with --state."
            )
        self.path.chmod(0o700)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock_fd)
            if not isinstance(error, BlockingIOError):
                raise Failure(
                    f"The state folder {self.path} cannot be locked ({error.strerror}): "
                    "give one on a local disk with --state."
                ) from None
            raise Failure(
                f"The state folder {self.path} is in use by a running Assay{self._whose()}: "
                "stop that one, or give another folder with --state."
            ) from None

    def _whose(self) -> str:
        pid = read_runner(self.path).get("pid")
        return f" (process {pid})" if pid else ""

    def announce(self, **facts: object) -> None:
        """Tell `submit` and `watch` how to reach us."""
        path = self.path / "runner.json"
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)  # a Redis URL may hold a password
        fresh.write_text(json.dumps({"pid": os.getpid(), **facts}))
        fresh.replace(path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        (self.path / "runner.json").unlink(missing_ok=True)
        os.close(self._lock_fd)


def read_runner(state: Path) -> dict[str, Any]:
    """What the runner of a state folder announced; empty if none did."""
    try:
        facts = json.loads((state / "runner.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}
