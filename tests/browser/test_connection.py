"""The page and its connection: cut, silent, resumed; and its place in a line that is long."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Service, put_code
from tests.browser.test_page import SOON_MS, verdict
from tests.browser.wire import Wire, wire_to
from tests.infra.eventually import eventually

expect.set_options(timeout=SOON_MS)

SLOW = "import time\nfor n in range(25):\n    print(n, flush=True); time.sleep(0.1)\n"
WHOLE = "".join(f"{n}\n" for n in range(25))


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    with wire_to(service.url) as opened:
        yield opened


def begin(page: Page, url: str, code: str, *, is_open: bool = False) -> None:
    if not is_open:
        page.goto(f"{url}/play")
    expect(page.get_by_label("Language")).not_to_have_value("")
    page.get_by_label("Language").select_option("python")
    put_code(page, code)
    page.get_by_role("button", name="Run").click()


def test_a_cut_in_the_middle_loses_nothing_and_doubles_nothing(page: Page, wire: Wire) -> None:
    begin(page, wire.url, SLOW)
    expect(page.locator(".output")).to_contain_text("3\n")
    # When the wire is cut in the middle of a run, the page says so
    wire.cut()
    expect(page.locator("#connection")).to_contain_text("Connection lost")
    # And when it is there again, all that happened meanwhile comes once, in order
    wire.mend()
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text(WHOLE)
    expect(page.locator("#connection")).to_be_hidden()


def test_what_ended_during_the_cut_is_told_after_it(page: Page, wire: Wire) -> None:
    begin(page, wire.url, "import time\nprint('a', flush=True); time.sleep(1); print('b')\n")
    expect(page.locator(".output")).to_contain_text("a\n")
    wire.cut()
    expect(page.locator("#connection")).to_contain_text("Connection lost")
    wire.mend()
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("a\nb\n")


def test_a_line_typed_during_the_cut_is_heard_after_it(page: Page, wire: Wire) -> None:
    page.goto(f"{wire.url}/play")
    expect(page.get_by_label("Language")).not_to_have_value("")
    page.get_by_label("Type input while it runs").check()
    begin(page, wire.url, "print('ready', flush=True); print('heard', input())", is_open=True)
    expect(page.locator(".output")).to_contain_text("ready\n")
    wire.cut()
    expect(page.locator("#connection")).to_contain_text("Connection lost")
    typed = page.get_by_label("A line of input for the running program")
    typed.fill("hello")
    typed.press("Enter")
    expect(page.get_by_text("The line is sent when the connection is there.")).to_be_visible()
    wire.mend()
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("ready\nheard hello\n")


def test_a_network_that_went_silent_is_noticed(page: Page, wire: Wire) -> None:
    page.clock.install()
    begin(page, wire.url, SLOW)
    expect(page.locator(".output")).to_contain_text("3\n")
    # Given a network that was lost without any connection being closed
    wire.go_silent()
    shown = page.locator("#connection")
    # When it has been silent for long, then the page gives it up and says so
    eventually(lambda: after(page, 6_000) and shown.is_visible(), 30)
    expect(shown).to_contain_text("Connection lost")
    wire.cut()
    wire.mend()
    eventually(lambda: after(page, 2_000) and shown.is_hidden(), 30)
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text(WHOLE)


def after(page: Page, elapsed_ms: int) -> bool:
    """The page's timers are told that so much time has passed."""
    page.clock.fast_forward(elapsed_ms)
    return True


def test_a_submission_whose_answer_was_lost_is_not_made_twice(page: Page, service: Service) -> None:
    # Given a service that takes the submission while its answer is lost on the way
    before = total(service)
    lost = 0

    def lose_first(route: Route) -> None:
        nonlocal lost
        response = route.fetch()
        lost += 1
        if lost == 1:
            route.abort()
        else:
            route.fulfill(response=response)

    page.route("**/submit", lose_first)
    begin(page, service.url, "print('once')")
    # Then the page asks again, and it is the same submission
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("once\n")
    assert lost == 2
    assert total(service) == before + 1


def total(service: Service) -> int:
    with urllib.request.urlopen(f"{service.url}/status") as answer:
        return int(json.load(answer)["totals"]["submitted"])


def test_who_waits_knows_his_place_in_line(page: Page, service: Service) -> None:
    # Given every slot taken, and one more in line
    with urllib.request.urlopen(f"{service.url}/status") as answer:
        slots = int(json.load(answer)["slots"])
    busy = [send(service, "import time; time.sleep(50)") for _ in range(slots + 1)]
    begin(page, service.url, "print('at last')")
    # Then the page tells how many are before, and when there are fewer
    expect(page.locator(".verdict")).to_have_text("Queued1 before it in line")
    expect(page.get_by_role("status").filter(has_text="Queued: 1 before it")).to_have_count(1)
    cancel(service, busy.pop())
    expect(page.locator(".verdict")).to_have_text("Queuednext in line")
    for submission_id in busy:
        cancel(service, submission_id)
    verdict(page, "Completed")
    expect(page.locator(".output")).to_have_text("at last\n")


def send(service: Service, code: str) -> str:
    body = json.dumps({"language": "python", "code": code, "limits": {"wallTimeMs": 60_000}})
    request = urllib.request.Request(
        f"{service.url}/submit", body.encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])


def cancel(service: Service, submission_id: str) -> None:
    url = f"{service.url}/submission/{submission_id}"
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE")):
        pass
