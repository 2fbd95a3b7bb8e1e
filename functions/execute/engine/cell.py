"""The worker's side of a cell: start its keeper, hand it runs, notice when it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from functions.execute.engine import wire
from functions.execute.engine.program import (
    EngineError,
    Limits,
    OnOutput,
    OnPause,
    Outcome,
    Pipes,
    Program,
    Run,
)

_CHECKOUT = str(Path(__file__).resolve().parents[3])
_BOOT = (
    "import sys; sys.path.insert(0, {root!r}); "
    "from functions.execute.engine import keeper; keeper.main({fd})"
)
#: What every program finds in its environment; nothing of ours is in it.
BASE_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/work",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
}
_START_TIMEOUT_S = 30
#: A keeper that says nothing for this long after the latest moment a run can end is broken.
_SILENCE_S = 20
#: After an output, so long without another is a pause.
PAUSE_S = 0.05


@dataclass(frozen=True, kw_only=True)
class CellConfig:
    """What a cell is made with."""

    level: str
    uid: int
    group: str
    folders: dict[str, str]
    landlock_abi: int
    mounts: list[str] = field(default_factory=list)
    hides: list[str] = field(default_factory=list)
    #: {"binary", "env", "stack_bytes"} of the Python that runs are forked from.
    nursery: dict[str, Any] | None = None


def interpreter() -> str:
    """The Python that runs keepers: the base one, not a venv's, so that no site is loaded."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


