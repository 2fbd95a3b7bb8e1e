"""Workers in processes of their own, and what they leave behind."""

from __future__ import annotations

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from functions.execute.engine.cgroups import owner_tag
from infra.local.state import ROOT
from tests.infra.eventually import eventually
from tests.infra.running import alive, descendants

_GROUPS = "/sys/fs/cgroup"


class Working:
    """One worker process that has said it is ready."""

    def __init__(self, process: subprocess.Popen[bytes], facts: dict[str, Any]) -> None:
        self.process = process
        self.pid = process.pid
        self.facts = facts
        self.tag = owner_tag(process.pid)

    @property
    def keepers(self) -> list[int]:
        """The processes of its cells, oldest first."""
        children: list[int] = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
        return sorted(children)

    @property
    def has_groups(self) -> bool:
        """Whether runs are in control groups."""
        return bool(self.facts["isolation"]["level"] == "full")

    def groups(self) -> list[str]:
        """The folders of its control groups."""
        return groups_of(self.tag)

    def processes(self) -> set[int]:
        """Itself, its keepers and all they run."""
        return {self.pid, *descendants(self.pid)}

    def programs(self) -> set[int]:
        """Programs, and processes that wait to be one: pid 2 of a run's namespace."""
        return {pid for pid in self.processes() if is_program(pid)}

    def kill(self) -> None:
        """kill -9; everything of it is dead when this returns."""
        pids = self.processes()
        self.process.kill()
        self.process.wait()
        eventually(lambda: not alive(pids))

    def stop(self) -> int:
        """The end in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)


@contextmanager
def worker(redis_url: str, *, slots: int = 1, **environ: str) -> Iterator[Working]:
    """Start a worker; whatever the test does, it is gone at the end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    reader, writer = os.pipe()
    state = tempfile.TemporaryDirectory(prefix="assay-test-")
    env |= {
        "REDIS_URL": redis_url,
        "ASSAY_SLOTS": str(slots),
        "ASSAY_LANGUAGES": "python,javascript",
        "ASSAY_STATE": state.name,
        "ASSAY_READY_FD": str(writer),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.execute"],
        cwd=ROOT,
        env={**env, **environ},
        pass_fds=(writer,),
        stdin=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            word, _, facts = pipe.readline().partition(b" ")
        assert word == b"ready", f"the worker did not start: {process.wait(10)}"
        yield Working(process, json.loads(facts))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        state.cleanup()


def is_program(pid: int) -> bool:
    """Whether it is the first process of a run, as its pid namespace numbers it."""
    pids = _pids_of(pid)
    return len(pids) > len(_pids_of(os.getpid())) and pids[-1] == "2"


def residents(pids: set[int]) -> set[int]:
    """Those that are of no run, nor wait to be the next one's."""
    depth = len(_pids_of(os.getpid()))
    return {pid for pid in pids if len(_pids_of(pid)) == depth}


def _pids_of(pid: int) -> list[str]:
    """What a process is called in each pid namespace, the outermost first; nothing when gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]


def groups_of(tag: str) -> list[str]:
    """The folders of a worker's control groups, in every hierarchy."""
    return glob.glob(f"{_GROUPS}/**/{tag}.*", recursive=True)


def cell_folders() -> set[str]:
    """Folders that cells are made in."""
    return set(glob.glob("/tmp/assay-cell-*"))


def mounts() -> int:
    """How many file systems this process sees."""
    return len(Path("/proc/self/mountinfo").read_text().splitlines())
