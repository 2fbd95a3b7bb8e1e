"""The memory group of a cell's nursery.

A nursery lives for hundreds of runs beside groups that are full now and then. In a group of
its own it is charged to nobody else, and where memory runs out somewhere, in a run's group or
in the one the worker was started in, it is not what the kernel looks at for its victim. What is
forked off it is born there and moves to the group of its run before it knows its program.
"""

from __future__ import annotations

import os
from pathlib import Path

from functions.execute.engine.run_groups import Folder


class NurseryGroup:
    """Made before the cell's root is changed; nothing of a path is followed afterwards."""

    def __init__(self, folders: dict[str, Path], name: str) -> None:
        """
        Args:
            folders: as of `cgroups.parents()`; one of them counts memory.
        """
        self._folder = Folder(folders.get("memory") or folders["unified"], f"{name}.nursery")
        self._procs = self._folder.file("cgroup.procs", os.O_WRONLY)

    def enter(self) -> None:
        """Move the calling process there."""
        os.write(self._procs, b"0")

    def close(self) -> None:
        """Remove it, when the nursery has ended."""
        os.close(self._procs)
        self._folder.remove()
        os.close(self._folder.parent_fd)