class Cell:
    """One slot. `run` may be called by one thread at a time; `kill` and `feed` by others."""

    def __init__(self, config: CellConfig) -> None:
        self.config = config
        self.broken = False
        #: Makes the slot's second cell, or gives the one there is; set by the engine.
        self.lend: Callable[[], Cell] | None = None
        self._second: Cell | None = None
        self._sending = threading.Lock()
        self._stopped = False
        self._control, theirs = wire.pair()
        fd = theirs.fileno()
        boot = _BOOT.format(root=_CHECKOUT, fd=fd)
        # From the main thread only: the keeper's parent-death signal is tied to it.
        assert threading.current_thread() is threading.main_thread()
        self._process = subprocess.Popen(
            [interpreter(), "-I", "-S", "-B", "-c", boot],
            pass_fds=(fd,),
            env={},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._control.send(json.dumps(asdict(config)).encode().join((wire.REQUEST, b"")))

    @property
    def pid(self) -> int:
        """The keeper's process id."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait until the cell is made.

        Raises:
            EngineError: it could not be made; says why.
        """
        kind, body = self._receive(_START_TIMEOUT_S)
        if kind != wire.READY:
            self.close()
            raise EngineError(f"the cell could not be made: {body.decode(errors='replace')}")

    def run(
        self,
        program: Program,
        limits: Limits,
        *,
        on_output: OnOutput | None = None,
        on_pause: OnPause | None = None,
        interactive: bool = False,
        on_started: Callable[[], None] | None = None,
        pipes: Pipes | None = None,
    ) -> Run:
        """Run a program to its end.

        Args:
            on_output: told of output while the program runs.
            on_pause: told when nothing followed an output for `PAUSE_S`.
            interactive: stdin is a pipe that `feed` fills, after `program.stdin`.
            on_started: told when from now on `feed` and `signal` reach this run.
            pipes: its stdin and stdout, instead of `program.stdin` and what a run gives back.

        Raises:
            EngineError: the run could not be made; the cell is then broken.
        """
        with self._sending:  # a kill comes either before the request, or after it in order
            if self._stopped:
                _close(pipes)
                return _NOT_STARTED
            self._send_request(program, limits, interactive, pipes)
        if interactive and program.stdin:  # feeding nothing is its end
            self.feed(program.stdin)
        if on_started:
            on_started()
        try:
            return self._follow(limits, on_output, on_pause)
        except BaseException:
            self.broken = True  # what the keeper says next belongs to this run
            raise

    def _follow(self, limits: Limits, on_output: OnOutput | None, on_pause: OnPause | None) -> Run:
        output = {wire.STDOUT: bytearray(), wire.STDERR: bytearray()}
        files: dict[str, bytes] = {}
        longest_s = 4 * limits.wall_time_ms / 1000 + _SILENCE_S
        heard = False
        while True:
            if heard and on_pause and not self._has_packet(PAUSE_S):
                on_pause()
            kind, body = self._receive(longest_s, files)
            heard = kind in output
            if heard:
                output[kind] += body
                if on_output:
                    on_output("stdout" if kind == wire.STDOUT else "stderr", body)
            elif kind == wire.DONE:
                return self._finished(json.loads(body), output, files, limits)
            elif kind != wire.FILES:
                raise EngineError(body.decode(errors="replace") or "the keeper is gone")

    def feed(self, data: bytes) -> None:
        """More bytes for an interactive run's stdin; nothing means its end."""
        if not data:
            self._tell(wire.STDIN_END)
        for at in range(0, len(data), wire.PACKET_BYTES):
            self._tell(wire.STDIN, data[at : at + wire.PACKET_BYTES])

    def signal(self, number: int) -> None:
        """A signal for every process of the run."""
        self._tell(wire.SIGNAL, b"%d" % number)

    def kill(self) -> None:
        """Stop the run that is going on, and any other until `renew`: they end as cancelled."""
        with self._sending:
            self._stopped = True
            self._tell(wire.KILL)
            second = self._second
        if second:
            second.kill()

    def end_run(self) -> None:
        """Stop the run that is going on, if one is: it ends as cancelled. The next may start."""
        self._tell(wire.KILL)

    @property
    def stopped(self) -> bool:
        """Whether `kill` was called since the last `renew`."""
        return self._stopped

    def second(self) -> Cell:
        """The slot's second cell: what runs here may never see what runs there.

        Raises:
            EngineError: it could not be made.
        """
        if self.lend is None:
            raise EngineError("this cell has no second one")
        second = self.lend()
        second.renew()
        with self._sending:
            self._second = second
            stopped = self._stopped
        if stopped:
            second.kill()
        return second

    def is_idle(self) -> bool:
        """Whether its keeper lives and waits for a request: then it says nothing."""
        return not self._has_packet(0)

    def renew(self) -> None:
        """A new borrower: what was stopped for the former one is forgotten."""
        with self._sending:
            self._stopped = False

    def close(self) -> None:
        """End the keeper, and with it everything in the cell."""
        self.broken = True
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    # -- the connection ---------------------------------------------------------------

    def _tell(self, kind: bytes, body: bytes = b"") -> None:
        with contextlib.suppress(OSError):  # a keeper that is gone shows in `run`
            wire.send(self._control, kind, body)

    def _send_request(
        self, program: Program, limits: Limits, interactive: bool, pipes: Pipes | None
    ) -> None:
        files = [(name, len(data)) for name, data in program.files.items()]
        request = {
            "argv": program.argv,
            "env": {**BASE_ENV, **program.env},
            "files": files,
            "limits": asdict(limits),
            "stdin": "pipe" if interactive else "file",
            "collect": program.collect,
            "collect_matching": program.collect_matching,
            "collect_bytes": program.collect_bytes,
        }
        text = b"" if interactive else program.stdin
        fds = [pipes.stdin_fd, pipes.stdout_fd] if pipes else [wire.memory_file(text, "stdin")]
        content = b"".join(program.files.values())
        try:
            wire.send_request(self._control, json.dumps(request).encode(), content, fds)
        except OSError as error:
            self.broken = True
            raise EngineError(f"the keeper is gone: {error}") from None
        finally:
            for fd in fds:
                os.close(fd)

    def _has_packet(self, patience_s: float) -> bool:
        return bool(select.select([self._control], [], [], patience_s)[0])

    def _receive(
        self, patience_s: float, files: dict[str, bytes] | None = None
    ) -> tuple[bytes, bytes]:
        try:
            ready = self._has_packet(patience_s)
            kind, body, fds = wire.receive(self._control) if ready else (b"", b"no answer", [])
        except (OSError, ValueError) as error:
            return b"", str(error).encode()
        if kind == wire.FILES and files is not None:
            content, at = wire.read_file(fds.pop()), 0
            for name, size in json.loads(wire.read_file(fds.pop())):
                files[name] = content[at : at + size]
                at += size
        return kind, body

    def _finished(
        self,
        done: dict[str, Any],
        output: dict[bytes, bytearray],
        files: dict[str, bytes],
        limits: Limits,
    ) -> Run:
        if done["error"]:
            raise EngineError(done["error"])
        status = done["status"]
        exited = status is not None and os.WIFEXITED(status)
        signaled = status is not None and os.WIFSIGNALED(status)
        return Run(
            outcome=classify(done, limits),
            exit_code=os.WEXITSTATUS(status) if exited else None,
            signal=os.WTERMSIG(status) if signaled else None,
            stdout=bytes(output[wire.STDOUT]),
            stderr=bytes(output[wire.STDERR]),
            stdout_truncated=done["truncated"][0],
            stderr_truncated=done["truncated"][1],
            cpu_time_ms=round(done["cpu_ns"] / 1e6, 3),
            wall_time_ms=round(done["wall_ns"] / 1e6, 3),
            wait_time_ms=round(done["wait_ns"] / 1e6, 3),
            peak_memory_bytes=done["peak_bytes"],
            files=files,
            start_mode=done["start_mode"],
            ended_ns=done["ended_ns"],
        )


def _close(pipes: Pipes | None) -> None:
    for fd in (pipes.stdin_fd, pipes.stdout_fd) if pipes else ():
        os.close(fd)


_NOT_STARTED = Run(
    outcome=Outcome.CANCELLED,
    exit_code=None,
    signal=None,
    stdout=b"",
    stderr=b"",
    stdout_truncated=False,
    stderr_truncated=False,
    cpu_time_ms=0,
    wall_time_ms=0,
    wait_time_ms=0,
    peak_memory_bytes=0,
)


def classify(done: dict[str, Any], limits: Limits) -> Outcome:
    """Why a run ended, from what was measured; exit code 0 proves nothing."""
    if done["killed"] == Outcome.CANCELLED:
        return Outcome.CANCELLED
    if True in done["truncated"]:
        return Outcome.OUTPUT_LIMIT
    if done["oom"]:
        return Outcome.MEMORY_LIMIT
    if done["killed"]:
        return Outcome(done["killed"])
    if done["cpu_ns"] > limits.cpu_time_ms * 1_000_000:
        return Outcome.CPU_TIME_LIMIT
    if done["status"] is not None and os.WIFSIGNALED(done["status"]):
        return Outcome.SIGNALED
    return Outcome.EXITED


__all__ = ["Cell", "CellConfig", "classify", "interpreter"]
