"""A place for one run, made ready while the slot is idle, with the process that waits in it.

Making a place costs time that no answer has to wait for: a pid namespace, the run's tmpfs
and the mounts, the control group. That last one is dear: on version 1, after a pause,
moving a process into its group waits for an RCU grace period, 9 to 15 ms. So the place
for the next run is made as soon as a run has ended. It costs the same CPU time, earlier.

What has settled has no privileges any more and knows nothing of the program to come. It
is used once, or thrown away.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from resource import struct_rusage

from functions.execute.engine import child, stem
from functions.execute.engine.exec_start import ExecStart
from functions.execute.engine.nurse import Forker, Stem

_PATIENCE_S = 30.0
_REPORT_BYTES = 4096


class StageError(Exception):
    """The place could not be made; says why."""


class Stage:
    """Init, program-to-be and tmpfs of one run. Descriptors are its own."""

    def __init__(self, init_pid: int, box_fd: int) -> None:
        self.init_pid = init_pid
        self.init_fd = os.pidfd_open(init_pid) if init_pid > 0 else -1
        self.box_fd = box_fd
        self.pid = self.pidfd = -1
        #: What its process was forked from.
        self.forker: Forker | None = None
        #: The rows that its process goes through, if it is no fork.
        self.exec_start: ExecStart | None = None
        self._line: socket.socket | None = None
        self.report_fd, self._report_writer = os.pipe()

    def fork(
        self,
        forker: Forker,
        place: bytes,
        group_folder_fd: int,
        group_fds: list[int],
    ) -> None:
        """Let the process be made, and settle.

        Raises:
            OSError: the forker did not answer; it is being replaced.
        """
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fds = [self._report_writer, self.box_fd, *group_fds]
            socket.send_fds(self._line, [place], fds)
            self.pid = forker.fork(self.init_fd, theirs, group_folder_fd)
        self.forker = forker
        self.pidfd = os.pidfd_open(self.pid)
        self._close_writer()

    def make(
        self,
        maker: Stem,
        exec_start: ExecStart,
        group_folder_fd: int,
        group_fds: list[int],
    ) -> None:
        """The same for a process that is no fork; it can be exec'd only.

        Raises:
            OSError: as of `fork`.
        """
        exec_start.renew()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            group = [group_folder_fd] if exec_start.group_folder else group_fds
            fds = [self._report_writer, self.box_fd, *group]
            self.pid = maker.make(self.init_fd, theirs, fds)
        self.forker, self.exec_start = maker, exec_start
        self.pidfd = os.pidfd_open(self.pid)
        self._close_writer()

    def took(self, pid: int) -> None:
        """For a place without namespaces: the process is there already."""
        self.pid, self.pidfd = pid, os.pidfd_open(pid)
        self._close_writer()

    @property
    def writer_fd(self) -> int:
        """The process's end of the pipe that it reports on."""
        return self._report_writer

    def wait_settled(self) -> None:
        """Wait until the process is ready for a program.

        Raises:
            StageError: it never will be.
        """
        ready, _, _ = select.select([self.report_fd], [], [], _PATIENCE_S)
        said = os.read(self.report_fd, _REPORT_BYTES) if ready else b""
        is_dead = bool(select.select([self.pidfd], [], [], 0)[0])
        if said != child.SETTLED or is_dead:
            why = self.exec_start.told()[1] if self.exec_start else parsed(said)[1]
            raise StageError(why or "a run's process ended before it was ready")

    def begin(self, start: child.Start) -> None:
        """Let the process become the program."""
        assert self._line is not None
        request, fds = (self.exec_start or stem).request_of(start)
        with contextlib.suppress(BrokenPipeError):  # it was killed; that will be seen
            socket.send_fds(self._line, [request], fds)
        for fd in fds[3:]:
            os.close(fd)

    def told(self) -> tuple[tuple[int, int, int] | None, str]:
        """When the program began, and why there was none; asked when its process is gone."""
        if self.exec_start:
            return self.exec_start.told()
        os.set_blocking(self.report_fd, False)
        try:
            return parsed(os.read(self.report_fd, _REPORT_BYTES))
        except BlockingIOError:  # a descriptor of it is on its way through some socket
            return None, ""

    def refused(self) -> bytes:
        """Why a program of the submission could not be exec'd, where nobody else will say it."""
        return self.exec_start.refused().encode() if self.exec_start else b""

    def kill(self) -> None:
        """Kill everything in it."""
        fd = self.pidfd if self.init_fd < 0 else self.init_fd
        if fd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)

    def end(self, forgets: Callable[[int], bool]) -> int:
        """Kill everything in it and wait for that; gives the CPU time of what was not waited for.

        More than we know of may be our child there: a process whose forker died before it could
        tell us. The kernel keeps init until we have waited for all of them.

        Args:
            forgets: told of each process waited for; whether it is none of the place's.
        """
        self.kill()
        last = self.init_pid if self.init_pid > 0 else self.pid
        used_ns = 0
        while last > 0:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            assert ended is not None
            _, _, rusage = os.wait4(ended.si_pid, 0)
            if not forgets(ended.si_pid):
                used_ns += cpu_ns(rusage)
            if ended.si_pid == last:
                break
        return used_ns

    def discard(self, forgets: Callable[[int], bool]) -> None:
        """Throw it away unused."""
        self.end(forgets)
        os.close(self.box_fd)
        self.close()

    def close(self) -> None:
        """Close what is its own, but not the box; all processes are reaped."""
        if self._line:
            self._line.close()
        self._close_writer()
        for fd in (self.report_fd, self.init_fd, self.pidfd):
            if fd >= 0:
                os.close(fd)

    def _close_writer(self) -> None:
        if self._report_writer >= 0:
            os.close(self._report_writer)
            self._report_writer = -1


def cpu_ns(rusage: struct_rusage) -> int:
    """What was used, in ns."""
    return int((rusage.ru_utime + rusage.ru_stime) * 1e9)


def parsed(report: bytes) -> tuple[tuple[int, int, int] | None, str]:
    """When the program began (`child.BEGUN`), and why there was none, if that was said."""
    begun = None
    if report[:1] == child.BEGAN:
        end = 1 + child.BEGUN.size
        begun, report = child.BEGUN.unpack(report[1:end]), report[end:]
    if report[:1] == child.ERROR:
        return begun, report[1:].partition(b"\0")[0].decode(errors="replace")
    return begun, ""


__all__ = ["Stage", "StageError", "cpu_ns", "parsed"]
