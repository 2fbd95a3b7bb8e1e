"""What is read of processes in /proc, which may be gone at any moment."""

from __future__ import annotations

import os

import pytest

from functions.execute.engine import usage
from functions.execute.engine.waits import Waits


def test_a_process_that_goes_while_it_is_looked_at_costs_no_descriptor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    real = os.listdir

    # Given a process whose folder could be opened, and that is gone then
    def listdir(path: str | int) -> list[str]:
        if isinstance(path, int):
            raise ProcessLookupError
        return real(path)

    before = real("/proc/self/fd")
    monkeypatch.setattr(os, "listdir", listdir)
    # When it is looked at
    for _ in range(10):
        assert usage.Tree(proc_fd, 1, 1, ()).pids() == [1]
        Waits(proc_fd).longest_ns([os.getpid()])
    # Then nothing of it stays open
    assert len(real("/proc/self/fd")) == len(before)
    os.close(proc_fd)
