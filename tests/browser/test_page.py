"""The page, as a person meets it in Chromium, on the whole running service."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service

#: Generous: a busy machine must fail no test.
SOON_MS = 60_000
expect.set_options(timeout=SOON_MS)


def open_page(page: Page, service: Service, path: str = "/") -> None:
    """Open the page and wait until it knows its languages."""
    page.goto(service.url.rstrip("/") + path)
    expect(page.locator("#run")).to_be_enabled()


def write(page: Page, code: str, *, language: str = "python", stdin: str = "") -> None:
    """Fill in the form."""
    page.get_by_label("Language").select_option(language)
    page.get_by_label("Code").fill(code)
    page.get_by_label("Standard input").fill(stdin)


def event_types(page: Page) -> list[str]:
    """The types of the events shown, in order."""
    return page.locator("#events li b").all_inner_texts()


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "print('hello', input())"),
        ("javascript", "console.log('hello', require('fs').readFileSync(0, 'utf8').trim())"),
    ],
)
def test_a_program_is_run_and_its_events_output_and_verdict_are_shown(
    page: Page, service: Service, language: str, code: str
) -> None:
    open_page(page, service)
    write(page, code, language=language, stdin="world\n")
    page.get_by_label("Expected output").fill("hello world\n")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Accepted")
    expect(page.locator("#output")).to_have_text("hello world\n")
    expect(page.locator("#figures")).to_contain_text("CPU time")
    types = event_types(page)
    assert types[:3] == ["queued", "preparing", "running"]
    assert types[-1] == "finished"


def test_the_starter_of_the_language_runs_as_it_is(page: Page, service: Service) -> None:
    open_page(page, service)
    for language in ("javascript", "python"):
        page.get_by_label("Language").select_option(language)
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#verdict-name")).to_have_text("Completed")
        expect(page.locator("#output")).to_contain_text("hello, world")


def test_what_was_written_is_not_replaced_by_a_starter(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "my own")
    page.get_by_label("Language").select_option("javascript")
    expect(page.get_by_label("Code")).to_have_value("my own")


def test_output_comes_while_the_program_still_runs(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "import time\nprint('first', flush=True)\ntime.sleep(50)\n")
    page.get_by_label("Code").press("Control+Enter")
    expect(page.locator("#output")).to_have_text("first\n")
    expect(page.locator("#verdict-name")).to_have_text("Running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#verdict-name")).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()


def test_errors_of_the_program_are_told_apart_from_its_output(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "print('out', flush=True)\nraise SystemExit('err')\n")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Runtime error")
    expect(page.locator("#output .stdout")).to_have_text("out\n")
    expect(page.locator("#output .stderr")).to_contain_text("err")


def test_output_is_shown_as_text_and_never_as_markup(page: Page, service: Service) -> None:
    open_page(page, service)
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    write(page, f"print({markup!r})")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Completed")
    expect(page.locator("#output")).to_have_text(markup + "\n")
    expect(page.locator("#output img, #output b")).to_have_count(0)


def test_a_refusal_is_shown_in_its_own_words_at_its_field(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "print(1)")
    page.get_by_label("Standard input").evaluate("it => { it.value = 'x'.repeat(9e6) }")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("stdin has 9000000 bytes")
    expect(page.get_by_label("Standard input")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Standard input").fill("")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Completed")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_lost_service_is_shown_and_not_passed_over(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "print(1)")
    page.context.set_offline(True)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_have_text("The service cannot be reached.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Completed")


def test_a_lost_stream_is_shown_and_taken_up_again(page: Page, service: Service) -> None:
    open_page(page, service)
    # Given streams that are refused, as by a host that is being started again
    page.route("**/events/*", lambda route: route.abort())
    write(page, "print('made it')")
    page.get_by_role("button", name="Run").click()
    # Then the person is told
    expect(page.locator("#lost")).to_contain_text("Connection lost")
    # And when the host is back, the verdict comes with everything before it
    page.unroute("**/events/*")
    expect(page.locator("#verdict-name")).to_have_text("Completed")
    expect(page.locator("#output")).to_have_text("made it\n")
    expect(page.locator("#lost")).to_be_hidden()


def test_a_page_that_is_opened_again_shows_its_submission(page: Page, service: Service) -> None:
    open_page(page, service)
    write(page, "print('still here')")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Completed")
    page.reload()
    expect(page.locator("#output")).to_have_text("still here\n")
    expect(page.locator("#verdict-name")).to_have_text("Completed")


def test_tab_indents_and_escape_lets_it_leave(page: Page, service: Service) -> None:
    open_page(page, service)
    code = page.get_by_label("Code")
    code.fill("")
    code.press("Tab")
    expect(code).to_have_value("    ")
    code.press("Escape")
    code.press("Tab")
    expect(page.get_by_label("Standard input")).to_be_focused()


def test_the_page_fits_a_phone(page: Page, service: Service) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_page(page, service)
    write(page, "print('x' * 2000)")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#verdict-name")).to_have_text("Completed")
    expect(page.locator("#verdict")).to_be_in_viewport()
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360, "nothing sticks out to the side"
