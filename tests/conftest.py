"""Fixtures for all tests: one real Valkey, emptied before each test that uses it."""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from infra.local.valkey import Valkey
from tests.in_process import HandWorker, hand_worker, open_client
from tests.support import emptied

# A shell that starts the suite in its background ignores SIGINT, and everything started
# here would inherit that: Ctrl-C could not be tried.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: These look at the whole machine, or bring it to its knees: nothing else may run beside them.
#: And what mocks AWS in its own process: it would empty the store of files that tests of other
#: files keep there (`tests/s3.py`).
ALONE = (
    "aws/",
    "execute/test_leaks.py",
    "execute/test_truthful_limits.py",
    "security/",
)

#: Files that take longest, in this order: they begin first, so that all processes end together.
LONGEST = (
    "infra/catalogue/test_verified.py",
    "apart/test_image.py",
    "infra/test_environment.py",
    "infra/test_endings.py",
    "infra/test_bench.py",
    "failures/test_shutdown.py",
    "failures/test_worker_killed.py",
    "infra/test_backup.py",
    "infra/test_metrics.py",
    "failures/test_chaos.py",
    "notify/test_webhooks.py",
    "execute/test_prepare.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Mark what `local_runner.py test` runs by itself, after the rest; the longest go first."""
    root = Path(__file__).parent
    for item in items:
        if _named(item, root).startswith(ALONE):
            item.add_marker(pytest.mark.alone)
    yield  # pytest leaves out what is not asked for, and puts together what shares a fixture
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(_named(item, root), len(ranks)))


def _named(item: pytest.Item, root: Path) -> str:
    return item.path.relative_to(root).as_posix()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """The embedded server on a unix socket. A machine where it cannot start fails the tests."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One that no sender looks into that was started by tests of other files."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The URL of that server, which holds nothing."""
    return emptied(valkey)


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    """A caller of the whole web app, in this process, on that server."""
    with open_client(redis_url) as opened:
        yield opened


@pytest.fixture
def hand(redis_url: str) -> Iterator[HandWorker]:
    """The workers' side of that server, by hand."""
    with hand_worker(redis_url) as worker:
        yield worker
