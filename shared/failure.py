"""What ends a process early: one sentence for the person who started it."""

from __future__ import annotations


class Failure(Exception):
    """A sentence that says what is wrong and what to do; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
