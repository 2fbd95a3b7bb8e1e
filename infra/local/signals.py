"""Signals for a single-threaded loop: they note what is asked and cut a sleep short.

SIGINT, SIGTERM and SIGHUP ask to stop. A SIGINT after that means "at once". `timeout`,
`make` and others pass on a signal that the terminal has sent as well, so one within half
a second of the first counts as the same.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from types import FrameType, TracebackType
from typing import Self

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: A signal that comes so soon again is the same.
SAME_S = 0.5


class Signals:
    """While entered, signals set `stop` and `at_once`, and end `sleep`."""

    def __init__(self) -> None:
        #: Somebody wants us to end.
        self.stop = False
        #: Somebody will not wait for it.
        self.at_once = False
        self._since_s = 0.0

    def __enter__(self) -> Self:
        self._wake, wake_write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_write, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._stack = contextlib.ExitStack()
        self._stack.callback(os.close, wake_write)
        self._stack.callback(os.close, self._wake)
        self._stack.callback(self._selector.close)
        # SIGCHLD needs a handler of its own, or nothing is written to the pipe.
        for number in (*_STOPPING, signal.SIGCHLD):
            self._stack.callback(signal.signal, number, signal.signal(number, self._note))
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._stack.callback(signal.set_wakeup_fd, -1)
        return self

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in _STOPPING and not self.stop:
            self.stop = True
            self._since_s = time.monotonic()
        elif number == signal.SIGINT and time.monotonic() - self._since_s > SAME_S:
            self.at_once = True

    def sleep(self, seconds: float) -> None:
        """At most `seconds`; less when a signal comes or has come since the last sleep."""
        if self._selector.select(max(seconds, 0.0)):
            with contextlib.suppress(BlockingIOError):
                while os.read(self._wake, 4096):
                    pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
