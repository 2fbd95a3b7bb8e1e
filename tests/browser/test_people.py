"""People: invited, signed in, apart from each other, and together where they want it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Service, go, put_code, watched
from tests.browser.test_accessible import grave
from tests.browser.test_page import SOON_MS, verdict
from tests.browser.test_problems import RIGHT, WRONG

expect.set_options(timeout=SOON_MS)

SECRET = "correct horse battery"


@contextmanager
def somebody(browser: Browser, service: Service) -> Iterator[Page]:
    """A browser of one's own."""
    context = browser.new_context(base_url=service.url, viewport={"width": 1280, "height": 900})
    with watched(context) as page:
        yield page


def invited(admin: Page) -> str:
    """A link that lets one person in, made as the admin makes it."""
    admin.goto("/admin")
    admin.get_by_role("button", name="Make an invitation").click()
    return admin.locator(".notice code").first.inner_text()


def join(page: Page, link: str, name: str, password: str = "") -> None:
    page.goto(link)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_label(f"Account: {name}")).to_be_visible()


def submit(page: Page, problem: str, code: str, expected: str) -> str:
    """Solve as a person does; gives the address of the submission."""
    page.goto(f"/p/{problem}")
    expect(page.get_by_label("Language")).not_to_have_value("")
    page.get_by_label("Language").select_option("python")
    put_code(page, code)
    page.get_by_role("button", name="Submit").click()
    verdict(page, expected)
    page.get_by_role("tab", name="Submissions").click()
    page.get_by_role("link", name=expected).first.click()
    page.wait_for_url("**/s/*")
    return page.url


@pytest.fixture
def admin(browser: Browser, service: Service) -> Iterator[Page]:
    """Who sits at the machine itself."""
    with somebody(browser, service) as page:
        yield page


def test_two_people_never_see_each_other_except_what_is_shared(
    admin: Page, browser: Browser, service: Service, problem: str
) -> None:
    with somebody(browser, service) as ada, somebody(browser, service) as bob:
        join(ada, invited(admin), "ada", SECRET)
        join(bob, invited(admin), "bob")
        # Given a solution of one
        address = submit(ada, problem, RIGHT["python"], "Accepted")
        expect(ada.get_by_label("Code", exact=True)).to_contain_text("print(a + b)")
        # Then the other sees neither it, nor its being there, nor the draft
        bob.goto(address)
        expect(bob.get_by_role("alert")).to_contain_text("no submission", ignore_case=True)
        bob.goto(f"/p/{problem}")
        expect(bob.get_by_label("Code", exact=True)).not_to_contain_text("print(a + b)")
        bob.goto("/history")
        expect(bob.get_by_text("Nothing has been submitted yet.")).to_be_visible()
        # When it is shared he does, to the tests, and cannot change it
        ada.get_by_role("button", name="Share").click()
        expect(ada.get_by_role("button", name="Stop sharing")).to_be_visible()
        bob.goto(address)
        expect(bob.get_by_label("Code", exact=True)).to_contain_text("print(a + b)")
        verdict(bob, "Accepted")
        expect(bob.get_by_text("Somebody has shared this with you.")).to_be_visible()
        expect(bob.get_by_role("button", name="Stop sharing")).to_have_count(0)
        # And no longer than that
        ada.get_by_role("button", name="Stop sharing").click()
        expect(ada.get_by_role("button", name="Share")).to_be_visible()
        bob.reload()
        expect(bob.get_by_role("alert")).to_contain_text("no submission", ignore_case=True)
        # On the leaderboard they are both, by name
        submit(bob, problem, RIGHT["python"], "Accepted")
        bob.goto(f"/standings?problem={problem}")
        expect(bob.get_by_role("row").filter(has_text="ada")).to_have_count(1)
        expect(bob.get_by_role("row").filter(has_text="bob")).to_contain_text("you")


