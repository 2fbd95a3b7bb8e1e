"""`key create`, `key list`, `key revoke`, and what an address that others can reach needs."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.state import ROOT
from tests.infra.running import running
from tests.infra.serving import SERVE


def key(state: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVE, "key", *args, "--state", str(state)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def listing(url: str, shown: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SERVE, "problem", "list", "--url", url],
        env=os.environ | {"ASSAY_KEY": shown},
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def get(url: str, path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        return response.status, dict(response.headers), json.loads(body) if body else None


def test_an_address_that_others_can_reach_is_served_with_a_key_only(
    state: Path, output: Path
) -> None:
    # Given no key, when Assay is to serve an address that others can reach, it says what is needed
    with running([*SERVE, "--host", "0.0.0.0"], state, output) as one:
        assert one.wait() == 1
        assert "key create" in one.output

    # When a key has been made, with nothing running
    made = key(state, "create", "--tenant", "acme", "--name", "ci", "--tenant-weight", "2")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.splitlines()[-1]

    # Then it serves, and that key opens it; the printed link signs a browser in
    with running([*SERVE, "--host", "0.0.0.0"], state, output) as one:
        url = f"http://127.0.0.1:{urlsplit(one.ready()['url']).port}"
        assert get(url, "/me")[0] == 401
        assert get(url, "/healthz")[0] == 200
        status, _, me = get(url, "/me", authorization=f"Bearer {secret}")
        assert (status, me["tenant"], me["name"]) == (200, "acme", "ci")

        # also for the command line, which takes it from the environment
        assert listing(url, secret).returncode == 0
        refused = listing(url, "")
        assert (refused.returncode, "needs credentials" in refused.stderr) == (2, True)

        [link] = [word for word in one.output.split() if "/login?token=" in word]
        status, headers, _ = get(url, link[link.index("/login") :])
        assert status == 303
        cookie = headers["set-cookie"].partition(";")[0]
        assert get(url, "/me", cookie=cookie)[2]["roles"] == ["admin", "read", "submit"]
        assert get(url, "/", cookie=cookie.replace("=", "=x"))[0] == 401

        # and keys are listed and revoked while it runs
        listed = key(state, "list").stdout
        key_id = secret.split("_")[1]
        assert key_id in listed
        assert secret[-43:] not in listed
        assert key(state, "revoke", key_id).returncode == 0
        assert get(url, "/me", authorization=f"Bearer {secret}")[0] == 401
        assert key(state, "revoke", key_id).returncode == 1
        assert secret[-43:] not in one.output


@pytest.mark.parametrize(
    "args",
    [
        ("create", "--roles", "owner"),
        ("create", "--roles", ""),
        ("create", "--tenant", "a:b"),
        ("create", "--days", "-1"),
        ("create", "--priorities", "urgent"),
        ("revoke",),
        ("rename",),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(
    state: Path, args: tuple[str, ...]
) -> None:
    done = key(state, *args)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not state.exists()
