"""One Valkey and one worker with two slots, for all tests of judging."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.valkey import Valkey
from tests.execute.working import Working, worker


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Working]]:
    """Their own server: a worker must not take what other tests submit."""
    with Valkey(tmp_path_factory.mktemp("judging")) as server:
        languages = "python,javascript,cpp17"
        with worker(server.url, slots=2, ASSAY_LANGUAGES=languages) as working:
            yield server.url, working
