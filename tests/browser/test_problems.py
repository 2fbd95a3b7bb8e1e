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


def test_the_list_is_sorted_by_what_a_person_asks_for(page: Page, service: Service) -> None:
    def listed(
        name: str, difficulty: str | None, submissions: int, accepted: int
    ) -> dict[str, object]:
        counts = {"submissions": submissions, "accepted": accepted, "solved": False}
        return {"id": name, "name": name, "difficulty": difficulty, "tags": [], **counts}

    rows = [listed("b10", "hard", 4, 1), listed("b9", None, 0, 0), listed("a", "easy", 2, 1)]
    page.route("**/problems", lambda route: route.fulfill(json={"problems": rows}))
    page.goto(service.url)
    names = page.locator(".list tbody .name")
    expect(names).to_have_text(["b10", "b9", "a"])
    for column, order, wanted in (
        ("Problem", "ascending", ["a", "b9", "b10"]),
        ("Acceptance", "descending", ["a", "b10", "b9"]),
        ("Difficulty", "ascending", ["a", "b10", "b9"]),
    ):
        page.get_by_role("button", name=column).press("Enter")
        expect(names).to_have_text(wanted)
        head = page.get_by_role("columnheader", name=column)
        expect(head).to_have_attribute("aria-sort", order)
    # It is in the address, and once more is the order of the service again
    page.reload()
    expect(names).to_have_text(["a", "b10", "b9"])
    page.get_by_role("button", name="Difficulty").click()
    expect(names).to_have_text(["b10", "b9", "a"])


def test_what_is_not_there_is_told_with_ways_on(page: Page, service: Service) -> None:
    page.goto(service.url + "/p/nothing")
    expect(page.get_by_role("alert")).to_contain_text("nothing")
    answer = page.goto(service.url + "/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")
    page.get_by_role("main").get_by_role("link", name="Playground").click()
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
