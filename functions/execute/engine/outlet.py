"""The keeper's own hold on a pipe through which a run speaks to another program.

Why. When one of two programs ends, the other finds the end of its input, and may end of
that a moment later. Which one ended first decides a verdict, and on a busy machine the
two are noticed in any order. So the keeper holds a run's pipe open until it has noticed
the run's end and when that was: what the other does because of it comes later.

A run that closes its output and lives on must be understood at once all the same: a look
every 20 ms finds out whether any of its processes has the pipe open still.
"""

from __future__ import annotations

import os

from functions.execute.engine.usage import Tree, is_alive, is_filtered

LOOK_MS = 20


class Outlet:
    """A hold on the writing end of a pipe; `look` and `close` let go of it."""

    def __init__(self, proc_fd: int, fd: int) -> None:
        self._proc_fd = proc_fd
        self._fd = fd
        self._name = f"pipe:[{os.fstat(fd).st_ino}]"

    @property
    def is_held(self) -> bool:
        """Whether there is still something to look at."""
        return self._fd >= 0

    def look(self, tree: Tree) -> None:
        """Let go if the run, which lives, has closed its end everywhere."""
        # A process that is not filtered yet has not got its descriptors yet.
        if not self.is_held or not is_filtered(self._proc_fd, tree.program):
            return
        if any(self._has_it(pid) for pid in tree.pids()):
            return
        # Of a main process that is on its way out, we are about to notice when it died.
        if is_alive(self._proc_fd, tree.program):
            self.close()

    def _has_it(self, pid: int) -> bool:
        try:
            folder = os.open(f"{pid}/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc_fd)
        except FileNotFoundError:
            return False
        except OSError:  # not ours to see: it has to be taken for granted
            return True
        try:
            return any(self._is_it(folder, name) for name in os.listdir(folder))
        except OSError:
            return False
        finally:
            os.close(folder)

    def _is_it(self, folder: int, name: str) -> bool:
        """Whether a descriptor is the pipe, to be written to."""
        try:
            mode = os.lstat(name, dir_fd=folder).st_mode
            return bool(mode & 0o200) and os.readlink(name, dir_fd=folder) == self._name
        except OSError:
            return False

    def close(self) -> None:
        """Let go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
