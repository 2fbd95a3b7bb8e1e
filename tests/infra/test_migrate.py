"""An older store is brought up to date by the command, and by a start."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from infra.local.cli import main
from infra.local.migrate import may_be_old
from infra.local.valkey import Valkey
from shared import keys
from shared.schema import SCHEMA_VERSION
from tests.infra.running import running
from tests.infra.serving import SERVE


def write_schema(state: Path, version: str) -> None:
    """What a store of another version says of itself."""
    with Valkey(state) as server, redis.Redis.from_url(server.url) as client:
        client.set(keys.SCHEMA, version)


@pytest.fixture
def old(state: Path) -> Path:
    """The state folder of an older version."""
    state.mkdir(mode=0o700)
    write_schema(state, "2")
    return state


def test_the_command_does_it_once(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--state", str(old)]) == 0
    assert f"from schema 2 to {SCHEMA_VERSION}" in capsys.readouterr().out
    assert main(["migrate", "--state", str(old)]) == 0
    assert "up to date" in capsys.readouterr().out
    with Valkey(old) as server:
        assert not may_be_old(server.socket)


def test_a_start_does_it_by_itself(old: Path, output: Path) -> None:
    with running(SERVE, old, output) as one:
        with redis.Redis.from_url(one.ready()["redisUrl"]) as client:
            assert client.get(keys.SCHEMA) == b"%d" % SCHEMA_VERSION
        assert f"from schema 2 to {SCHEMA_VERSION}" in one.output
        assert main(["migrate", "--state", str(old)]) == 1, "not while it runs"


def test_a_newer_store_is_left_alone(old: Path, output: Path) -> None:
    write_schema(old, "99")
    with running(SERVE, old, output) as one:
        assert one.wait() == 1
        assert "the store has schema '99'" in one.output
