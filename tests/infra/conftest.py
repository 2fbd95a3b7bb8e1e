from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where a runner's output goes."""
    return tmp_path / "output"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where stand-ins note what happens to them."""
    path = tmp_path / "log"
    path.touch()
    return path
