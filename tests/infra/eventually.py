"""Waiting for what will come: generous, so that a busy machine fails no test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(what: Callable[[], T], within_s: float = 30.0) -> T:
    """Call `what` until it is truthy; its value."""
    deadline = time.monotonic() + within_s
    while not (value := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.01)
    return value
