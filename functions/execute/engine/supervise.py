"""Supervision of one run: feed it, read it, measure it, and stop it in time.

Runs in the keeper, single-threaded, over one poll(2). Three rules:

- Limits are looked at when they can first have been reached: a program that may still
  use 1 s of CPU time on two cores is not looked at for half a second. Close to the
  limit the looks come every 2 ms, so a run is stopped a few milliseconds late at most.
- The wall limit is credited with the time the program was ready but had no core (the
  longest wait of one task, never more than has passed, never past 4 times the limit):
  a busy machine is not the program's fault.
- The first reason to stop a run is the one that counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from functions.execute.engine import child, wire
from functions.execute.engine.outlet import LOOK_MS, Outlet
from functions.execute.engine.start_mode import as_execed_bytes
from functions.execute.engine.usage import GroupUsage, TreeUsage, descendants
from functions.execute.engine.waits import Waits

if TYPE_CHECKING:
    from functions.execute.engine.keeper import Keeper

_CORES = os.cpu_count() or 1
_SOONEST_MS = 2
_FLUSH_MS = 40
_FLUSH_BYTES = 32 * 1024
_WALL_CEILING = 4


class _Stream:
    """One of the program's outputs: read while it runs, cut at its limit."""

    def __init__(self, kind: bytes, limit_bytes: int) -> None:
        self.kind = kind
        self.room = limit_bytes
        self.pending = bytearray()
        self.truncated = False
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(self.reader, 65_536)
        except BlockingIOError:
            return True
        if len(data) > self.room:
            self.truncated = True
        self.pending += data[: self.room]
        self.room -= min(len(data), self.room)
        return bool(data)

    def drain(self) -> None:
        """Take the rest, when every writer is dead: what is there, not up to the end.

        A descriptor on its way through a socket that nobody has any more keeps the pipe
        open until the kernel finds it.
        """
        while select.select([self.reader], [], [], 0)[0] and self.read():
            pass


class _Elsewhere(_Stream):
    """An output that goes straight to another program: neither read nor cut here."""

    def __init__(self, kind: bytes, writer: int) -> None:
        self.kind = kind
        self.pending = bytearray()
        self.truncated = False
        self.reader, self.writer = -1, writer

    def drain(self) -> None:
        pass


