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
import socket
import time
from collections import deque
from signal import SIGKILL
from typing import TYPE_CHECKING, Any

from functions.execute.engine import child, wire
from functions.execute.engine.outlet import LOOK_MS, Outlet
from functions.execute.engine.outputs import Elsewhere, Stream
from functions.execute.engine.stage import Stage, cpu_ns
from functions.execute.engine.start_mode import as_execed_bytes
from functions.execute.engine.usage import GroupUsage, Tree, TreeUsage, run_ns, wait_ns
from functions.execute.engine.waits import Waits

if TYPE_CHECKING:
    from functions.execute.engine.keeper import Keeper

_CORES = os.cpu_count() or 1
_SOONEST_MS = 2
_FLUSH_MS = 40
_FLUSH_BYTES = 32 * 1024
_WALL_CEILING = 4


class Supervision:
    """One run from its request to its last packet."""

    def __init__(
        self,
        keeper: Keeper,
        request: dict[str, Any],
        stdin_fd: int,
        stage: Stage,
        stdout_fd: int = -1,
        *,
        forked: bool,
    ) -> None:
        """
        Args:
            stage: where the program will run.
            forked: it goes on in the interpreter that its process was forked from.
            stdout_fd: a pipe to another program, which then is the program's stdout.
        """
        self._keeper = keeper
        self._stage = stage
        self._forked = forked
        self._control: socket.socket = keeper.control
        self._limits: dict[str, int] = request["limits"]
        self._request = request
        self._streams: dict[int, Stream] = {}
        for kind in (wire.STDOUT, wire.STDERR):
            elsewhere = stdout_fd >= 0 and kind == wire.STDOUT
            stream = (
                Elsewhere(kind, stdout_fd)
                if elsewhere
                else Stream(kind, self._limits["output_bytes"])
            )
            self._streams[stream.reader] = stream
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
        self._waited_before_ns = 0
        self._signalled = False
        self._waits = Waits(keeper.proc_fd)
        self._poll = select.poll()

    # -- the run's life ---------------------------------------------------------------

    def run(self) -> None:
        """Start it, see it to its end, tell the worker."""
        self._start()
        self._loop()
        ended_ns = time.monotonic_ns()
        waited_ns = wait_ns(self._keeper.proc_fd, self._stage.pid) - self._waited_before_ns
        _, status, rusage = os.wait4(self._stage.pid, 0)
        orphans_ns = self._end_of_init()
        for stream in self._streams.values():
            stream.drain()
        if refused := self._stage.refused():
            stream.take(refused)  # the last one is stderr
            status = child.NOT_EXECUTABLE << 8
        if self._outlet:
            self._outlet.close()
        used_ns = cpu_ns(rusage) + orphans_ns
        done = self._figures(status, ended_ns, used_ns, rusage.ru_maxrss)
        # It may have waited before it was the program, which is no part of its wall time.
        self._send_rest(done | {"wait_ns": min(waited_ns, done["wall_ns"])})
        self._close()

    def _end_of_init(self) -> int:
        """End the pid namespace and all that is left in it; gives what that used, if known."""
        stage = self._stage
        if stage.init_pid < 0:
            return 0
        own_ns = 0
        if isinstance(self._usage, TreeUsage):
            own_ns = run_ns(self._keeper.proc_fd, stage.init_pid)
        return max(0, stage.end(self._keeper.forgets) - own_ns)

    def _start(self) -> None:
        keeper, stage = self._keeper, self._stage
        out, err = self._streams.values()
        for fd in (err.writer,) if out.reader < 0 else (out.writer, err.writer, self._stdin_reader):
            keeper.give(fd)  # so that /dev/stdout and its like can be opened anew
        if stage.pid > 0:
            self._waited_before_ns = wait_ns(keeper.proc_fd, stage.pid)
        start = child.Start(
            argv=self._request["argv"],
            env=keeper.env(self._request["env"]),
            stdin_fd=self._stdin_reader,
            stdout_fd=out.writer,
            stderr_fd=err.writer,
            rlimits=keeper.rlimits(self._limits),
            forked=self._forked,
        )
        self._began_ns = time.monotonic_ns()
        keeper.begin(stage, start)
        if out.reader < 0:
            self._outlet = Outlet(keeper.proc_fd, os.dup(out.writer))
        for fd in (out.writer, err.writer, self._stdin_reader):
            os.close(fd)
        self._tree = Tree(keeper.proc_fd, stage.pid, stage.init_pid, keeper.forkers())
        self._usage: GroupUsage | TreeUsage = (
            GroupUsage(keeper.group)
            if keeper.group
            else TreeUsage(self._tree, self._limits["memory_bytes"])
        )

    def _loop(self) -> None:
        for fd in (*self._streams, self._stage.pidfd, self._control.fileno()):
            if fd >= 0:
                self._poll.register(fd, select.POLLIN)
        while True:
            for fd, event in self._poll.poll(self._patience_ms()):
                if fd == self._stage.pidfd:
                    return
                self._handle(fd, event)
            self._check_limits()
            self._flush_if_due()
            if self._outlet:
                self._outlet.look(self._tree)

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

    def _has_more(self, stream: Stream) -> bool:
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
        waited_ns = self._waits.longest_ns(self._tree.pids()) - self._waited_before_ns
        wait_ms = max(0, waited_ns) / 1e6
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
        """Whether the program has ended, and it is only we who do not know yet."""
        return bool(select.select([self._stage.pidfd], [], [], 0)[0])

    def _kill(self, reason: str) -> None:
        if not self._killed:
            self._killed, self._killed_ns = reason, time.monotonic_ns()
            self._stage.kill()

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
        self._signalled = True
        for pid in self._tree.pids():
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
        self._keeper.send_files(self._stage.box_fd, self._request)
        wire.send(self._control, wire.DONE, json.dumps(done).encode())

    # -- the end ----------------------------------------------------------------------

    def _figures(
        self, status: int, ended_ns: int, used_ns: int, max_rss_kib: int
    ) -> dict[str, Any]:
        begun, error = self._stage.told()
        began_ns, before_ns, woken_ns = begun or (self._began_ns, 0, 0)
        usage = self._usage
        if isinstance(usage, GroupUsage):
            usage.finish(woken_ns)
        else:
            usage.finish(used_ns - before_ns, max_rss_kib)
        if not (begun or error or self._killed or self._signalled or usage.oom_killed):
            error = "the program's process ended before it was the program"
        peak_bytes = usage.memory_bytes
        if self._forked and isinstance(usage, GroupUsage):
            peak_bytes = as_execed_bytes(peak_bytes)
        is_ours = self._killed and os.WIFSIGNALED(status) and os.WTERMSIG(status) == SIGKILL
        return {
            "status": None if is_ours else status,  # then it is not how the program ended
            "killed": self._killed,
            "wall_ns": ended_ns - began_ns,
            "ended_ns": self._killed_ns or ended_ns,
            "error": error,
            "start_mode": "fork" if self._forked else "exec",
            "truncated": [s.truncated for s in self._streams.values()],
            "cpu_ns": usage.cpu_ns,
            "peak_bytes": peak_bytes,
            "oom": usage.oom_killed,
        }

    def _close(self) -> None:
        for fd in (*self._streams, self._stdin_writer):
            if fd >= 0:
                os.close(fd)
        self._stage.close()
