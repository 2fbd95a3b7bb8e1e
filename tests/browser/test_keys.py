"""The editor with the keys of other editors: chosen once, kept, loaded only then; never a trap.

And the menu where they are chosen.
"""

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


def editors_alive(page: Page) -> int:
    """How many editors are in the page's memory once it was swept, shown or not."""
    wire = page.context.new_cdp_session(page)
    kind = wire.send("Runtime.evaluate", {"expression": "HTMLDivElement.prototype"})
    prototype = {"prototypeObjectId": kind["result"]["objectId"]}
    found = wire.send("Runtime.queryObjects", prototype)["objects"]["objectId"]
    counts = "function () { return this.filter((it) => it.matches('.cm-editor')).length; }"
    how = {"objectId": found, "functionDeclaration": counts, "returnByValue": True}
    alive = int(wire.send("Runtime.callFunctionOn", how)["result"]["value"])
    wire.detach()
    return alive


def test_a_menu_closes_by_a_click_elsewhere_and_keeps_nothing_of_a_page_that_was_left(
    page: Page, service: Service
) -> None:
    open_play(page, service)
    letters, summary = page.get_by_text("Letters"), page.locator(".coding summary")
    for _ in range(2):  # also when it is opened again
        summary.click()
        letters.click()
        expect(letters).to_be_visible()
        page.get_by_label("Standard input").click()
        expect(letters).to_be_hidden()
    nav = page.get_by_role("navigation")
    for _ in range(6):
        nav.get_by_role("link", name="Problems").click()
        expect(summary).to_have_count(0)
        nav.get_by_role("link", name="Playground").click()
        expect(page.get_by_role("button", name="Run")).to_be_enabled()
        summary.click()  # and is open when the page is left, by a click or without one
        expect(letters).to_be_visible()
        page.go_back()
        expect(summary).to_have_count(0)
        nav.get_by_role("link", name="Playground").click()
        expect(page.get_by_role("button", name="Run")).to_be_enabled()
        summary.click()
        expect(letters).to_be_visible()
    assert editors_alive(page) <= 2  # what is shown, and at most what was just left
