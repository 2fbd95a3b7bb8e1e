"""People from the invitation to the last trace of them, in each shape of the service."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx2
import pytest

from tests.apart.site import PATIENCE_S, Site, zipped
from tests.apart.stage import login_token
from tests.in_process import assert_problem
from tests.shared.problems.made import ADD, MODERN

PASSWORD = "a long enough one"
Browser = Callable[[], httpx2.Client]


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    """Opens browsers, each with cookies of its own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(
            closing(httpx2.Client(base_url=site.url, timeout=PATIENCE_S))
        )


@pytest.fixture
def operator(site: Site, browser: Browser) -> httpx2.Client:
    """Who has the URL that the runner prints."""
    client = browser()
    answer = client.get("/login", params={"token": login_token(site.redis_url)})
    assert answer.status_code == 303
    return client


def joined(operator: httpx2.Client, browser: Browser, name: str) -> httpx2.Client:
    """Somebody who came in by an invitation."""
    url = operator.post("/invites", json={}).json()["url"]
    client = browser()
    body = {"token": url.partition("=")[2], "name": name, "password": PASSWORD}
    answer = client.post("/accounts", json=body)
    assert answer.status_code == 201, answer.text
    return client


def judged(client: httpx2.Client, problem: str, code: str) -> dict[str, Any]:
    """The result of a submission."""
    body = {"problemId": problem, "language": "python", "code": code}
    answer = client.post("/submit", params={"wait": 60}, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_people_come_in_solve_share_and_leave(
    site: Site, operator: httpx2.Client, browser: Browser
) -> None:
    mark = uuid.uuid4().hex[:8]
    problem, kind = f"adding-{mark}", {"content-type": "application/zip"}
    package = zipped(MODERN)
    installed = operator.post("/problems", params={"id": problem}, content=package, headers=kind)
    assert installed.status_code == 201, installed.text
    ada, bob = (joined(operator, browser, f"{name}-{mark}") for name in ("ada", "bob"))

    # Given that one has solved it at the second attempt
    wrong, right = judged(ada, problem, "print(0)"), judged(ada, problem, ADD)
    assert (wrong["verdict"], right["verdict"]) == ("wrong-answer", "accepted")

    # Then her history, the marks and the leaderboard say so, to each what is his
    rows = ada.get("/submissions", params={"problem": problem}).json()["submissions"]
    assert [row["id"] for row in rows] == [right["id"], wrong["id"]]
    assert rows[0]["cpuTimeMs"] == pytest.approx(right["cpuTimeMs"])
    assert rows[0]["peakMemoryBytes"] == right["peakMemoryBytes"]
    for client, solved in ((ada, True), (bob, False)):
        page = client.get(f"/problems/{problem}").json()
        assert (page["solved"], page["submissions"], page["accepted"]) == (solved, 2, 1)
        [row] = client.get("/leaderboard", params={"problem": problem}).json()["rows"]
        assert (row["name"], row["me"]) == (f"ada-{mark}", solved)
    assert bob.get("/submissions").json()["submissions"] == []

    # and what she shares is read by the other, and by nobody without credentials
    paths = [f"/result/{right['id']}", f"/submission/{right['id']}/code"]
    for path in paths:
        assert_problem(bob.get(path), 404, "not-found")
    assert ada.post(f"/submission/{right['id']}/share").json()["shared"] is True
    assert bob.get(paths[0]).json()["verdict"] == "accepted"
    assert bob.get(paths[1]).json()["code"] == ADD
    assert_problem(browser().get(paths[0]), 401, "unauthorized")

    # When her account is deleted, she is out, and nothing of it is found
    assert operator.delete(f"/accounts/ada-{mark}").status_code == 204
    assert_problem(ada.get("/me"), 401, "unauthorized")
    assert_problem(bob.get(paths[0]), 404, "not-found")
    assert bob.get("/leaderboard", params={"problem": problem}).json()["rows"] == []
    again = browser().post("/session", json={"name": f"ada-{mark}", "password": PASSWORD})
    assert_problem(again, 401, "unauthorized")


def test_a_browser_without_a_session_is_sent_to_sign_in(browser: Browser) -> None:
    stranger = browser()
    headers = {"accept": "text/html", "x-forwarded-for": "203.0.113.9"}
    answer = stranger.get("/history?problem=x", headers=headers)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/history%3Fproblem%3Dx"
    assert stranger.get("/sign-in", headers=headers).status_code == 200
