"""A supervisor in a process of its own, as a test sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.state import ROOT, read_runner
from tests.infra.eventually import eventually

#: Whatever toolchains this machine has: trying them all takes seconds in a new state folder.
_SETTINGS = {"ASSAY_PORT": "0", "ASSAY_LANGUAGES": "python,javascript"}


class Running:
    """The process, its output so far, and what it has announced."""

    def __init__(self, process: subprocess.Popen[str], state: Path, output: Path) -> None:
        self.process = process
        self.state = state
        self._output = output

    @property
    def output(self) -> str:
        """Everything on stdout and stderr up to now."""
        return self._output.read_text()

    def ready(self) -> dict[str, Any]:
        """Wait until it serves; what it announced: pid, url, redisUrl."""
        eventually(lambda: self._announced() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.output
        return self._announced()

    def _announced(self) -> dict[str, Any]:
        facts = read_runner(self.state)
        return facts if facts.get("pid") == self.process.pid else {}  # else of one before

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(timeout=120)

    def process_ids(self) -> set[int]:
        """All its descendants, by walking /proc; itself not included."""
        return descendants(self.process.pid)


@contextmanager
def running(command: Sequence[str], state: Path, output: Path, **environ: str) -> Iterator[Running]:
    """Start a supervisor; whatever the test does, it is gone at the end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    env.pop("REDIS_URL", None)
    with output.open("w") as sink:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**env, **_SETTINGS, "ASSAY_STATE": str(state), **environ},
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    try:
        yield Running(process, state, output)
    finally:
        if process.poll() is None:
            process.kill()  # its children die with it
        process.wait()


def stand_ins(
    log: Path, *, worker: str = "serve", host: str = "serve", give_back_s: float = 20.0
) -> list[str]:
    """The command of a supervisor whose worker and host are stand-ins."""
    module = [sys.executable, "-m", "tests.infra.stand_in"]
    options = {
        "worker": [*module, "worker", str(log), worker],
        "host": [*module, "host", str(log), host],
        "give_back_s": give_back_s,
    }
    code = (
        "import json, sys\n"
        "from infra.local.failure import Failure\n"
        "from infra.local.supervisor import Supervisor\n"
        "from shared.settings import Settings\n"
        "try:\n"
        "    sys.exit(Supervisor(Settings.from_env(), **json.loads(sys.argv[1])).run())\n"
        "except Failure as failure:\n"
        "    sys.exit(str(failure))\n"
    )
    return [sys.executable, "-c", code, json.dumps(options)]


def descendants(pid: int) -> set[int]:
    """The processes under one process, alive ones only."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            if after_name[0] != "Z":
                parents[int(entry.name)] = int(after_name[1])
    found: set[int] = set()
    fresh = {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh}
        found |= fresh
    return found


def alive(pids: set[int]) -> set[int]:
    """Those of some processes that have not ended; a zombie has."""
    left = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            left.add(pid)
    return left