def test_history_reopens_what_was_sent_and_the_list_knows_what_is_solved(
    admin: Page, browser: Browser, service: Service, problem: str
) -> None:
    with somebody(browser, service) as page:
        join(page, invited(admin), "cleo")
        address = submit(page, problem, WRONG, "Wrong answer")
        page.goto("/")
        row = page.get_by_role("row").filter(has_text="Sum of two")
        expect(row.get_by_text("solved")).to_have_count(0)
        submit(page, problem, RIGHT["python"], "Accepted")
        page.goto("/")
        expect(row.get_by_text("solved")).to_have_count(1)
        expect(row).to_contain_text("%")
        # The history has both, the newest first
        page.get_by_role("link", name="Submissions").click()
        verdicts = page.locator(".list tbody .pill")
        expect(verdicts).to_have_text(["Accepted", "Wrong answer"])
        # What changed between the two is shown, as words and by an address of its own
        expect(page.locator(".list .about").first).to_have_text("Sum of two")
        verdicts.first.click()
        page.get_by_label("Compare with").select_option(index=1)
        expect(page.get_by_text("1 line added, 1 removed.")).to_be_visible()
        expect(page.locator(".difference .cm-deletedChunk")).to_contain_text("print(a - b)")
        expect(page.locator(".difference .cm-changedLine")).to_contain_text("print(a + b)")
        assert grave(page) == []
        page.reload()
        expect(page.locator(".difference .cm-deletedChunk")).to_contain_text("print(a - b)")
        page.get_by_label("Compare with").select_option("nothing")
        expect(page.locator(".difference")).to_have_count(0)
        expect(page.get_by_label("Code", exact=True)).to_contain_text("print(a + b)")
        # And the earlier program is in the editor again
        page.goto("/history")
        verdicts.last.click()
        page.wait_for_url(address)
        expect(page.locator(".diff pre").last).to_contain_text("-1")
        page.get_by_role("link", name="Open in the editor").click()
        expect(page.get_by_label("Code", exact=True)).to_contain_text("print(a - b)")
        expect(page.get_by_role("button", name="Submit")).to_be_enabled()


def test_a_name_and_a_password_open_the_same_account_again(
    admin: Page, browser: Browser, service: Service, problem: str
) -> None:
    link = invited(admin)
    with somebody(browser, service) as page:
        # A bad name is told at its field
        page.goto(link)
        page.get_by_label("Name").fill("9")
        page.get_by_role("button", name="Join").click()
        expect(page.get_by_role("alert")).to_contain_text("a letter first")
        expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
        join(page, link, "dora", SECRET)
        # An invitation for one lets no second one in, and says so before anything is filled in
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("was used")
        expect(page.get_by_label("Name")).to_have_count(0)
        # Another password, and out
        page.get_by_label("Account: dora").click()
        page.get_by_role("link", name="Change password").click()
        page.get_by_label("Password so far").fill(SECRET)
        page.get_by_label("New password").fill(SECRET + "!")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("The password is changed.")).to_be_visible()
        page.get_by_label("Account: dora").click()
        page.locator(".menu").get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Account: dora")).to_have_count(0)
        # The old one opens nothing, the new one does
        go(page, "/sign-in")
        page.get_by_label("Name").fill("dora")
        page.get_by_label("Password").fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Password").fill(SECRET + "!")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Account: dora")).to_be_visible()


def test_an_admin_lets_in_and_takes_out(
    admin: Page, browser: Browser, service: Service, problem: str
) -> None:
    # An invitation that was revoked opens nothing
    link = invited(admin)
    admin.get_by_role("button", name="Revoke").first.click()
    expect(admin.get_by_role("button", name="Revoke")).to_have_count(0)
    with somebody(browser, service) as page:
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("was used")
        join(page, invited(admin), "fay")
        # A sign-in link brings somebody back who has no password
        page.context.clear_cookies()
        admin.reload()
        admin.get_by_role("button", name="Sign-in link for fay").click()
        go(page, admin.locator(".notice code").inner_text())
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Account: fay")).to_be_visible()
        # What is the operator's is not hers
        page.goto("/admin")
        expect(page.get_by_role("alert")).to_contain_text("admin")
        expect(page.get_by_role("button", name="Make an invitation")).to_have_count(0)
        # And an account that is deleted is out at once
        admin.on("dialog", lambda dialog: dialog.accept())
        admin.get_by_role("button", name="Delete fay").click()
        expect(admin.get_by_role("row").filter(has_text="fay")).to_have_count(0)
        go(page, "/history")
        page.wait_for_url("**/sign-in?**")
    # The service is seen at work
    expect(admin.get_by_text("Slots busy")).to_be_visible()
    expect(admin.get_by_role("row").filter(has_text="Working")).to_have_count(1)


def test_a_stranger_is_sent_to_sign_in_and_then_where_he_wanted(
    admin: Page, browser: Browser, service: Service
) -> None:
    with somebody(browser, service) as page:
        join(page, invited(admin), "gus", SECRET)
        page.context.clear_cookies()
        # Somebody without a session, by another name of the host than this machine's own
        page.set_extra_http_headers({"x-forwarded-for": "10.0.0.7"})
        go(page, "/history?problem=none")
        page.wait_for_url("**/sign-in?next=**")
        page.get_by_label("Name").fill("gus")
        page.get_by_label("Password").fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/history?problem=none")
        expect(page.get_by_role("heading", level=1)).to_contain_text("none")
        # No link brings anybody to another site
        page.goto("/sign-in?next=//evil.example/")
        page.wait_for_url(f"{service.url}/")
