"""Problems in the browser: found, read, solved; each test appears as it is judged."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, put_code
from tests.browser.test_page import SOON_MS, verdict

expect.set_options(timeout=SOON_MS)

RIGHT = {
    "python": "a, b = map(int, input().split())\nprint(a + b)\n",
    "javascript": "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(BigInt);\n"
    "console.log(String(a + b));\n",
}


WRONG = "a, b = map(int, input().split())\nprint(a - b)\n"


def open_problem(page: Page, service: Service, problem: str) -> None:
    """From the list, as a person does."""
    page.goto(service.url)
    page.get_by_label("Search").fill("sum arithmetic")
    page.get_by_role("link", name="Sum of two").click()
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    expect(page.get_by_label("Language")).not_to_have_value("")


def solve(page: Page, code: str, language: str = "python") -> None:
    page.get_by_label("Language").select_option(language)
    put_code(page, code)
    page.get_by_label("Code", exact=True).press("Control+Shift+Enter")


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_problem_is_found_read_and_solved(
    page: Page, service: Service, problem: str, language: str
) -> None:
    open_problem(page, service, problem)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sum of two")
    expect(page.locator(".statement math").first).to_be_visible()
    expect(page.locator(".statement .sample pre").first).to_have_text("1 2\n")
    solve(page, RIGHT[language], language)
    verdict(page, "Accepted")
    expect(page.locator(".grid button.cell[data-tone=good]")).to_have_count(4)


def test_a_wrong_answer_shows_the_difference_of_a_sample_only(
    page: Page, service: Service, problem: str
) -> None:
    open_problem(page, service, problem)
    solve(page, WRONG)
    verdict(page, "Wrong answer")
    expect(page.locator(".detail h2")).to_contain_text("Test 1")
    expect(page.locator(".diff pre").first).to_contain_text("3")
    expect(page.locator(".diff pre").last).to_contain_text("-1")


def test_a_hidden_test_shows_its_verdict_and_nothing_of_its_data(
    page: Page, service: Service, problem: str
) -> None:
    open_problem(page, service, problem)
    solve(page, "a, b = map(int, input().split())\nprint(3 if a == 1 else 'my output')\n")
    verdict(page, "Wrong answer")
    expect(page.locator(".grid button.cell[data-tone=bad]")).to_have_count(1)
    expect(page.locator(".detail h2")).to_contain_text("Test 2")
    expect(page.locator(".submission")).not_to_contain_text("my output")
    expect(page.locator(".diff")).to_have_count(0)


def test_own_input_is_run_without_being_judged(page: Page, service: Service, problem: str) -> None:
    open_problem(page, service, problem)
    put_code(page, RIGHT["python"])
    page.get_by_text("Own input").click()
    page.get_by_label("Standard input").fill("5 6\n")
    page.get_by_label("Code", exact=True).press("Control+Enter")
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("11\n")


def test_the_problem_fits_a_phone(page: Page, service: Service, problem: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_problem(page, service, problem)
    solve(page, RIGHT["python"])
    verdict(page, "Accepted")
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360, "nothing sticks out to the side"


def test_a_problem_that_is_not_there_is_told(page: Page, service: Service) -> None:
    page.goto(service.url + "/p/nothing")
    expect(page.get_by_role("alert")).to_contain_text("nothing")
