"""How a program that is exec'd comes to be: what child.py does, as rows of system calls.

Theory of operation. The same two steps, by a process that runs no interpreter (calls.py):
the rows of *settle* are made ahead; the last of them waits for a packet of one byte, which
brings the program's descriptors. Before the keeper sends it, it writes the rows that follow:
limits, filter, exec. The process is made by a stem and has the stem's memory until exec, so
where the kernel kills "whoever has this memory" for want of it, that is a stem, which is
replaced, and never a keeper. For the same reason a request whose arguments would take up
much of the least memory there may be is none for this way (`fits`).

The numbers of descriptors are known beforehand: the process is born with those that the
stem was sent, in their order, and the kernel gives the lowest number that is free. Each row
that opens something must give that very number.

Only as root: else a user namespace has to be made, whose maps are written to files, and that is
left to Python.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Mapping

from functions.execute.engine import box, child, landlock, syscalls
from functions.execute.engine.calls import Code, Row, Shared

#: Descriptors of the process: after 0 to 2 and the stem's own, those it was sent.
SENT_FROM = 4
_TALK, _REPORT, _BOX, _GROUPS = SENT_FROM + 1, SENT_FROM + 2, SENT_FROM + 3, SENT_FROM + 4
_GO = b"!"
_MOST_CHARACTERS = 16 * 1024
_ROWS, _CONSTANT_BYTES, _REQUEST_BYTES = 96, 32 * 1024, 160 * 1024
_TIME, _LIMIT = struct.Struct("=qq"), struct.Struct("=QQ")
_NEVER = 1  # what an exec that is made gives
_AT_FDCWD, _O_PATH = -100, os.O_PATH | os.O_CLOEXEC
_CLOCK_MONOTONIC, _CLOCK_THREAD_CPU = 1, 3

# x86-64, as the code is.
_WRITE, _OPEN, _CLOSE, _DUP2, _RECVMSG, _EXECVE, _CHDIR = 1, 2, 3, 33, 47, 59, 80
_SETSID, _SETGROUPS, _SETRESUID, _SETRESGID, _CAPSET, _PRCTL = 112, 116, 117, 119, 126, 157
_MOUNT, _CLOCK_GETTIME, _PRLIMIT, _SECCOMP = 165, 228, 302, 317
_MOVE_MOUNT, _CLOSE_RANGE = 429, 436
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446


class ExecStart:
    """The rows of a cell's exec'd programs. At most one process goes through them at a time."""

    def __init__(self, place: child.Place, *, group_files: int, group_folder: bool) -> None:
        """
        Args:
            group_files: how many cgroup.procs files the process is sent to enter.
            group_folder: it is sent the folder that it is born in, instead.

        Raises:
            OSError: not on this machine.
        """
        self._code = Code()
        self.shared = Shared(_ROWS, _CONSTANT_BYTES + _REQUEST_BYTES)
        self.group_folder = group_folder
        self._place = place
        self._first_free = _GROUPS + group_files + group_folder
        self._times = self.shared.room(3 * _TIME.size)  # woken, begun, CPU time used then
        self._settle = [*self._settling(group_files), *self._waiting()]
        self._plain = b"".join(row.packed() for row in self._settle)
        self._filter = self.shared.keep(
            struct.pack("=HxxxxxxQ", len(place.filter) // 8, self.shared.keep(place.filter))
        )
        self._request = self.shared.room(_REQUEST_BYTES)
        self._become: list[Row] = []
        #: What was asked for last, and the rows for it: a program often runs on one test
        #: after the other.
        self._last: tuple[object, ...] = ()
        self._last_rows: list[Row] = []
        self._last_packed = b""

    # -- what a stem does with it -------------------------------------------------------

    def make(self, fds: list[int]) -> int:
        """In a stem: the process, in the pid namespace for children; gives its pid.

        Raises:
            OSError: it could not be made.
        """
        if fds != list(range(SENT_FROM, self._first_free)):
            raise OSError(f"descriptors have other numbers: {fds}")
        group_fd = _GROUPS if self.group_folder else -1
        flags = child.NEW_NAMESPACES | syscalls.CLONE_PARENT
        return self._code.start(flags, self.shared.address, group_fd)

    # -- what a keeper does with it -----------------------------------------------------

    def renew(self) -> None:
        """Before a process is made: nothing is left of the one before."""
        self._become = []
        self.shared.put(self._times, bytes(3 * _TIME.size))
        self.shared.put(self._header_at, self._header)  # recvmsg(2) writes to it
        self.shared.put_rows(self._plain)

    def fits(self, argv: list[str], env: Mapping[str, str]) -> bool:
        """Whether a program may start so; what is strange is better looked at by Python."""
        text = "".join((*argv, *env, *env.values()))
        return (
            bool(argv and argv[0])
            and len(text) < _MOST_CHARACTERS
            and len(argv) + len(env) < _MOST_CHARACTERS // 16
            and "\0" not in text
            and "=" not in "".join(env)
        )

    def request_of(self, start: child.Start) -> tuple[bytes, list[int]]:
        """Write the rest of the rows; gives the packet that the process waits for."""
        asked = (start.argv, start.env, start.rlimits)
        if asked != self._last:
            self._last, self._last_rows = asked, list(self._becoming(start))
            self._last_packed = b"".join(row.packed() for row in self._last_rows)
        self._become = self._last_rows
        self.shared.put_rows(self._last_packed, len(self._settle))
        return _GO, [start.stdin_fd, start.stdout_fd, start.stderr_fd]

    def told(self) -> tuple[tuple[int, int, int] | None, str]:
        """As `stage.parsed`: when the program began, and why there was none, if it failed."""
        woken_ns, began_ns, used_ns = (
            seconds * 1_000_000_000 + rest
            for seconds, rest in _TIME.iter_unpack(self.shared.get(self._times, 3 * _TIME.size))
        )
        begun = (began_ns, used_ns, used_ns - woken_ns) if began_ns else None
        row, gave = self._stop()
        if gave is None or self.refused():
            return begun, ""
        why = os.strerror(-gave) if gave < 0 else f"gave {gave}"
        return begun, f"{row.what}: {why}"

    def refused(self) -> str:
        """Why a program that is the submission's own could not be exec'd; empty if it was."""
        row, gave = self._stop()
        is_its_own = row.number == _EXECVE and not row.what.startswith("/")
        return f"{row.what}: {os.strerror(-gave)}\n" if is_its_own and gave else ""

    def _stop(self) -> tuple[Row, int | None]:
        return self.shared.stopped_at([*self._settle, *self._become])

    # -- the rows -----------------------------------------------------------------------

    def _settling(self, group_files: int) -> Iterator[Row]:
        """As `child.settle`; the stem has an empty bounding set, and a umask for programs."""
        text = self.shared.text
        # It is process 2 of its namespace, and so of its session.
        yield Row("setsid", _SETSID, gives=2)
        empty_path = 4
        target, nothing = text(box.BOX), text("")
        yield Row("move_mount", _MOVE_MOUNT, (_BOX, nothing, _AT_FDCWD, target, empty_path))
        for name, view in box.BOX_VIEWS.items():
            paths = text(f"{box.BOX}/{name}"), text(view)
            yield Row(f"mount {view}", _MOUNT, (*paths, 0, syscalls.MS_BIND, 0))
        proc, options = text("proc"), text(child.PROC_OPTIONS)
        yield Row("mount /proc", _MOUNT, (proc, text("/proc"), proc, child.PROC_FLAGS, options))
        for number in range(group_files):
            yield Row("enter group", _WRITE, (_GROUPS + number, text("0"), 1), gives=1)
        yield Row("chdir /work", _CHDIR, (text("/work"),))
        fence = self._first_free
        if self._place.landlock_abi >= 1:
            yield from self._fencing(fence)
        yield from self._yielding()
        if self._place.landlock_abi >= 1:
            yield Row("landlock_restrict_self", _LANDLOCK_RESTRICT, (fence, 0))
            yield Row("close", _CLOSE, (fence,))

    def _fencing(self, fence: int) -> Iterator[Row]:
        """As `landlock.ruleset`."""
        handled, scopes, allowed = landlock.rules(self._place.landlock_abi)
        attributes = syscalls.landlock_attributes(handled, 0, scopes)
        what = (self.shared.keep(attributes), len(attributes), 0)
        yield Row("landlock_create_ruleset", _LANDLOCK_CREATE, what, gives=fence)
        place, path_beneath = fence + 1, 1
        for path, rights in allowed:
            rule = self.shared.keep(struct.pack("=Qi", rights, place))
            yield Row(f"open {path}", _OPEN, (self.shared.text(path), _O_PATH), gives=place)
            yield Row(f"allow {path}", _LANDLOCK_ADD, (fence, path_beneath, rule, 0))
            yield Row("close", _CLOSE, (place,))

    def _yielding(self) -> Iterator[Row]:
        """Own user, no groups, no capabilities and no way to gain any.

        Straight from the kernel, which does it for this task. The C library's functions would
        ask every thread of the process to do the same.
        """
        user = (self._place.uid,) * 3
        yield Row("setgroups", _SETGROUPS)
        yield Row("setresgid", _SETRESGID, user)
        yield Row("setresuid", _SETRESUID, user)
        # What setresuid(2) makes of it depends on fs.suid_dumpable; and it is the stem's, too.
        yield Row("prctl", _PRCTL, (syscalls.PR_SET_DUMPABLE, 0))
        header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
        yield Row("capset", _CAPSET, (self.shared.keep(header), self.shared.keep(none)))
        yield Row("prctl", _PRCTL, (syscalls.PR_SET_NO_NEW_PRIVS, 1))

    def _waiting(self) -> Iterator[Row]:
        """Say that it has settled, and wait for its descriptors and for the rows to come."""
        settled = self.shared.keep(child.SETTLED)
        yield Row("write", _WRITE, (_REPORT, settled, 1), gives=1)
        room = socket.CMSG_SPACE(3 * 4)
        one_byte = self.shared.keep(struct.pack("=QQ", self.shared.room(1), 1))
        self._header = struct.pack("=7Q", 0, 0, one_byte, 1, self.shared.room(room), room, 0)
        self._header_at = self.shared.keep(self._header)
        yield Row("recvmsg", _RECVMSG, (_TALK, self._header_at, 0), gives=len(_GO))
        yield Row("clock_gettime", _CLOCK_GETTIME, (_CLOCK_THREAD_CPU, self._times))

    def _becoming(self, start: child.Start) -> Iterator[Row]:
        """As `child.become` and `child.exec_filtered`; the stem has default signals."""
        at = self._request
        for standard in range(3):
            yield Row("dup2", _DUP2, (self._first_free + standard, standard), gives=standard)
        for kind, value in start.rlimits:
            self.shared.put(at, _LIMIT.pack(value, value))
            yield Row(f"prlimit {kind}", _PRLIMIT, (0, kind, at, 0))
            at += _LIMIT.size
        yield Row("close_range", _CLOSE_RANGE, (3, 0xFFFFFFFF, 4))
        yield Row("seccomp", _SECCOMP, (1, 0, self._filter))
        now, used = self._times + _TIME.size, self._times + 2 * _TIME.size
        yield Row("clock_gettime", _CLOCK_GETTIME, (_CLOCK_MONOTONIC, now))
        yield Row("clock_gettime", _CLOCK_GETTIME, (_CLOCK_THREAD_CPU, used))
        yield Row(start.argv[0], _EXECVE, self._image(at, start), gives=_NEVER)

    def _image(self, at: int, start: child.Start) -> tuple[int, int, int]:
        """What execve(2) is told, written from `at` on."""
        argv = [os.fsencode(text) for text in start.argv]
        env = [os.fsencode(f"{name}={value}") for name, value in start.env.items()]
        pointers: list[int] = []
        text_at = first = at + 8 * (len(argv) + len(env) + 2)
        for words in (argv, env):
            for word in words:
                pointers.append(text_at)
                text_at += len(word) + 1
            pointers.append(0)
        content = b"\0".join((*argv, *env, b""))
        self.shared.put(at, struct.pack(f"={len(pointers)}Q", *pointers) + content)
        return first, at, at + 8 * (len(argv) + 1)


__all__ = ["ExecStart"]
