"""The keeper's side of what programs are forked from: stems and nurseries."""

from __future__ import annotations

import _socket
import fcntl
import json
import os
import resource
import select
import signal
import socket
from collections.abc import Mapping
from typing import NoReturn

from functions.execute.engine import child, stem, syscalls, wire
from functions.execute.engine.exec_start import ExecStart
from functions.execute.engine.nursery import CONTROL_FD, HOME
from functions.execute.engine.nursery_group import NurseryGroup
from functions.execute.engine.start_mode import forkable

_PATIENCE_S = 10.0
#: Characters of a command line that a nursery's programs may have.
_MOST_ARGUMENTS = 2_000


class Refused(OSError):
    """It lives, and says why it cannot do what it was asked for."""


def _refusal(answer: bytes) -> Refused:
    number, _, text = answer.decode(errors="replace").partition(" ")
    return Refused(int(number), text)


class Forker:
    """One process that programs are forked from, replaced when there is trouble with it."""

    def __init__(self) -> None:
        self.pid = -1
        self._control: socket.socket | None = None
        self._begin()

    def fork(self, init_fd: int, line: socket.socket, group_fd: int) -> int:
        """Fork a process into a pid namespace, and a group; gives its pid, our child's.

        Args:
            init_fd: pidfd of the namespace's init.
            line: where the process will hear what to do.
            group_fd: folder of a control group of version 2, or -1.

        Raises:
            OSError: there was no answer; it is being replaced.
        """
        return self._order(
            stem.FORK, [init_fd, line.fileno(), *([group_fd] if group_fd >= 0 else [])]
        )

    def _order(self, what: bytes, fds: list[int]) -> int:
        try:
            if self._control is None:
                raise OSError("it could not be started")
            socket.send_fds(self._control, [what], fds)
            answer = self._answer()
            if answer.isdigit():
                return int(answer)
            error = _refusal(answer) if answer else OSError("it is gone")
        except OSError as other:
            error = other
        self.replace()
        raise error

    def replace(self) -> None:
        """End it and start another."""
        self.close()
        self._begin()

    def forgets(self, pid: int) -> bool:
        """Whether this process, which has ended and was waited for, is it."""
        if pid != self.pid:
            return False
        self.pid = -1
        return True

    def close(self) -> None:
        """End it; programs it has forked are not its children and go on."""
        if self._control:
            self._control.close()
            self._control = None
        if self.pid > 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = -1

    def _begin(self) -> None:
        self._control, control = wire.pair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
                self._live(control.fileno())
            finally:
                os._exit(127)
        control.close()

    def _live(self, control_fd: int) -> NoReturn:
        """In the new process: hold nothing but its end of the connection, and serve."""
        raise NotImplementedError

    def _answer(self) -> bytes:
        assert self._control is not None
        ready, _, _ = select.select([self._control], [], [], _PATIENCE_S)
        if not ready:
            raise TimeoutError("no answer in time")
        return self._control.recv(65_536)


class Stem(Forker):
    """Forked off the keeper; its programs are exec'd."""

    def __init__(self, exec_start: ExecStart | None) -> None:
        self._exec_start = exec_start
        super().__init__()

    def make(self, init_fd: int, line: socket.socket, fds: list[int]) -> int:
        """As `fork`, but a process that goes through the rows of `exec_start`.

        Args:
            fds: where it reports to, the run's tmpfs, and what it needs of its group.

        Raises:
            OSError: there was no answer; it is being replaced.
        """
        return self._order(stem.MAKE, [init_fd, line.fileno(), *fds])

    def _live(self, control_fd: int) -> NoReturn:
        os.dup2(control_fd, CONTROL_FD)
        syscalls.close_from(CONTROL_FD + 1, at_exec=False)
        syscalls.set_name(b"assay-stem")
        syscalls.drop_bounding_set()  # once for all programs; our own capabilities stay
        if self._exec_start:
            os.umask(child.UMASK)
            child.default_signals()
            syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        stem.serve(_socket.socket(fileno=CONTROL_FD), _Programs(self._exec_start))
        os._exit(127)  # of a program: exec does not return


class _Programs:
    """Programs of a stem are exec'd, which renews everything."""

    tid_address = 0

    def __init__(self, exec_start: ExecStart | None) -> None:
        self._exec_start = exec_start

    def make(self, fds: list[int]) -> int:
        """See `ExecStart.make`."""
        if self._exec_start is None:
            raise OSError("programs can only be forked here")
        return self._exec_start.make(fds)

    def born(self) -> None:
        """Nothing to do."""

    def become(self, start: child.Start, filter_: bytes) -> None:
        """Exec it."""
        child.exec_filtered(start, filter_)


class Nursery(Forker):
    """A Python that is already started. Any trouble means: exec instead."""

    def __init__(
        self,
        group: NurseryGroup | None,
        binary: str,
        env: dict[str, str],
        stack_bytes: int,
        most_runs: int,
    ) -> None:
        self._group = group
        self._binary = binary
        self._env = env
        self._stack_bytes = stack_bytes
        self._most_runs = most_runs
        self._runs = 0
        self._imported: frozenset[str] | None = None
        super().__init__()

    def takes(self, argv: list[str], env: Mapping[str, str], files: Mapping[str, bytes]) -> bool:
        """Whether this program may be forked."""
        return (
            sum(map(len, argv)) < _MOST_ARGUMENTS
            and self.is_ready()
            and forkable(
                argv,
                env,
                files,
                binary=self._binary,
                nursery_env=self._env,
                imported=self._imported or frozenset(),
            )
        )

    def has_stack(self, stack_bytes: int) -> bool:
        """Whether its programs have this much: the limit is taken at exec."""
        return stack_bytes == self._stack_bytes

    def is_ready(self, patience_s: float = _PATIENCE_S) -> bool:
        """Whether it waits at its script."""
        if self._imported is None and self._control:
            if patience_s == 0 and not select.select([self._control], [], [], 0)[0]:
                return False
            try:
                self._imported = frozenset(json.loads(self._answer()))
            except (OSError, ValueError):  # it cannot start here: exec, from now on
                self.close()
        return self._control is not None

    def fork(self, init_fd: int, line: socket.socket, group_fd: int) -> int:
        """The same, counted."""
        pid = super().fork(init_fd, line, group_fd)
        self._runs += 1
        return pid

    def replace_if_old(self) -> None:
        """Between runs: a new one after enough of them. It gets ready by itself."""
        if self._runs >= self._most_runs:
            self.replace()

    def _begin(self) -> None:
        self._runs, self._imported = 0, None
        super()._begin()

    def _live(self, control_fd: int) -> NoReturn:
        if self._group:
            self._group.enter()
        child.default_signals()
        resource.setrlimit(resource.RLIMIT_STACK, (self._stack_bytes, self._stack_bytes))
        null = os.open("/dev/null", os.O_RDWR)
        # First out of each other's way; what dup2 makes is inherited.
        control_fd = fcntl.fcntl(control_fd, fcntl.F_DUPFD, 64)
        for fd, place in ((null, 0), (null, 1), (control_fd, CONTROL_FD)):
            os.dup2(fd, place)
        syscalls.close_from(CONTROL_FD + 1, at_exec=False)
        os.chdir("/work")
        argv = [self._binary, "main.py"]
        os.execve(self._binary, argv, {**self._env, "PYTHONPATH": HOME})
