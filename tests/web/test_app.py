"""The page's files: served as they are, under a policy that forbids everything else."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from functions.web.app import PAGES
from infra.local import assets
from tests.in_process import assert_problem, open_client


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    assets.ensure()
    with open_client(redis_url) as opened:
        yield opened


def policy_of(client: TestClient) -> dict[str, str]:
    """The content policy of the shell, by directive."""
    parts = client.get("/").headers["content-security-policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def test_the_page_forbids_scripts_and_styles_that_are_not_its_own(client: TestClient) -> None:
    policy = policy_of(client)
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    # The editor's own styles carry a word that nobody knows beforehand.
    nonce = re.fullmatch(r"'self' 'nonce-([\w-]{16,})'", policy["style-src"])
    assert nonce
    assert nonce[1] not in client.get("/").text


def test_nothing_in_the_shell_would_be_forbidden(client: TestClient) -> None:
    html = client.get("/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|javascript:", html) == []
    assert re.findall(r"(?:src|href)=\"(?!/|#view)", html) == []


def test_every_address_of_the_page_is_the_same_shell(client: TestClient) -> None:
    without = re.compile(r'name="style-nonce" content="[^"]+"')
    shells = {without.sub("", client.get(path.replace("{id}", "x")).text) for path in PAGES}
    assert len(shells) == 1


def test_everything_the_shell_asks_for_is_there_and_kept_for_ever(client: TestClient) -> None:
    wanted = set(re.findall(r"/assets/[\w.-]+", client.get("/").text))
    assert {path.rpartition(".")[2] for path in wanted} == {"js", "css", "svg"}
    for path in wanted:
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in response.headers["cache-control"]
        assert re.search(r"-[A-Z0-9]{8}\.", path) or path.endswith("icon.svg")


def test_files_are_compressed_for_a_browser_that_takes_it(client: TestClient) -> None:
    path = re.findall(r"/assets/main[\w.-]+", client.get("/").text)[0]
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert len(gzip.compress(plain.content)) < len(plain.content)


def test_a_browser_at_an_unknown_address_is_shown_the_page_and_a_program_a_problem(
    client: TestClient,
) -> None:
    for path in ("/no/such/page", "/plya", "/p"):
        shown = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert (shown.status_code, shown.headers["content-type"][:9]) == (404, "text/html")
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert shown.text.count("<main") == 1
        for accepted in ("application/json", "*/*"):
            assert_problem(client.get(path, headers={"accept": accepted}), 404, "not-found")
        assert_problem(client.post(path, headers={"accept": "text/html"}), 404, "not-found")
    # What is there for another method, or lost behind a slash, is told as before
    browser = {"accept": "text/html"}
    assert client.get("/submit", headers=browser).status_code == 405
    assert client.get("/play/", headers=browser, follow_redirects=False).status_code == 307


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/..%2fapp.py", "/assets/index.html", "/assets/", "/app.py"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not-found")
