"""Runs Assay on one machine: Valkey, worker, host; watched, restarted, ended in order.

Theory of operation. One thread. Signals only set a flag and wake the loop through a
pipe; everything else happens in the loop. Children cannot outlive us
(`infra/local/children.py`), and orphans of a killed worker become our children
(`PR_SET_CHILD_SUBREAPER`), so that the end can wait for them too.

Start: state folder locked, port opened, Valkey answering (or the Redis of `redis_url`
checked), then worker and host, both awaited. A child that ends before it was ready at
the start ends everything; one that dies later is started again, after a pause that
doubles from 0.1 s to 5 s while it keeps dying young.

Stop: the port is closed and the host ends, so nothing new comes in; the worker
finishes what runs within `grace_s` or gives it back; Valkey saves. A second Ctrl-C
kills what is left at once; what was accepted is in Valkey's file by then.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from infra.local import migrate, summary
from infra.local.children import Child, adopt_orphans, child_pids
from infra.local.failure import Failure
from infra.local.posts import Post
from infra.local.signals import Signals
from infra.local.state import ROOT, StateFolder, state_folder
from infra.local.terminal import shown
from infra.local.valkey import Busy, Valkey
from shared.listen import LISTEN_FD, listen, url_of
from shared.settings import Settings

WORKER = (sys.executable, "-m", "functions.execute")
HOST = (sys.executable, "-m", "infra.local.host")

_READY_S = 60.0
#: After the grace of open requests, the host closes its connections to Redis.
_HOST_CLOSE_S = 5.0
#: After its grace, a worker gives back what runs and takes its cells down.
_GIVE_BACK_S = 20.0
_ORPHANS_S = 3.0


def say(text: str) -> None:
    """One line for the person at the terminal; a closed terminal is no reason to die."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


class Stopped(Exception):
    """Somebody asked us to end while we were still starting."""


