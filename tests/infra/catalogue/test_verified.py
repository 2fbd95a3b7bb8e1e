"""Every program of the catalogue, judged on the real pipeline, gets what its folder says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.infra.catalogue.test_catalogue import CATALOGUE, PROBLEMS, ROOT, packages


def test_all_of_the_catalogue_verifies(tmp_path: Path) -> None:
    folders = [str(CATALOGUE / name) for name in PROBLEMS]
    command = [sys.executable, "local_runner.py", "problem", "verify", *folders]
    run = subprocess.run(
        [*command, "--state", str(tmp_path / "state")], cwd=ROOT, capture_output=True, text=True
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert said.count("as it should be") == len(PROBLEMS), said
    # Each of them was really judged: a time, or no start at all, stands behind its verdict.
    for package in packages.values():
        for example in package.examples:
            assert re.search(rf"^  {re.escape(example.name)} .* ms ", said, re.MULTILINE), said
