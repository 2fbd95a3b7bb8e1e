"""pip at work, told while it works: it says nothing for half a minute when it is only waited for.

At a terminal one line is written again, each second, with what is being fetched and how long
it has taken. A pipe gets a plain line at every quarter. Only the standard library is used here.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from infra.local.children import die_with_parent
from infra.local.terminal import Ticker

_FETCHING = re.compile(r"Collecting ([\w.-]+)")
_SIZE = re.compile(r"Downloading \S+ \((\d+(?:\.\d+)? [kMG]B)\)")
_TROUBLE = "WARNING: Retrying"


class Progress:
    """How far pip is, by what it says."""

    def __init__(self, packages: int, tell: Callable[[str], None], ticker: Ticker) -> None:
        self._packages = packages
        self._tell = tell
        self._ticker = ticker
        self._began = time.monotonic()
        self._fetched = 0
        self._quarter = 1
        self._doing = "asking the package index"
        self._is_told_of_trouble = False

    def heard(self, line: str) -> None:
        """One line of pip's."""
        if fetching := _FETCHING.match(line):
            self._fetched += 1
            self._doing = f"fetching {self._fetched} of {self._packages}: {fetching[1]}"
            self._plain_line_at_a_quarter()
        elif size := _SIZE.search(line):
            self._doing = f"{self._doing.partition(', ')[0]}, {size[1]}"
        elif line.startswith("Installing collected packages"):
            self._doing = f"unpacking {self._packages} packages"
            if not self._ticker.is_live:
                self._tell(f"unpacking them ({self._seconds})")
        elif line.startswith(_TROUBLE) and not self._is_told_of_trouble:
            self._is_told_of_trouble = True
            self._ticker.clear()
            self._tell("the package index does not answer; trying again ...")
        self.show()

    def _plain_line_at_a_quarter(self) -> None:
        if not self._ticker.is_live and self._fetched * 4 >= self._packages * self._quarter:
            self._quarter = self._fetched * 4 // self._packages + 1
            self._tell(f"fetched {self._fetched} of {self._packages} ({self._seconds})")

    def show(self) -> None:
        """Where it is now, at a terminal."""
        self._ticker.show(f"Assay: {self._doing} ... {self._seconds}")

    @property
    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s"


def run_pip(
    command: Sequence[str],
    *,
    packages: int,
    tell: Callable[[str], None],
    cwd: Path,
    env: dict[str, str],
) -> tuple[int, str]:
    """Run pip; its exit code, and all it said."""
    ticker = Ticker(sys.stderr)
    progress = Progress(packages, tell, ticker)
    said = []
    with (
        subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=die_with_parent(signal.SIGKILL),
        ) as process,
        _shown_each_second(progress, ticker),
    ):
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            progress.heard(line.strip())
    ticker.clear()
    return process.returncode, "".join(said)


@contextlib.contextmanager
def _shown_each_second(progress: Progress, ticker: Ticker) -> Iterator[None]:
    """Let the seconds go on while pip is silent; only where somebody sees them."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(1.0):
            progress.show()

    thread = threading.Thread(target=work, daemon=True)
    if ticker.is_live:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if ticker.is_live:
            thread.join()
