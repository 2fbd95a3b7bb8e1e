"""Processes that cannot outlive the one that started them.

Theory of operation. A child is forked from our only thread and, before its exec,
asks the kernel for a signal at our death (`PR_SET_PDEATHSIG`): kill -9 of the
supervisor therefore reaches every child. It gets its own session, so the terminal's
Ctrl-C is ours alone and the order of stopping holds.

A child that has something to wait for is given the write end of a pipe
(`shared/announce.py`).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from infra.local.failure import Failure
from shared.announce import READY_FD

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that ties the child's life to ours; for single-threaded parents."""
    parent = os.getpid()

    def preexec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # we died between the fork and the line above
            os._exit(1)

    return preexec


def adopt_orphans() -> None:
    """Let orphaned descendants become our children, so that none is left at the end."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def child_pids() -> set[int]:
    """Our children, adopted ones included; empty where the kernel does not list them."""
    with contextlib.suppress(OSError):
        return {int(pid) for pid in Path("/proc/thread-self/children").read_text().split()}
    return set()


class Child:
    """One process of ours: spawned, asked whether it is ready, signalled, reaped."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_s: float = 5.0,
        pass_fds: Sequence[int] = (),
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        #: How long it may take to end by itself after SIGTERM.
        self.stop_s = stop_s
        self.pass_fds = tuple(pass_fds)
        self.death_signal = death_signal
        self.process: subprocess.Popen[bytes] | None = None
        #: What it said when it was ready, and the sentence it left if it could not be.
        self.facts: dict[str, Any] = {}
        self.complaint = ""
        self._pipe = -1
        self._line = b""

    def spawn(self) -> None:
        """Start it; the previous one must have ended."""
        self._close_pipe()
        self.facts, self.complaint, self._line = {}, "", b""
        self._pipe, write_end = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            self._popen({READY_FD: str(write_end)}, (*self.pass_fds, write_end))
        finally:
            os.close(write_end)

    def _popen(
        self,
        extra_env: Mapping[str, str],
        pass_fds: Sequence[int],
        output: IO[bytes] | None = None,
    ) -> None:
        try:
            self.process = subprocess.Popen(
                self.argv,
                env={**self.env, **extra_env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                pass_fds=pass_fds,
                start_new_session=True,
                preexec_fn=die_with_parent(self.death_signal),
            )
        except OSError as error:
            raise Failure(f"The {self.name} cannot be started ({error.strerror}).") from None

    def is_ready(self) -> bool:
        """Whether it has announced itself; never blocks."""
        self._read_line()
        return bool(self.facts)

    def _read_line(self) -> None:
        while self._pipe >= 0:
            try:
                chunk = os.read(self._pipe, 65536)
            except BlockingIOError:
                return
            self._line += chunk
            if not chunk or b"\n" in chunk:
                self._close_pipe()
                self._understand(self._line.decode(errors="replace").strip())

    def _understand(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "ready":
            self.facts = {"ready": True, **json.loads(rest or "{}")}
        elif word == "failed":
            self.complaint = rest

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def ending(self) -> str:
        """In words, how it ended."""
        status = self.process.returncode if self.process else None
        if status is None:
            return "has not ended"
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with exit status {status}"

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it is still there."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def why(self) -> str:
        """A sentence on why it ended."""
        before = "" if self.is_ready() else " before it was ready"
        return self.complaint or f"The {self.name} {self.ending}{before}."

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def close(self) -> None:
        """Give back what belongs to an ended child."""
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
