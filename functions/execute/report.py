"""What a worker tells of a submission while it runs, and at its end.

Live output is coalesced to at most 20 events a second and bounded in bytes: a flood
costs Redis and the readers no more than a chatty program. What was not told live is in
the result. Redis being away never stops a run: live pieces wait in their bounded
buffer, and the verdict is offered again until it is taken or the claim is lost.
"""

from __future__ import annotations

import time
from typing import Any

import redis

from functions.execute.engine.program import Run
from functions.execute.text import LiveText, encode_output
from shared import logs, tracing
from shared.claims import Claim, Claims, Event
from shared.models import encode
from shared.verdicts import EventType, State, Verdict

_log = logs.get_logger(__name__)

LIVE_INTERVAL_S = 0.05
LIVE_BYTES = 64 * 1024  # of each of the two outputs
_RETRY_S = 0.5


class Report:
    """The story of one claimed submission."""

    def __init__(self, claims: Claims, claim: Claim) -> None:
        self._claims = claims
        self._claim = claim
        self._live = {"stdout": LiveText(), "stderr": LiveText()}
        self._pending: list[tuple[str, bytes]] = []
        self._events: list[Event] = []
        self._told_bytes = {"stdout": 0, "stderr": 0}
        self._told_s = 0.0
        self._tests: list[Event] = []
        self.lost = False

    def running(self, tests: int = 1) -> None:
        """The program is about to start, for so many tests."""
        self._tell([(EventType.RUNNING, encode({"tests": tests}))], State.RUNNING)

    def test(self, test: dict[str, Any]) -> None:
        """A test has ended. Many short ones are told together."""
        self._tests.append((EventType.TEST, encode(test)))
        if time.monotonic() - self._told_s >= LIVE_INTERVAL_S and self._tell(self._tests):
            self._tests.clear()

    def confirming(self) -> None:
        """The program runs once more; what it writes then is not told live."""
        self._tell([(EventType.RUNNING, b'{"confirming":true}')])

    def output(self, stream: str, data: bytes) -> None:
        """A piece of live output."""
        room = LIVE_BYTES - self._told_bytes[stream]
        if room <= 0:
            return
        self._told_bytes[stream] += min(len(data), room)
        self._pending.append((stream, data[:room]))
        if time.monotonic() - self._told_s >= LIVE_INTERVAL_S:
            self.pause()

    def pause(self) -> None:
        """Nothing more has come for a moment: tell what was held back."""
        if (events := self._live_events()) and self._tell(events):
            self._events.clear()

    def finish(
        self, verdict: Verdict, result: dict[str, Any], test: dict[str, Any] | None = None
    ) -> None:
        """Write the verdict, whatever it takes; nothing if the claim is lost meanwhile.

        Args:
            test: the end of the last test, told in the same moment.
        """
        events = [*self._live_events(), *self._held_back(), *self._tests]
        if test is not None:
            events.append((EventType.TEST, encode(test)))
        summary = {k: v for k, v in result.items() if k not in _TOO_LARGE_FOR_EVENTS}
        summary |= {"status": State.FINISHED, "verdict": verdict}
        events.append((EventType.FINISHED, encode(summary)))
        body = encode(result)
        with tracing.span("finish", verdict=verdict):
            self._finish(verdict, body, events)

    def _finish(self, verdict: Verdict, body: bytes, events: list[Event]) -> None:
        while not self.lost:
            try:
                self.lost = not self._claims.finish(self._claim, verdict, body, events)
                return
            except redis.RedisError as error:
                _log.warning("the verdict waits", error=error)
                time.sleep(_RETRY_S)

    def _live_events(self) -> list[Event]:
        """Output not told yet as events, neighbouring pieces of one stream joined."""
        joined: list[tuple[str, bytes]] = []
        for stream, data in self._pending:
            if joined and joined[-1][0] == stream:
                joined[-1] = (stream, joined[-1][1] + data)
            else:
                joined.append((stream, data))
        self._pending.clear()
        # A piece is made into an event once: the decoder remembers what it has seen.
        self._events += [self._output_event(stream, data) for stream, data in joined]
        return self._events

    def _held_back(self) -> list[Event]:
        """Half a character at the very end of an output is told as the bytes it is."""
        rests = {stream: live.rest() for stream, live in self._live.items()}
        return [
            (EventType.OUTPUT, encode({"stream": stream, "text": rest[0], "encoding": rest[1]}))
            for stream, rest in rests.items()
            if rest and self._told_bytes[stream] < LIVE_BYTES
        ]

    def _output_event(self, stream: str, data: bytes) -> Event:
        text, encoding = self._live[stream].piece(data)
        piece: dict[str, Any] = {"stream": stream, "text": text, "encoding": encoding}
        if self._told_bytes[stream] >= LIVE_BYTES:
            piece["truncated"] = True
        return EventType.OUTPUT, encode(piece)

    def _tell(self, events: list[Event], state: State | None = None) -> bool:
        self._told_s = time.monotonic()
        try:
            self.lost = not self._claims.progress(self._claim, events, state)
        except redis.RedisError as error:
            _log.warning("progress was not told", error=error)
            return False
        return True


_TOO_LARGE_FOR_EVENTS = {
    "stdout",
    "stdoutEncoding",
    "stderr",
    "stderrEncoding",
    "compileOutput",
    "files",
    "tests",
    "groups",
}


def file_out(name: str, data: bytes) -> dict[str, str]:
    """A file that was collected, as the result carries it."""
    content, encoding = encode_output(data)
    return {"name": name, "content": content, "encoding": encoding}


def output_fields(run: Run) -> dict[str, str]:
    """The four fields of a result that carry output."""
    out, out_encoding = encode_output(run.stdout, cut=run.stdout_truncated)
    err, err_encoding = encode_output(run.stderr, cut=run.stderr_truncated)
    return {
        "stdout": out,
        "stdoutEncoding": out_encoding,
        "stderr": err,
        "stderrEncoding": err_encoding,
    }
