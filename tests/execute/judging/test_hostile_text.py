"""No text of a stranger keeps a worker from its leases: whatever looks at it goes through it once.

A pattern holds the interpreter's lock. One that begins anew at each of a million places takes hours
for 1 MiB, where one look takes a tenth of a second: so a child looks, and is given minutes.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.local.state import ROOT
from tests.execute.judging.looking import LOOKS

_PATIENCE_S = 300


@pytest.mark.parametrize("look", LOOKS)
def test_a_mebibyte_of_anything_is_looked_through_once(look: str) -> None:
    command = [sys.executable, "-m", "tests.execute.judging.looking", look]
    subprocess.run(command, cwd=ROOT, check=True, timeout=_PATIENCE_S)
