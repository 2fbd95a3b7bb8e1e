"""Ctrl-C, which waits while a batch is known to nobody by its id.

Theory of operation. From the first byte of the file to the service's answer, whoever ends leaves a
batch behind that can be neither gone on with nor cancelled. So a first SIGINT is noted there, and
told; `let_go` raises it once the id is known. A second one ends at once. One that comes within half
a second counts as the same, as in signals.py. A command that was started to ignore SIGINT, as a
shell does with `&`, goes on ignoring it.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from types import FrameType, TracebackType
from typing import Final, Self

from infra.local.signals import SAME_S

_HELD: Final = b"Assay: interrupted; waiting for the service's answer; Ctrl-C again ends at once\n"


class Interrupts:
    """While entered, SIGINT is a `KeyboardInterrupt`: at once, or held back."""

    def __init__(self) -> None:
        self._is_holding = self._is_held = False
        self._since_s = -math.inf

    def __enter__(self) -> Self:
        self._is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._is_ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def hold(self) -> None:
        """From here on, a first one waits."""
        self._is_holding = True

    def let_go(self) -> None:
        """Raise what was held back; from here on, none waits.

        Raises:
            KeyboardInterrupt: one has come.
        """
        self._is_holding = False
        if self._is_held:
            self._is_held = False
            raise KeyboardInterrupt

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._since_s <= SAME_S:
            return
        self._since_s = now
        if not self._is_holding or self._is_held:
            raise KeyboardInterrupt
        self._is_held = True
        with contextlib.suppress(OSError):  # `print` may be at work where the signal came
            os.write(2, _HELD)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
