"""What programs are forked from: a process that holds still, and does what it is told.

Theory of operation. Forking makes every page of a process copy-on-write, for it and for
the child. So no program is forked from the keeper, which has work to do meanwhile, but
from a *stem*: forked off the keeper before its first run and idle since, or from a
*nursery*, which is a Python that waits at its script (nursery.py). Both serve one
protocol. For each byte from the keeper, which comes with a pidfd of the init of a new pid
namespace and one end of a fresh connection, they clone a process into that namespace, as
a child of the keeper (CLONE_PARENT), and answer its pid. What that process has to know
comes to it alone, over the connection: first its place, then (maybe much later) the
request.

A stem whose programs are exec'd makes them without a fork where that can be done
(exec_start.py): then its memory, which no program ever has, holds the request.
"""

from __future__ import annotations

import _socket
import array
import json
import os
import time
from dataclasses import asdict
from typing import Any, Protocol

from functions.execute.engine import child, syscalls

#: What a keeper may want: a fork, or a process that is none (exec_start.py).
FORK, MAKE = b"f", b"m"
_MAX_FDS = 16
_PACKET_BYTES = 128 * 1024
#: Longer requests travel as memory files.
_MOST_INLINE_BYTES = 64 * 1024


class Line(Protocol):
    """What differs between stems and nurseries."""

    #: Where the C library keeps the thread's id, or 0 if nobody will look.
    tid_address: int

    def make(self, fds: list[int]) -> int:
        """Make a process that is no fork of this one; gives its pid.

        Raises:
            OSError: it cannot be made.
        """

    def born(self) -> None:
        """In a new process, first of all."""

    def become(self, start: child.Start, filter_: bytes) -> None:
        """The last steps to be the program."""


def serve(control: _socket.socket, line: Line) -> None:
    """Fork for the keeper until it is gone; returns in programs only, when `become` does.

    The capability bounding set has to be empty already.
    """
    while True:
        order, fds = _receive(control)
        if not order:
            os._exit(0)
        init_fd, talk_fd, *group_fds = fds
        try:
            syscalls.setns(init_fd, syscalls.CLONE_NEWPID)
            if order == MAKE:
                pid = line.make(fds)
            else:
                pid, in_group = _clone(group_fds, line.tid_address)
        except OSError as error:
            control.send(f"{error.errno or 0} {error}".encode())
            os._exit(1)
        if pid == 0:
            control.close()
            _live(line, _socket.socket(fileno=talk_fd), in_group)
            return
        for fd in fds:
            os.close(fd)
        control.send(str(pid).encode())


def _clone(group_fds: list[int], tid_address: int) -> tuple[int, bool]:
    """The program's process; and whether it was born in its control group (version 2 only)."""
    flags = child.NEW_NAMESPACES | syscalls.CLONE_PARENT
    if group_fds:
        try:
            return syscalls.clone_into(flags, group_fds[0], tid_address), True
        except OSError:  # clone3 is refused here, as by some containers
            pass
    return syscalls.clone(flags, tid_address), False


def _live(line: Line, talk: _socket.socket, in_group: bool) -> None:
    report_fd = -1
    try:
        line.born()
        told, (report_fd, box_fd, *group_fds) = _receive(talk)
        plain, _, filter_ = told.partition(b"\n")
        place = child.Place(**json.loads(plain), filter=filter_)
        child.settle(place, box_fd, [] if in_group else group_fds)
        os.write(report_fd, child.SETTLED)
        request, fds = _receive(talk)
        woken_ns = time.thread_time_ns()
        if not request:
            os._exit(0)  # the keeper is gone, or has no use for us
        talk.detach()  # closed with all other descriptors
        start = _start_of(request, fds)
        child.become(start)
        child.say_begun(report_fd, woken_ns)
        line.become(start, filter_)
    except BaseException as error:  # nothing may unwind into the caller's code
        if report_fd >= 0:
            child.tell(report_fd, error)
        os._exit(127)


def _receive(end: _socket.socket) -> tuple[bytes, list[int]]:
    """One packet and its descriptors."""
    size = _socket.CMSG_SPACE(_MAX_FDS * 4)
    data, ancillary, _, _ = end.recvmsg(_PACKET_BYTES, size, _socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, content in ancillary:
        fds.frombytes(content)
    return data, list(fds)


def place_of(place: child.Place) -> bytes:
    """What the keeper sends first."""
    plain = asdict(place)
    filter_: bytes = plain.pop("filter")
    return json.dumps(plain).encode() + b"\n" + filter_


def request_of(start: child.Start) -> tuple[bytes, list[int]]:
    """What the keeper sends for a program, and descriptors; those after three are to close."""
    plain = asdict(start)
    fds: list[int] = [plain.pop(name) for name in ("stdin_fd", "stdout_fd", "stderr_fd")]
    request = json.dumps(plain).encode()
    if len(request) <= _MOST_INLINE_BYTES:
        return request, fds
    long = os.memfd_create("request", os.MFD_CLOEXEC)
    view = memoryview(request)
    while view:
        view = view[os.write(long, view) :]
    return b"+", [*fds, long]


def _start_of(request: bytes, fds: list[int]) -> child.Start:
    """What `request_of` was made of."""
    stdin, stdout, stderr, *long = fds
    if long:
        request = os.pread(long[0], os.fstat(long[0]).st_size, 0)
    plain: dict[str, Any] = json.loads(request)
    return child.Start(**plain, stdin_fd=stdin, stdout_fd=stdout, stderr_fd=stderr)


__all__ = ["place_of", "request_of", "serve"]