class Supervisor:
    """`Supervisor(settings).run()` is the default command of the local runner."""

    def __init__(
        self,
        settings: Settings,
        *,
        worker: Sequence[str] = WORKER,
        host: Sequence[str] = HOST,
        give_back_s: float = _GIVE_BACK_S,
        tell: Callable[[str], None] = say,
    ) -> None:
        self.settings = settings
        self.state = state_folder(settings)
        self.tell = tell
        self._give_back_s = give_back_s
        self.signals = Signals()
        self._commands = {"worker": worker, "host": host}
        self._posts: dict[str, Post] = {}
        self._listener: socket.socket | None = None

    def run(self) -> int:
        """Serve until a signal; 0 after a clean end.

        Raises:
            Failure: something kept it from starting; nothing is left running.
        """
        adopt_orphans()
        with self.signals, StateFolder(self.state) as folder:
            try:
                self._start(folder)
                self._watch()
            except Stopped:
                pass
            finally:
                self._stop()
        if self.signals.at_once:
            return 130
        self.tell("Assay has stopped.")
        return 0

    def _sleep(self, seconds: float) -> None:
        """Until a signal, at most `seconds`; dead orphans are reaped on the way."""
        self.signals.sleep(seconds)
        ours = {post.child.process.pid for post in self._posts.values() if post.child.process}
        for pid in child_pids() - ours:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    # Start

    def _start(self, folder: StateFolder) -> None:
        self._listener = listen(self.settings.host, self.settings.port)
        url = url_of(self._listener)
        redis_url, redis_name = self._start_redis()
        settings = replace(self.settings, redis_url=redis_url, state=str(self.state))
        if settings.log_format == "auto":  # for who sits at the terminal
            settings = replace(settings, log_format="console")
        env = {**os.environ, **settings.to_env()}
        # Given a port, a worker would answer for its health there: it is the host's.
        worker_env = {name: env[name] for name in env if name not in ("PORT", "ASSAY_PORT")}
        self._add(self._child("worker", worker_env, stop_s=settings.grace_s + self._give_back_s))
        listen_fd = self._listener.fileno()
        host_env = {**env, LISTEN_FD: str(listen_fd)}
        host_stop_s = settings.grace_s + _HOST_CLOSE_S
        self._add(self._child("host", host_env, stop_s=host_stop_s, pass_fds=(listen_fd,)))
        with shown("Assay: starting; the languages that are here are tried ..."):
            self._await("worker")
            self._await("host")
        folder.announce(url=url, redisUrl=redis_url)
        worker = self._posts["worker"].child.facts
        self.tell(summary.block(url, worker, settings.slot_count, self.state, redis_name))
        if login := self._posts["host"].child.facts.get("login"):
            self.tell(f"  To sign a browser in as admin, once, within ten minutes:\n  {login}")

    def _start_redis(self) -> tuple[str, str]:
        if self.settings.redis_url:
            from infra.local import external  # redis-py is only needed, and paid for, here

            name, warnings = external.check(self.settings.redis_url)
            for warning in warnings:
                self.tell(f"Warning: {warning}")
            self._migrate(self.settings.redis_url)
            return self.settings.redis_url, name
        server = Valkey(self.state)
        self._add(server)
        self._await("valkey")
        if migrate.may_be_old(server.socket):
            self._migrate(server.url)
        return server.url, "the embedded Valkey"

    def _migrate(self, url: str) -> None:
        if told := migrate.bring_up_to_date(url):
            self.tell(told)

    def _child(
        self,
        name: str,
        env: Mapping[str, str],
        *,
        stop_s: float,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        argv = self._commands[name]
        return Child(name, argv, env=env, cwd=ROOT, stop_s=stop_s, pass_fds=pass_fds)

    def _add(self, child: Child) -> None:
        post = self._posts[child.name] = Post(child)
        deadline = time.monotonic() + _READY_S
        while True:
            try:
                return post.fill()
            except Busy:
                if time.monotonic() > deadline:
                    raise
            self._pause_at_start(0.02)

    def _await(self, name: str) -> None:
        """Until a child is ready, and while no other one has died."""
        child = self._posts[name].child
        deadline = time.monotonic() + _READY_S
        while not child.is_ready():
            for post in self._posts.values():
                if not post.child.is_running:
                    raise Failure(post.child.why())
            if time.monotonic() > deadline:
                raise Failure(f"The {name} was not ready after {_READY_S:.0f} s.")
            self._pause_at_start(0.005)

    def _pause_at_start(self, seconds: float) -> None:
        self._sleep(seconds)
        if self.signals.stop:
            raise Stopped

    # Watch

    def _watch(self) -> None:
        while not self.signals.stop:
            now = time.monotonic()
            for post in self._posts.values():
                if post.due is None and not post.child.is_running:
                    pause_s = post.lost()
                    self.tell(f"{post.child.why()} Starting it again in {pause_s:.1f} s.")
                elif post.due is not None and now >= post.due:
                    self._fill_again(post)
            self._sleep(self._until_due())

    def _fill_again(self, post: Post) -> None:
        try:
            post.fill()
        except Failure as failure:
            pause_s = post.lost()
            self.tell(f"{failure} Trying again in {pause_s:.1f} s.")

    def _until_due(self) -> float:
        dues = [post.due for post in self._posts.values() if post.due is not None]
        return min(dues) - time.monotonic() if dues else 3600.0

    # Stop

    def _stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        if len(self._posts) > 1 and self.signals.stop:
            self.tell("Stopping: running programs finish or go back; Ctrl-C again ends at once.")
        for name in ("host", "worker", "valkey"):
            if name in self._posts:
                self._end(self._posts[name].child)
        self._sweep()

    def _end(self, child: Child) -> None:
        child.send(signal.SIGTERM)
        deadline = time.monotonic() + child.stop_s
        while child.is_running and not self.signals.at_once and time.monotonic() < deadline:
            self._sleep(deadline - time.monotonic())
        if child.is_running:
            if not self.signals.at_once:
                self.tell(f"The {child.name} did not end within {child.stop_s:.0f} s; killing it.")
            child.kill()
        child.close()

    def _sweep(self) -> None:
        """Wait for what our children left behind, then kill it."""
        deadline = time.monotonic() + _ORPHANS_S
        while left := child_pids():
            if time.monotonic() > deadline or self.signals.at_once:
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            self._sleep(0.02)
