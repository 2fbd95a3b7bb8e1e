"""The page's files: served as they are, under a policy that forbids everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.in_process import assert_problem, open_client


@pytest.fixture
def client(redis_url: str) -> Iterator[TestClient]:
    with open_client(redis_url) as opened:
        yield opened


def test_the_page_forbids_scripts_and_styles_that_are_not_its_own_files(
    client: TestClient,
) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


def test_nothing_in_the_page_would_be_forbidden(client: TestClient) -> None:
    html = client.get("/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|javascript:", html) == []
    assert re.findall(r"(?:src|href)=\"(?!/assets/)", html) == []


def test_everything_the_page_asks_for_is_there(client: TestClient) -> None:
    wanted = set(re.findall(r"/assets/[\w.]+", client.get("/").text))
    wanted |= set(re.findall(r"/assets/[\w.]+", client.get("/assets/app.js").text))
    assert {"/assets/app.js", "/assets/style.css", "/assets/view.js"} <= wanted
    for path in wanted:
        response = client.get(path)
        assert response.status_code == 200, path
        assert response.headers["x-content-type-options"] == "nosniff"


def test_every_control_has_a_label(client: TestClient) -> None:
    html = client.get("/").text
    for control in re.findall(r"<(?:select|textarea|input)[^>]*\bid=\"(\w+)\"", html):
        assert f'<label for="{control}"' in html, control


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/assets/app.js")
    again = client.get("/assets/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/assets/app.js", headers={"if-none-match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/..%2fapp.py", "/assets/index.htm", "/assets/", "/app.py"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not-found")
