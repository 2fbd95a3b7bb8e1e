"""How long a run has been ready without a core: what its wall limit is credited with.

The kernel tells of a wait when it is over (sched_info in proc(5)'s schedstat): a program
that is ready to say its last word, on a machine where eight others want the core, seems
not to wait at all. So a task that is found ready is looked at again a moment later; if it
has not run meanwhile, it waits, and that counts as well. One that does run gains a few
milliseconds by this, once.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable

from functions.execute.engine.usage import read_proc

#: What a task that is ready gets to be looked at again: a tick of the scheduler, and more.
_ANOTHER_LOOK_NS = 10_000_000
_READY = b"R"


class Waits:
    """The waits of one run, asked for when its wall limit has come."""

    def __init__(self, proc_fd: int) -> None:
        self._proc_fd = proc_fd
        #: Of each task that was ready: its figures, and when they were first seen so.
        self._ready: dict[str, tuple[list[bytes], int]] = {}

    def longest_ns(self, pids: Iterable[int]) -> int:
        """The longest wait of one live task of these processes, threads included.

        The largest, never the sum: a run with a hundred threads must not gain a hundredfold.
        """
        now_ns = time.monotonic_ns()
        return max((self._of(task, now_ns) for pid in pids for task in self._tasks(pid)), default=0)

    def _tasks(self, pid: int) -> list[str]:
        with contextlib.suppress(OSError):
            fd = os.open(f"{pid}/task", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc_fd)
            try:
                return [f"{pid}/task/{task}" for task in os.listdir(fd)]
            finally:
                os.close(fd)
        return []

    def _of(self, task: str, now_ns: int) -> int:
        figures = read_proc(self._proc_fd, f"{task}/schedstat").split()
        if len(figures) < 2:
            return 0
        waited_ns = int(figures[1])
        state = read_proc(self._proc_fd, f"{task}/stat").rpartition(b")")[2].split()[:1]
        if state != [_READY]:
            self._ready.pop(task, None)
            return waited_ns
        before, since_ns = self._ready.get(task, (figures, now_ns))
        if before != figures:  # it has run since
            since_ns = now_ns
        self._ready[task] = (figures, since_ns)
        return waited_ns + now_ns - since_ns + _ANOTHER_LOOK_NS
