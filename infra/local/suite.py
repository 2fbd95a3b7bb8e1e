"""`local_runner.py test`: the whole suite, or what pytest is told.

Most tests wait for something, so the whole suite is run three at a time, and only what looks
at the whole machine one after another. Whoever names tests gets a plain pytest.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from infra.local.state import ROOT

#: Of one file all tests run in one process: they share what was costly to start. Files begin in
#: the order of collection, the longest first (`tests/conftest.py`); of itself xdist would begin
#: with those of most tests, and a process would end minutes after the others.
_TOGETHER: Final = (
    *("-m", "not alone", "-n", "3"),
    *("--dist", "loadfile", "--no-loadscope-reorder"),
)
_ALONE: Final = ("-m", "alone")
#: Options after which pytest runs other tests, or none, as we would not expect it to.
_CHOOSING: Final = ("-m", "-k", "-n", "--lf", "--ff", "--collect-only", "--co", "--pdb", "-h")

_INTERRUPTED: Final = 2


def run(argv: Sequence[str]) -> int:
    """Run it; the exit code of the first part that failed."""
    os.chdir(ROOT)
    if _chooses(argv):
        return run_pytest([*argv])
    code = run_pytest([*_TOGETHER, *argv])
    if code == _INTERRUPTED:
        return code
    return run_pytest([*_ALONE, *argv]) or code


def _chooses(argv: Sequence[str]) -> bool:
    return any(
        arg.startswith(_CHOOSING) or Path(ROOT, arg.partition("::")[0]).exists() for arg in argv
    )


def run_pytest(argv: list[str]) -> int:
    """Its exit code. Ctrl-C is the tests' own affair: they end what they have started."""
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    return subprocess.call([sys.executable, "-m", "pytest", *argv], cwd=ROOT)
