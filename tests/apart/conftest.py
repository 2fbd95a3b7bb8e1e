from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from shared.identity import LOCAL_TENANT
from tests.apart.site import Site
from tests.apart.stage import Stage, key_for, staged
from tests.infra.running import running
from tests.infra.serving import SERVE
from tests.s3 import FarStore, far_store


@pytest.fixture(scope="session")
def bucket() -> Iterator[FarStore]:
    """A store of files on other machines."""
    with far_store() as store:
        yield store


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, bucket: FarStore) -> Iterator[Stage]:
    """Every function alone. A test that breaks something mends it."""
    with staged(tmp_path_factory.mktemp("stage"), bucket) as up:
        yield up


@pytest.fixture(scope="session", params=["one-machine", "apart"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The service in each of its shapes, to one of its callers."""
    if request.param == "apart":
        stage = request.getfixturevalue("stage")
        with caller_of(stage.url, stage.redis_url) as caller:
            yield caller
        return
    folder = tmp_path_factory.mktemp("one-machine")
    settings = {"ASSAY_AUTH": "always", "ASSAY_WEBHOOKS_TO": "anywhere"}
    with running(SERVE, folder / "state", folder / "output", **settings) as one:
        facts = one.ready()
        with caller_of(facts["url"], facts["redisUrl"]) as caller:
            yield caller


@contextmanager
def caller_of(url: str, redis_url: str) -> Iterator[Site]:
    school, local = (key_for(redis_url, tenant) for tenant in ("school", LOCAL_TENANT))
    with closing(Site(url, redis_url, school, local)) as site:
        yield site
