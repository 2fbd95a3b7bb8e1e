"""The editor with the keys of other editors: chosen once, kept, loaded only then; never a trap."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.conftest import Service, put_code
from tests.browser.test_accessible import grave
from tests.browser.test_page import SOON_MS, open_play, verdict

expect.set_options(timeout=SOON_MS)


def choose(page: Page, name: str) -> None:
    """In the editor's menu, by the keyboard."""
    page.locator(".coding summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Keys").select_option(name)
    expect(page.locator(f".menu [data-keys={name}]")).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Keys")).to_be_hidden()


def press(code: Locator, *keys: str) -> None:
    """One after the other."""
    for key in keys:
        code.press(key)


def lines(page: Page) -> list[str]:
    """The program, line by line."""
    return [it.strip("\n") for it in page.locator(".cm-content .cm-line").all_inner_texts()]


def assert_no_trap(page: Page) -> None:
    """Escape, then Tab leaves it, as is written below it."""
    code = page.get_by_label("Code", exact=True)
    code.press("Escape")
    code.press("Tab")
    expect(code).not_to_be_focused()


def test_vim_keys_are_chosen_and_kept_and_are_no_trap(page: Page, service: Service) -> None:
    open_play(page, service)
    put_code(page, "print(1)\nprint(2)")
    choose(page, "vim")
    code = page.get_by_label("Code", exact=True)
    expect(page.locator(".cm-vim-panel")).to_contain_text("NORMAL")
    press(code, "g", "g", "d", "d", "o")
    page.keyboard.type("print(3)")
    code.press("Escape")
    assert lines(page) == ["print(2)", "print(3)"]
    page.keyboard.type(":w\n")
    expect(page.locator(".cm-vim-panel")).to_contain_text("NORMAL")
    assert_no_trap(page)
    # The page's own keys are before theirs
    code.press("Control+Enter")
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("2\n3\n")
    assert grave(page) == []
    # They are there again the next time, and gone when they are not wanted
    page.reload()
    expect(page.locator(".cm-vim-panel")).to_contain_text("NORMAL")
    choose(page, "usual")
    expect(page.locator(".cm-vim-panel")).to_have_count(0)
    code.press("Control+End")
    page.keyboard.type("x")
    assert lines(page)[-1] == "print(3)x"


def test_emacs_keys_mark_kill_and_yank_and_are_no_trap(page: Page, service: Service) -> None:
    open_play(page, service)
    put_code(page, "one two\nthree\nfour")
    choose(page, "emacs")
    code = page.get_by_label("Code", exact=True)
    # A line is killed with its end, in two steps that are one kill
    press(code, "Control+Home", "Control+k", "Control+k")
    assert lines(page) == ["three", "four"]
    press(code, "Alt+>", "Control+a", "Control+y")
    assert lines(page) == ["three", "one two", "four"]
    # What lies between the mark and where one goes is the region
    press(code, "Control+Home", "Control+Space", "Control+f", "ArrowRight", "Alt+w")
    press(code, "Control+g", "Control+e", "Control+y")
    assert lines(page)[0] == "threeth"
    # Words backwards are one kill, too, in their order
    press(code, "Control+n", "Control+e", "Alt+Backspace", "Alt+Backspace", "Alt+>", "Control+y")
    assert lines(page) == ["threeth", "", "fourone two"]
    press(code, "Control+x", "h", "Control+d", "Control+/")
    assert lines(page) == ["threeth", "", "fourone two"]
    press(code, "Alt+<", "Control+x", "Control+s")
    page.keyboard.type("x")
    assert lines(page)[0] == "xthreeth"
    assert_no_trap(page)


def test_keys_cost_nothing_until_they_are_chosen(page: Page, service: Service) -> None:
    asked: list[Request] = []
    open_play(page, service)
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: asked.append(request))
    choose(page, "vim")
    expect(page.locator(".cm-vim-panel")).to_be_attached()
    assert [it for it in asked if "/assets/" in it.url]
