"""The keeper's side of a nursery: start it, ask it for runs, replace it in time."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import signal
import socket
from collections.abc import Mapping

from functions.execute.engine import child, syscalls, wire
from functions.execute.engine.nursery import CONTROL_FD, HOME, REQUESTS_FD, request_of
from functions.execute.engine.start_mode import forkable

_PATIENCE_S = 10.0
#: Characters of a command line; a request to a nursery has to fit into one packet.
_MOST_ARGUMENTS = 2_000


class Nurse:
    """Looks after one nursery at a time. Any trouble means: exec instead."""

    def __init__(self, binary: str, env: dict[str, str], stack_bytes: int, most_runs: int) -> None:
        self._binary = binary
        self._env = env
        self._stack_bytes = stack_bytes
        self._most_runs = most_runs
        self._pid = -1
        self._runs = 0
        self._imported: frozenset[str] | None = None
        self._control: socket.socket | None = None
        self._requests: socket.socket | None = None
        self._hatch()

    def takes(self, run: child.Start, files: Mapping[str, bytes], stack_bytes: int) -> bool:
        """Whether this run may be forked, and there is a nursery to do it."""
        return (
            stack_bytes == self._stack_bytes
            and sum(map(len, run.argv)) < _MOST_ARGUMENTS
            and self._is_ready()
            and forkable(
                run.argv,
                run.env,
                files,
                binary=self._binary,
                nursery_env=self._env,
                imported=self._imported or frozenset(),
            )
        )

    def start(self, run: child.Start) -> int:
        """Fork the run; gives the pid of its init, which is the caller's child.

        Raises:
            OSError: the nursery did not answer; it is being replaced.
        """
        request, fds = request_of(run)
        assert self._control is not None and self._requests is not None
        try:
            socket.send_fds(self._requests, [request], fds)
            self._control.send(b"c")
            pid = int(self._answer())
        except (OSError, ValueError) as error:
            self.replace()
            raise OSError(f"the nursery did not answer: {error}") from None
        self._runs += 1
        return pid

    def replace_if_old(self) -> None:
        """Between runs: a new one after enough of them. It gets ready by itself."""
        if self._runs >= self._most_runs:
            self.replace()

    def replace(self) -> None:
        """End this nursery and start another."""
        self.close()
        self._hatch()

    def close(self) -> None:
        """End the nursery; runs it has started are not its children and go on."""
        if self._control and self._requests:
            self._control.close()
            self._requests.close()
            self._control = self._requests = None
        if self._pid > 0:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = -1

    def _hatch(self) -> None:
        self._control, control = wire.pair()
        self._requests, requests = wire.pair()
        self._runs, self._imported = 0, None
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._exec(control.fileno(), requests.fileno())
            finally:
                os._exit(127)
        control.close()
        requests.close()

    def _exec(self, control_fd: int, requests_fd: int) -> None:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        child.default_signals()
        resource.setrlimit(resource.RLIMIT_STACK, (self._stack_bytes, self._stack_bytes))
        null = os.open("/dev/null", os.O_RDWR)
        # First out of each other's way; what dup2 makes is inherited.
        sources = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in (control_fd, requests_fd)]
        places = (CONTROL_FD, REQUESTS_FD)
        for fd, place in ((null, 0), (null, 1), *zip(sources, places, strict=True)):
            os.dup2(fd, place)
        syscalls.close_from(REQUESTS_FD + 1, at_exec=False)
        os.chdir("/work")
        argv = [self._binary, "main.py"]
        os.execve(self._binary, argv, {**self._env, "PYTHONPATH": HOME})

    def _is_ready(self) -> bool:
        if self._imported is None and self._control:
            try:
                self._imported = frozenset(json.loads(self._answer()))
            except (OSError, ValueError):  # it cannot start here: exec, from now on
                self.close()
        return self._control is not None

    def _answer(self) -> bytes:
        assert self._control is not None
        ready, _, _ = select.select([self._control], [], [], _PATIENCE_S)
        if not ready:
            raise TimeoutError("no answer in time")
        return self._control.recv(65_536)
