"""The playground and what all pages have, as a person meets them in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, put_code

#: Generous: a busy machine must fail no test.
SOON_MS = 60_000
expect.set_options(timeout=SOON_MS)


def open_play(page: Page, service: Service) -> None:
    """Open the playground and wait until it knows its languages."""
    page.goto(service.url.rstrip("/") + "/play")
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    expect(page.get_by_label("Language")).not_to_have_value("")


def write(page: Page, code: str, *, language: str = "python", stdin: str = "") -> None:
    """Fill in the form."""
    page.get_by_label("Language").select_option(language)
    put_code(page, code)
    page.get_by_label("Standard input").fill(stdin)


def run(page: Page) -> None:
    """Press the button."""
    page.get_by_role("button", name="Run").click()


def verdict(page: Page, text: str) -> None:
    """Wait for a verdict."""
    expect(page.locator(".verdict strong")).to_have_text(text)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "print('hello', input())"),
        ("javascript", "console.log('hello', require('fs').readFileSync(0, 'utf8').trim())"),
    ],
)
def test_a_program_is_run_and_its_output_and_verdict_are_shown(
    page: Page, service: Service, language: str, code: str
) -> None:
    open_play(page, service)
    write(page, code, language=language, stdin="world\n")
    run(page)
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("hello world\n")
    expect(page.locator(".figures").first).to_contain_text("CPU time")


def test_code_is_kept_for_each_language_and_starts_as_the_starter(
    page: Page, service: Service
) -> None:
    open_play(page, service)
    write(page, "my own", language="python")
    page.get_by_label("Language").select_option("javascript")
    expect(page.get_by_label("Code", exact=True)).to_contain_text("readFileSync")
    page.reload()
    expect(page.get_by_label("Language")).to_have_value("javascript")
    page.get_by_label("Language").select_option("python")
    expect(page.get_by_label("Code", exact=True)).to_have_text("my own")


def test_output_comes_while_the_program_still_runs_and_it_can_be_cancelled(
    page: Page, service: Service
) -> None:
    open_play(page, service)
    write(page, "import time\nprint('first', flush=True)\ntime.sleep(50)\n")
    page.get_by_label("Code", exact=True).press("Control+Enter")
    expect(page.locator(".output")).to_have_text("first\n")
    verdict(page, "Running")
    page.get_by_role("button", name="Cancel").click()
    verdict(page, "Cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_be_disabled()


def test_errors_are_told_apart_and_marked_at_their_line(page: Page, service: Service) -> None:
    open_play(page, service)
    write(page, "print('out', flush=True)\n\nraise ValueError('no')\n")
    run(page)
    verdict(page, "Runtime error")
    expect(page.locator(".output .stdout")).to_have_text("out\n")
    expect(page.locator(".output .stderr")).to_contain_text("ValueError")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)


def test_a_compilers_word_is_shown_and_marked_at_its_line(page: Page, service: Service) -> None:
    open_play(page, service)
    write(page, "const a: number = 1;\nconst b: = 2;\n", language="typescript")
    run(page)
    verdict(page, "Compile error")
    expect(page.locator(".compiler")).to_contain_text("main.ts:2")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)


def test_output_is_shown_as_text_and_never_as_markup(page: Page, service: Service) -> None:
    open_play(page, service)
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    write(page, f"print({markup!r})")
    run(page)
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text(markup + "\n")
    expect(page.locator(".output img, .output b")).to_have_count(0)


def test_a_refusal_is_shown_in_its_own_words(page: Page, service: Service) -> None:
    open_play(page, service)
    write(page, "print(1)")
    page.get_by_label("Standard input").evaluate("it => { it.value = 'x'.repeat(9e6) }")
    run(page)
    expect(page.get_by_role("alert")).to_contain_text("stdin has 9000000 bytes")
    page.get_by_label("Standard input").fill("")
    run(page)
    verdict(page, "Completed")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_input_is_typed_while_the_program_runs(page: Page, service: Service) -> None:
    open_play(page, service)
    write(page, "for line in iter(input, 'bye'):\n    print('heard', line)\nprint('end')\n")
    page.get_by_label("Type input while it runs").check()
    run(page)
    typed = page.get_by_label("A line of input for the running program")
    for word in ("one", "two"):
        typed.fill(word)
        typed.press("Enter")
        expect(page.locator(".output")).to_contain_text(f"heard {word}\n")
        expect(page.locator(".verdict strong")).to_have_text("Running")
    typed.fill("bye")
    page.get_by_role("button", name="Send").click()
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("heard one\nheard two\nend\n")
    expect(typed).to_be_hidden()


def test_a_shared_link_opens_the_same_program(page: Page, service: Service) -> None:
    open_play(page, service)
    write(page, "print('shared', input())", stdin="input")
    page.get_by_role("button", name="Share link").click()
    expect(page.get_by_text("The link to this program is in")).to_be_visible()
    link = page.url
    assert "#" in link
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_label("Code", exact=True)).to_have_text("print('shared', input())")
    run(page)
    expect(page.locator(".output")).to_have_text("shared input\n")


def test_tab_indents_and_escape_lets_it_leave(page: Page, service: Service) -> None:
    open_play(page, service)
    code = page.get_by_label("Code", exact=True)
    put_code(page, " ")
    code.press("Control+a")
    code.press("Delete")
    code.press("Tab")
    expect(code).to_have_text("    ")
    code.press("Escape")
    code.press("Tab")
    expect(code).not_to_be_focused()


def test_the_playground_fits_a_phone(page: Page, service: Service) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_play(page, service)
    write(page, "print('x' * 2000)")
    run(page)
    verdict(page, "Completed")
    expect(page.locator(".verdict")).to_be_in_viewport()
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360, "nothing sticks out to the side"
