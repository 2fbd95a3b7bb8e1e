"""An accepted solution beside those of others: a plot, and the same in words."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from infra.local.api import Api
from tests.browser.conftest import Service
from tests.browser.test_accessible import check
from tests.browser.test_page import SOON_MS, verdict
from tests.browser.test_problems import RIGHT, open_problem, solve

expect.set_options(timeout=SOON_MS)

OTHERS = 5


def solved_by_others(browser: Browser, service: Service, problem: str) -> None:
    """So many people come in and solve it."""
    invite = Api(service.url).json("POST", "/invites", {"uses": OTHERS})
    token = invite["url"].partition("token=")[2]
    others = browser.new_context(base_url=service.url).request
    for number in range(OTHERS):
        assert others.post("/accounts", data={"token": token, "name": f"other{number}"}).ok
        work = {"problemId": problem, "language": "python", "code": RIGHT["python"]}
        answer = others.post("/submit?wait=60", data=work)
        assert answer.json()["verdict"] == "accepted"


def test_an_accepted_solution_is_shown_among_those_of_others(
    page: Page, browser: Browser, service: Service, problem: str
) -> None:
    solved_by_others(browser, service, problem)
    open_problem(page, service, problem)
    # Given a solution that needs more time and memory than any of them
    slow = "hoard = list(range(4_000_000))\n"
    solve(page, slow + RIGHT["python"])
    verdict(page, "Accepted")
    # Then both are drawn, with words for who does not see them, and how many they are
    time = page.get_by_role("img", name=re.compile("^Time: .*no other is slower of [5-9] accepted"))
    expect(time).to_be_visible()
    memory = page.get_by_role("img", name=re.compile("^Memory: .*no other needs more"))
    expect(memory).to_be_visible()
    expect(
        page.get_by_text(re.compile("Beside the best accepted solutions of [5-9]"))
    ).to_be_visible()
    expect(page.locator(".standing")).not_to_contain_text("other0")
    check(page)
    # And again at its own address, but not beside what is wrong
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("tab", name="Submissions").click()
    page.get_by_role("link", name="Accepted").first.click()
    page.wait_for_url("**/s/*")
    expect(time).to_be_visible()
    open_problem(page, service, problem)
    solve(page, "print('no')\n")
    verdict(page, "Wrong answer")
    expect(page.locator(".spread")).to_have_count(0)
