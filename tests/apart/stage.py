"""Every function as a process of its own, behind the gateway of `infra/containers`.

Each process gets the environment that docs/operate.md says it needs, and nothing else: not
even HOME. The gateway is the real Caddy with the real Caddyfile, on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import signal
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from infra.containers.routes import FILE
from infra.local.children import Child
from infra.local.host import FUNCTIONS
from infra.local.state import ROOT
from infra.local.valkey import Valkey
from shared.connect import async_client
from shared.credentials import Credentials
from shared.identity import LOCAL, Role
from tests.infra.eventually import eventually
from tests.s3 import PLACE, SECRET, FarStore

ALL = (*FUNCTIONS, "execute")
_CADDY = str(Path(sys.executable).with_name("caddy"))
_START_S = 120.0
_GIVEN: set[int] = set()


class Part:
    """One process, started again at the same port."""

    def __init__(self, name: str, argv: list[str], env: Mapping[str, str], port: int) -> None:
        self.name = name
        self.port = port
        self.child = Child(name, argv, env={**env, "PORT": str(port)}, cwd=ROOT)

    def start(self) -> None:
        """Begin; it is not ready yet."""
        self.child.spawn()

    def await_ready(self) -> None:
        """Until it says so itself."""
        eventually(lambda: self.child.is_ready() or not self.child.is_running, _START_S)
        assert self.child.is_running, self.child.why()

    def terminate(self) -> int:
        """SIGTERM; its exit code."""
        self.child.send(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()

    def wait(self) -> int:
        """Its exit code."""
        assert self.child.process is not None
        return self.child.process.wait(_START_S)

    def restart(self) -> None:
        """Once more, and ready."""
        self.start()
        self.await_ready()

    def get(self, path: str) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
        """Asked itself, as a platform does."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as asking:
            asking.request("GET", path)
            response = asking.getresponse()
            return response.status, json.loads(response.read()), response.headers


class Stage:
    """All of it: Valkey, a store of files, functions and gateway."""

    def __init__(self, folder: Path, store: FarStore) -> None:
        self.valkey = Valkey(_private(folder / "valkey"))
        self.store = store
        self.parts = {name: self._part(name, folder) for name in ALL}
        self.port, self.health_port = free_port(), free_port()
        self.gateway = Child("gateway", self._gateway_argv(), env=self._gateway_env(folder))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis_url(self) -> str:
        return self.valkey.url

    def start(self) -> None:
        """Everything; the functions at the same time."""
        self.valkey.start()
        self.gateway._popen({}, ())
        for part in self.parts.values():
            part.start()
        for part in self.parts.values():
            part.await_ready()
        eventually(lambda: _accepts(self.port))

    def stop(self) -> None:
        """The other way round."""
        for part in self.parts.values():
            part.child.send(signal.SIGTERM)
        self.gateway.kill()
        for part in self.parts.values():
            if part.child.process is not None:
                part.wait()
            part.child.close()
        self.valkey.stop()

    def _part(self, name: str, folder: Path) -> Part:
        # What docs/operate.md lists for each.
        env = {"REDIS_URL": self.valkey.url}
        if name not in ("web", "admin"):
            env |= {
                "ASSAY_BLOBS": PLACE,
                "ASSAY_BLOBS_ENDPOINT": self.store.endpoint,
                "AWS_ACCESS_KEY_ID": "tests",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        if name == "execute":
            state = _private(folder / "worker")
            env |= {
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "ASSAY_STATE": str(state),
                "ASSAY_SLOTS": "2",
                "ASSAY_GRACE_S": "1",
                "ASSAY_LANGUAGES": "python",
            }
        if name in ("submit", "notify"):
            env |= {"ASSAY_WEBHOOKS_TO": "anywhere"}
        return Part(name, [sys.executable, "-m", f"functions.{name}"], env, free_port())

    def _gateway_argv(self) -> list[str]:
        config = FILE.with_name("Caddyfile")
        return [_CADDY, "run", "--config", str(config), "--adapter", "caddyfile"]

    def _gateway_env(self, folder: Path) -> dict[str, str]:
        upstreams = {
            f"UPSTREAM_{name.upper()}": f"127.0.0.1:{part.port}"
            for name, part in self.parts.items()
            if name != "execute"
        }
        return {
            "SITE": f":{self.port}",
            "HEALTH": f":{self.health_port}",
            "BIND": "127.0.0.1",
            "XDG_DATA_HOME": str(folder / "caddy"),
            "XDG_CONFIG_HOME": str(folder / "caddy"),
            **upstreams,
        }


@contextmanager
def staged(folder: Path, store: FarStore) -> Iterator[Stage]:
    """A stage that is up; whatever the test does, nothing of it is left."""
    stage = Stage(folder, store)
    try:
        stage.start()
        yield stage
    finally:
        for part in stage.parts.values():
            part.child.send(signal.SIGCONT)
        stage.stop()


def key_for(redis_url: str, tenant: str, roles: Iterable[Role] = Role) -> str:
    """The secret of a new API key."""

    async def create() -> str:
        async with async_client(redis_url) as client:
            issued = await Credentials(client).create_key(tenant, frozenset(roles))
            return issued.secret

    return asyncio.run(create())


def login_token(redis_url: str) -> str:
    """What signs a browser in, once."""

    async def issue() -> str:
        async with async_client(redis_url) as client:
            return await Credentials(client).issue_login(LOCAL)

    return asyncio.run(issue())


def free_port() -> int:
    """A port on loopback that nobody listens on, and that the system gives to nobody.

    Those it gives to connections begin at 32768; one of them could be taken at any moment.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        if port not in _GIVEN and not _accepts(port):
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
                _GIVEN.add(port)
                return port


def _accepts(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
