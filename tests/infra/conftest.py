from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import api
from tests.infra.batches import Service


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


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service of batches of six."""
    monkeypatch.setattr(api, "_PAUSE_S", 0.01)
    with Service(6) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Six good ones, with lines between them that are empty."""
    file = tmp_path / "programs.ndjson"
    file.write_text("\n\n".join(json.dumps({"code": f"print({n})"}) for n in range(6)) + "\n")
    return file
