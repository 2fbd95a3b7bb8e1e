"""What others have to say to the runs of this worker: stop, input, signals.

Theory of operation. One thread per worker listens on the worker's own channel. A message
only rings: `cancel:<id>` stops the run of a submission that has been cancelled, and
`input:<id>` says that there is more in the list of what was sent to it. What counts is in
Redis, so a lost message costs time: the renewal of leases finds what was cancelled
within a second, and lists of running sessions are looked through once a second, and after
each reconnect.

A session reads its list from the beginning, so a run that was begun anew elsewhere gets
the same input again. The keeper takes all it is fed and never makes us wait; how much that
can be is bounded where it comes in (`shared/lua/input.lua`).
"""

from __future__ import annotations

import signal
import threading
from typing import Any

import redis

from functions.execute.engine.cell import Cell
from functions.execute.engine.program import Limits, OnOutput, OnPause, Program, Run
from functions.execute.leases import Leases
from shared import keys, logs
from shared.claims import Claim, Claims
from shared.connect import blocking_client

_log = logs.get_logger(__name__)

_LOOK_S = 1.0
_RETRY_S = 0.2


class Session:
    """The input of one interactive run. A thread runs it, another one brings input."""

    def __init__(self, control: Control, submission_id: str) -> None:
        self.submission_id = submission_id
        self._control = control
        self._cell: Cell | None = None
        self._lock = threading.Lock()
        self._taken = 0

    def run(
        self,
        cell: Cell,
        program: Program,
        limits: Limits,
        on_output: OnOutput | None,
        on_pause: OnPause | None,
    ) -> Run:
        """Run a program that gets its stdin from here."""
        try:
            return cell.run(
                program,
                limits,
                on_output=on_output,
                on_pause=on_pause,
                interactive=True,
                on_started=lambda: self._begin(cell),
            )
        finally:
            self._control.end(self)
            with self._lock:  # the cell may soon work for somebody else
                self._cell = None

    def _begin(self, cell: Cell) -> None:
        with self._lock:
            self._cell, self._taken = cell, 0
        self._control.begin(self)

    def pull(self, client: redis.Redis) -> None:
        """Feed the run what has come since the last time."""
        with self._lock:
            if self._cell is None:
                return
            entries: Any = client.lrange(keys.input(self.submission_id), self._taken, -1)
            for entry in entries:
                self._taken += 1
                _give(self._cell, entry[:1], entry[1:])


def _give(cell: Cell, kind: bytes, body: bytes) -> None:
    if kind == b"i":
        if body:  # feeding nothing is its end
            cell.feed(body)
    elif kind == b"z":
        cell.feed(b"")
    elif kind == b"s":
        cell.signal(signal.Signals[body.decode()])


class Control:
    """The listening thread of a worker, and its sessions."""

    def __init__(self, redis_url: str, claims: Claims, leases: Leases) -> None:
        self._claims = claims
        self._listener = blocking_client(redis_url, connections=1)
        self._channel = keys.control(claims.worker_id)
        self._leases = leases
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen_for_ever, name="control", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection."""
        self._stopping.set()
        self._thread.join(10)
        self._listener.close()

    def session(self, claim: Claim) -> Session:
        """For a run of this claim."""
        return Session(self, claim.submission_id)

    def begin(self, session: Session) -> None:
        """Its run can be fed."""
        with self._lock:
            self._sessions[session.submission_id] = session
        self._pull(session)

    def end(self, session: Session) -> None:
        """Its run is over."""
        with self._lock:
            self._sessions.pop(session.submission_id, None)

    def _listen_for_ever(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (redis.RedisError, OSError) as error:
                _log.info("the control channel was lost", error=error)
                self._stopping.wait(_RETRY_S)
            except Exception:
                _log.exception("the control channel failed")
                self._stopping.wait(_RETRY_S)

    def _listen(self) -> None:
        with self._listener.pubsub() as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(self._channel)
            while not self._stopping.is_set():
                message: Any = channel.get_message(timeout=_LOOK_S)
                if message is None or message["type"] != "message":
                    self._pull_all()
                else:
                    self._obey(message["data"].decode())

    def _obey(self, message: str) -> None:
        what, _, submission_id = message.partition(":")
        if what == "cancel":
            self._leases.call_off(submission_id)
        elif what == "input":
            with self._lock:
                session = self._sessions.get(submission_id)
            if session is not None:
                self._pull(session)

    def _pull_all(self) -> None:
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            self._pull(session)

    def _pull(self, session: Session) -> None:
        try:
            session.pull(self._claims.client)
        except redis.RedisError as error:  # it is looked through again in a moment
            _log.info("input was not read", submissionId=session.submission_id, error=error)
