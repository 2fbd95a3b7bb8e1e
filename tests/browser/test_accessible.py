"""For everybody: nothing that axe calls serious, on any page; and no page needs a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from functions.web.app import PAGES
from tests.browser.conftest import Service, put_code
from tests.browser.test_page import SOON_MS, verdict
from tests.browser.test_problems import RIGHT, WRONG

expect.set_options(timeout=SOON_MS)

_GRAVE = {"serious", "critical"}
_CONTRAST = {"runOnly": ["color-contrast"]}


def grave(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """What axe finds that somebody could not get past, with the place of each."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['any'] and node['any'][0]['message']})"
        for rule in found
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]


def check(page: Page) -> None:
    """In light and dark, on a desk and on a phone."""
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    assert grave(page, _CONTRAST) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert grave(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("path", [it for it in PAGES if "{id}" not in it])
def test_axe_finds_nothing_grave(page: Page, service: Service, problem: str, path: str) -> None:
    page.goto(service.url.rstrip("/") + path)
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.get_by_text("Loading…")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    check(page)


def test_axe_finds_nothing_grave_in_a_problem_and_a_submission(
    page: Page, service: Service, problem: str
) -> None:
    # Given a problem with marks in the editor, tests, a difference and output
    page.goto(f"{service.url}/p/{problem}")
    expect(page.get_by_label("Language")).not_to_have_value("")
    put_code(page, WRONG)
    page.get_by_role("button", name="Submit").click()
    verdict(page, "Wrong answer")
    expect(page.locator(".diff pre")).to_have_count(2)
    page.get_by_text("Own input").click()
    check(page)
    # And its submission's own page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("tab", name="Submissions").click()
    page.get_by_role("link", name="Wrong answer").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sum of two")
    expect(page.locator(".diff pre")).to_have_count(2)
    check(page)


def test_a_problem_is_solved_by_the_keyboard_alone(
    page: Page, service: Service, problem: str
) -> None:
    page.goto(service.url)
    expect(page.get_by_role("link", name="Sum of two")).to_be_visible()
    # From the top of the page to the problem
    tab_to(page, page.get_by_role("link", name="Skip to the content"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Search"))
    page.keyboard.type("sum arithmetic")
    tab_to(page, page.get_by_role("link", name="Sum of two"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Language")).not_to_have_value("")
    # To the language, and into the editor
    tab_to(page, page.get_by_role("tab", name="Problem"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Submissions")).to_be_focused()
    expect(page.get_by_role("tab", name="Submissions")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Home")
    tab_to(page, page.get_by_label("Language"))
    page.keyboard.type("Python")
    expect(page.get_by_label("Language")).to_have_value("python")
    code = page.get_by_label("Code", exact=True)
    tab_to(page, code)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    for line in RIGHT["python"].strip().split("\n"):
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    # The way out of the editor, which is written below it, and to the button
    expect(page.locator("#editor-keys")).to_contain_text("Esc then Tab leaves the editor")
    expect(code).to_have_attribute("aria-describedby", "editor-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    tab_to(page, page.get_by_role("button", name="Submit"), back=True)
    page.keyboard.press("Enter")
    verdict(page, "Accepted")
    # The verdict is read out, and each test is reached and told
    expect(page.get_by_role("status").filter(has_text="Accepted")).to_have_count(1)
    last = page.get_by_role("button", name="Test 4")
    tab_to(page, last)
    page.keyboard.press("Enter")
    expect(last).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".detail h2")).to_contain_text("Test 4")


def tab_to(page: Page, wanted: Any, *, back: bool = False) -> None:  # noqa: ANN401
    """Press Tab until it has the focus, as somebody without a mouse does."""
    for _ in range(80):
        if wanted.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press("Escape")  # an editor lets go
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"{wanted} is not reached")