class Supervision:
    """One run from its request to its last packet."""

    def __init__(
        self,
        keeper: Keeper,
        request: dict[str, Any],
        stdin_fd: int,
        files: Mapping[str, bytes],
        stdout_fd: int = -1,
    ) -> None:
        """
        Args:
            stdout_fd: a pipe to another program, which then is the program's stdout.
        """
        self._keeper = keeper
        self._control: socket.socket = keeper.control
        self._limits: dict[str, int] = request["limits"]
        self._request = request
        self._streams: dict[int, _Stream] = {}
        for kind in (wire.STDOUT, wire.STDERR):
            elsewhere = stdout_fd >= 0 and kind == wire.STDOUT
            stream = (
                _Elsewhere(kind, stdout_fd)
                if elsewhere
                else _Stream(kind, self._limits["output_bytes"])
            )
            self._streams[stream.reader] = stream
        self._report, self._report_writer = os.pipe()
        self._files = files
        self._stdin_reader, self._stdin_writer = stdin_fd, -1
        if request["stdin"] == "pipe":
            os.close(stdin_fd)
            self._stdin_reader, self._stdin_writer = os.pipe()
            os.set_blocking(self._stdin_writer, False)
        self._outlet: Outlet | None = None
        self._to_feed = bytearray()
        self._feed_ended = False
        self._outbox: deque[bytes] = deque()
        self._killed, self._killed_ns = "", 0
        self._flushed_ns = self._began_ns = time.monotonic_ns()
        self._pid = self._pidfd = -1
        self._waits = Waits(keeper.proc_fd)
        self._poll = select.poll()

    # -- the run's life ---------------------------------------------------------------

    def run(self, box_fd: int) -> None:
        """Start it, see it to its end, tell the worker."""
        self._start(box_fd)
        self._began_ns = time.monotonic_ns()
        self._loop()
        _, _, rusage = os.wait4(self._pid, 0)
        self._keeper.reap()
        for stream in self._streams.values():
            stream.drain()
        report = os.read(self._report, 4096)
        if self._outlet:
            self._outlet.close()
        done = self._figures(report, rusage.ru_utime + rusage.ru_stime)
        self._send_rest(done)
        self._close()

    def _start(self, box_fd: int) -> None:
        keeper, limits = self._keeper, self._limits
        out, err = self._streams.values()
        for fd in (err.writer,) if out.reader < 0 else (out.writer, err.writer, self._stdin_reader):
            keeper.give(fd)  # so that /dev/stdout and its like can be opened anew
        self._pid = keeper.start(
            child.Start(
                argv=self._request["argv"],
                env=keeper.env(self._request["env"]),
                stdin_fd=self._stdin_reader,
                stdout_fd=out.writer,
                stderr_fd=err.writer,
                report_fd=self._report_writer,
                reader_fd=self._report,
                box_fd=box_fd,
                group_fds=keeper.prepare_group(limits["memory_bytes"], limits["processes"]),
                rlimits=keeper.rlimits(limits),
                uid=keeper.uid,
                rootless=keeper.rootless,
                filter=keeper.filter,
                landlock_abi=keeper.landlock_abi,
                readable=keeper.readable,
            ),
            self._files,
            limits["stack_bytes"],
        )
        self._pidfd = os.pidfd_open(self._pid)
        if out.reader < 0:
            self._outlet = Outlet(keeper.proc_fd, os.dup(out.writer))
        for fd in (out.writer, err.writer, self._report_writer, self._stdin_reader):
            os.close(fd)
        self._usage: GroupUsage | TreeUsage = (
            GroupUsage(keeper.group)
            if keeper.group
            else TreeUsage(keeper.proc_fd, self._pid, limits["memory_bytes"])
        )

    def _loop(self) -> None:
        for fd in (*self._streams, self._pidfd, self._control.fileno()):
            if fd >= 0:
                self._poll.register(fd, select.POLLIN)
        while True:
            for fd, event in self._poll.poll(self._patience_ms()):
                if fd == self._pidfd:
                    return
                self._handle(fd, event)
            self._check_limits()
            self._flush_if_due()
            if self._outlet:
                self._outlet.look(self._pid)

    def _handle(self, fd: int, event: int) -> None:
        stream = self._streams.get(fd)
        if stream is not None:
            if not self._has_more(stream):
                self._poll.unregister(fd)
        elif fd == self._stdin_writer:
            self._feed()
        elif event & select.POLLOUT:
            self._send_queued()
        else:
            self._obey()

    def _has_more(self, stream: _Stream) -> bool:
        before = stream.room
        more = stream.read()
        if stream.truncated:
            self._kill("outputBytes")
            return False
        return more and (before != stream.room or self._killed == "")

    # -- limits -----------------------------------------------------------------------

    def _elapsed_ms(self) -> float:
        return (time.monotonic_ns() - self._began_ns) / 1e6

    def _patience_ms(self) -> int:
        """Until when nothing can happen that we would have to act on."""
        if self._killed:
            return 1000
        cpu_left = self._limits["cpu_time_ms"] - self._usage.cpu_ns / 1e6
        wall_left = self._wall_limit_ms() - self._elapsed_ms()
        wait = min(cpu_left / _CORES, wall_left, self._usage.interval_ms)
        if any(s.pending for s in self._streams.values()):
            wait = min(wait, _FLUSH_MS)
        if self._outlet and self._outlet.is_held:
            wait = min(wait, LOOK_MS)
        return max(_SOONEST_MS, int(wait))

    def _wall_limit_ms(self) -> float:
        limit = self._limits["wall_time_ms"]
        if self._elapsed_ms() < limit:
            return limit
        # Init waits before its program is there, and again when it is gone.
        wait_ns = self._waits.longest_ns([self._pid])
        wait_ns += self._waits.longest_ns(descendants(self._keeper.proc_fd, self._pid))
        wait_ms = wait_ns / 1e6
        return min(limit + min(wait_ms, self._elapsed_ms()), limit * _WALL_CEILING)

    def _check_limits(self) -> None:
        if self._killed:
            return
        self._usage.poll()
        if self._usage.oom_killed:
            self._kill("memoryBytes")
        elif self._usage.cpu_ns > self._limits["cpu_time_ms"] * 1_000_000:
            self._kill("cpuTimeMs")
        elif self._elapsed_ms() > self._wall_limit_ms() and not self._has_ended():
            self._kill("wallTimeMs")

    def _has_ended(self) -> bool:
        """Whether init has, or is about to, report its end: the rest is not the program's time."""
        if select.select([self._report], [], [], 0)[0]:
            return True
        # Init had a child as long as it had a program; what it does without is our time, too.
        return not descendants(self._keeper.proc_fd, self._pid)

    def _kill(self, reason: str) -> None:
        if not self._killed:
            self._killed, self._killed_ns = reason, time.monotonic_ns()
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    # -- talking to the worker --------------------------------------------------------

    def _obey(self) -> None:
        kind, body, _ = wire.receive(self._control)
        if kind == wire.KILL:
            self._kill("cancelled")
        elif kind == wire.STDIN:
            self._to_feed += body
            self._feed()
        elif kind == wire.STDIN_END:
            self._feed_ended = True
            self._feed()
        elif kind == wire.SIGNAL:
            self._signal(int(body))
        else:  # the worker is gone, and so is the reason to go on
            self._kill("cancelled")
            self._poll.unregister(self._control.fileno())

    def _signal(self, number: int) -> None:
        """As a terminal does it: to every process of the program, but not to its init."""
        for pid in descendants(self._keeper.proc_fd, self._pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def _feed(self) -> None:
        if self._stdin_writer < 0:
            return
        try:
            while self._to_feed:
                del self._to_feed[: os.write(self._stdin_writer, self._to_feed)]
        except BlockingIOError:
            self._poll.register(self._stdin_writer, select.POLLOUT)
            return
        except BrokenPipeError:  # it reads no more; what was sent is lost, as on a terminal
            self._to_feed.clear()
            self._feed_ended = True
        with contextlib.suppress(KeyError):
            self._poll.unregister(self._stdin_writer)
        if self._feed_ended:
            os.close(self._stdin_writer)
            self._stdin_writer = -1

    def _flush_if_due(self) -> None:
        waiting = sum(len(s.pending) for s in self._streams.values())
        if not waiting:
            self._flushed_ns = time.monotonic_ns()
            return
        late = time.monotonic_ns() - self._flushed_ns > _FLUSH_MS * 1_000_000
        if late or waiting > _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Queue all pending output; one packet per stream and 64 KiB."""
        for stream in self._streams.values():
            for at in range(0, len(stream.pending), wire.PACKET_BYTES):
                chunk = stream.pending[at : at + wire.PACKET_BYTES]
                self._outbox.append(stream.kind + bytes(chunk))
            stream.pending.clear()
        self._flushed_ns = time.monotonic_ns()
        self._send_queued()

    def _send_queued(self) -> None:
        """Send without ever waiting for the worker: limits are looked after meanwhile."""
        try:
            while self._outbox:
                self._control.send(self._outbox[0], socket.MSG_DONTWAIT)
                self._outbox.popleft()
            self._poll.register(self._control.fileno(), select.POLLIN)
        except BlockingIOError:
            self._poll.register(self._control.fileno(), select.POLLIN | select.POLLOUT)
        except OSError:
            self._outbox.clear()

    def _send_rest(self, done: dict[str, Any]) -> None:
        self._flush()
        for packet in self._outbox:
            self._control.send(packet)
        self._keeper.send_files(self._request)
        wire.send(self._control, wire.DONE, json.dumps(done).encode())

    # -- the end ----------------------------------------------------------------------

    def _figures(self, report: bytes, init_cpu_s: float) -> dict[str, Any]:
        figures: dict[str, Any] = {
            "status": None,
            "killed": self._killed,
            "wall_ns": time.monotonic_ns() - self._began_ns,
            "wait_ns": 0,
            "ended_ns": self._killed_ns or time.monotonic_ns(),
            "error": "",
            "start_mode": self._keeper.start_mode,
            "truncated": [s.truncated for s in self._streams.values()],
        }
        cpu_ns, max_rss_kib = int(init_cpu_s * 1e9), 0
        if report[:1] == b"S":
            status, user_us, system_us, max_rss_kib, wall_ns, wait_ns, ended_ns = (
                child.REPORT.unpack(report[1:])
            )
            cpu_ns = (user_us + system_us) * 1000
            figures |= {"status": status, "wall_ns": wall_ns, "wait_ns": wait_ns}
            figures["ended_ns"] = self._killed_ns or ended_ns
        elif report[:1] == b"E":
            figures["error"] = report[1:].partition(b"\0")[0].decode(errors="replace")
        elif not self._killed:
            figures["error"] = "init ended without a report"
        if isinstance(self._usage, GroupUsage):
            self._usage.finish()
        else:
            self._usage.finish(cpu_ns, max_rss_kib)
        figures["cpu_ns"] = self._usage.cpu_ns
        figures["peak_bytes"] = self._usage.memory_bytes
        if self._keeper.start_mode == "fork" and isinstance(self._usage, GroupUsage):
            figures["peak_bytes"] = as_execed_bytes(self._usage.memory_bytes)
        figures["oom"] = self._usage.oom_killed
        return figures

    def _close(self) -> None:
        for fd in (*self._streams, self._report, self._pidfd, self._stdin_writer):
            if fd >= 0:
                os.close(fd)
