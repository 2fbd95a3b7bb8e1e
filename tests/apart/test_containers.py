"""Images and compose file, as far as they can be checked without a registry and an engine."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from infra.containers.slim import NOT_FOR_WEB, slim
from infra.local.children import Child
from infra.local.host import FUNCTIONS
from infra.local.state import ROOT
from infra.local.valkey import Valkey
from shared import probe
from shared.settings import Settings, env_names
from tests.infra.eventually import eventually

FOLDER = ROOT / "infra" / "containers"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
COMPOSE_TEXT = (FOLDER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ALL = (*FUNCTIONS, "execute")


def stages() -> dict[str, str]:
    """The instructions of each stage of the Dockerfile, by its name."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)[1:]
    return {
        name: f"FROM {base}\n{body}" for base, name, body in zip(*[iter(parts)] * 3, strict=True)
    }


def tool(*argv: str) -> None:
    """A linter of the development environment, which must have nothing to say."""
    command = [str(Path(sys.executable).with_name(argv[0])), *argv[1:]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_well_formed() -> None:
    tool("hadolint", str(FOLDER / "Dockerfile"))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.tls.yaml", "compose.full.yaml"])
def test_a_compose_file_fits_the_schema_of_compose_files(name: str) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(FOLDER / name))


def test_a_wrong_key_would_be_found(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE_TEXT.replace("cap_drop:", "cap_dropp:"))
    with pytest.raises(AssertionError, match="cap_dropp"):
        tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(wrong))


@pytest.mark.parametrize("name", ALL)
def test_each_function_has_an_image_of_its_own_code_and_a_service(name: str) -> None:
    stage = stages()[name]
    assert f'CMD ["python", "-m", "functions.{name}"]' in stage
    others = "|".join(set(ALL) - {name})
    assert not re.search(rf"COPY[^\n]* functions/({others})\b", stage)
    assert f"functions/{name}/" in stage or f"functions/{name} " in stage
    assert SERVICES[name]["build"]["target"] == name
    valkey = SERVICES[name]["depends_on"]["valkey"]
    assert valkey == {"condition": "service_healthy"}


def test_every_image_that_runs_has_no_root_and_says_how_it_is() -> None:
    parts = stages()
    for name in {it["build"]["target"] for it in SERVICES.values() if "build" in it}:
        whole = parts[name]
        while (base := whole.split("\n", 1)[0].removeprefix("FROM ")) in parts:
            whole = parts[base] + whole.split("\n", 1)[1]
        assert re.findall(r"^USER (.*)$", whole, re.MULTILINE)[-1] == "10001:10001", name
        assert "HEALTHCHECK" in whole or name == "tools", name


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == []
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "inside" in service["networks"]


def test_only_what_has_to_reaches_out_or_is_reached() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, it in SERVICES.items() if "outside" in it["networks"]} == {
        "gateway",
        "notify",
    }
    assert [name for name, it in SERVICES.items() if "ports" in it] == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["gateway"]["ports"])


def test_there_is_no_secret_to_forget_to_change() -> None:
    named = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN|_KEY)\w*)([^}]*)\}", COMPOSE_TEXT)
    assert named
    assert all(rest.startswith(":?") or rest == ":-" for _, rest in named)


def test_each_setting_in_it_is_one() -> None:
    known = {name for spec in Settings.__dataclass_fields__.values() for name in env_names(spec)}
    foreign = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}
    for name in (*ALL, "tools"):
        assert set(SERVICES[name]["environment"]) <= known | foreign


def test_its_stores_settings_are_taken_by_a_real_server(valkey: Valkey, tmp_path: Path) -> None:
    command = [_filled(argument) for argument in SERVICES["valkey"]["command"]]
    socket = tmp_path / "s"
    argv = [valkey.argv[0], *command[1:], "--port", "0", "--unixsocket", str(socket)]
    server = Child("valkey", argv, env={}, cwd=tmp_path)
    server.spawn()
    try:
        eventually(socket.exists)
        with redis.Redis(unix_socket_path=str(socket), password="word") as client:
            found = client.config_get("*")
        assert found["appendonly"] == "yes"
        assert found["appendfsync"] == "everysec"
        assert found["maxmemory-policy"] == "noeviction"
        assert found["maxmemory"] == str(1024**3)
    finally:
        server.kill()
        server.close()


def _filled(argument: str) -> str:
    """With the defaults of its variables, and a password."""
    return re.sub(r"\$\{\w+:(?:-([^}]*)|\?[^}]*)\}", lambda it: it[1] or "word", argument)


def test_the_lock_of_web_functions_is_the_whole_one_without_some() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines(keepends=True)
    names = re.findall(r"^([\w.-]+)==", "".join(lines), re.MULTILINE)
    kept = re.findall(r"^([\w.-]+)==", "".join(slim(lines)), re.MULTILINE)
    assert kept == [name for name in names if name not in NOT_FOR_WEB]
    assert set(names) >= NOT_FOR_WEB
    (only,) = re.findall(r"^([\w.-]+)==.*", "".join(slim(lines, ["redis"])), re.MULTILINE)
    assert only == "redis"


def test_the_probe_asks_the_process_of_its_container(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PORT", str(server.server_port))
        monkeypatch.delenv("ASSAY_PORT", raising=False)
        assert probe.main() == 0
        assert probe.main("/readyz") == 1
        server.shutdown()
    assert probe.main() == 1
    assert "/readyz: 503" in capfd.readouterr().err
