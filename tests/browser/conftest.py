"""One Chromium for the tests of this folder, driven by Playwright."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from infra.local.api import Api
from infra.local.problems.new import new
from infra.local.problems.sending import install
from tests.infra.eventually import eventually
from tests.infra.running import running

_LONGEST_S = 600.0
#: Process ids of Chromiums.
_running: set[int] = set()
WANTED = {"python", "javascript", "typescript"}

#: Without these, Chromium asks its maker's servers for this and that.
QUIET = (
    "--no-sandbox",  # its own sandbox does not start for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where this machine has one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@dataclass
class Service:
    """A running local runner."""

    url: str

    def languages(self) -> set[str]:
        """The names of those it offers by now."""
        with urllib.request.urlopen(f"{self.url}/languages") as answer:
            return {it["name"] for it in json.load(answer)["languages"]}


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The whole service, as its one command starts it."""
    folder = tmp_path_factory.mktemp("service")
    serve = [sys.executable, "local_runner.py"]
    offered = {"ASSAY_LANGUAGES": ",".join(sorted(WANTED))}
    with running(serve, folder / "state", folder / "output", **offered) as started:
        found = Service(url=started.ready()["url"])
        # On a busy machine a language may still be tried out when the service is ready.
        eventually(lambda: found.languages() >= WANTED, 120)
        yield found


@pytest.fixture(scope="package")
def problem(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An installed problem, "Sum of two": one sample and three secret tests."""
    package = new("sumoftwo", tmp_path_factory.mktemp("packages"))
    install(Api(service.url), package)
    return "sumoftwo"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium. Its event loop must end with this folder.

    Where there is none the tests are skipped, but not in CI.
    """
    path = chromium()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        wire = launched.new_browser_cdp_session()
        processes = wire.send("SystemInfo.getProcessInfo")["processInfo"]
        [pid] = [int(it["id"]) for it in processes if it["type"] == "browser"]
        _running.add(pid)
        yield launched
        _kill()  # see `watched`


def _kill() -> None:
    while _running:
        os.kill(_running.pop(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """A test that waits for a browser for ever fails, rather than the suite."""
    timer = threading.Timer(_LONGEST_S, _kill)
    timer.start()
    yield
    timer.cancel()


@contextmanager
def watched(context: BrowserContext) -> Iterator[Page]:
    """A page whose script errors, and refusals of its content policy, fail the test.

    Its context stays until Chromium is killed: once in some thousand times closing one was seen
    never to come back.
    """
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: faults.append(message.text) if "Policy" in message.text else None,
    )
    yield opened
    go(opened, "about:blank")
    assert faults == []


def go(page: Page, url: str) -> None:
    """To an address, whatever the page itself is on the way to.

    A page that finds itself signed out goes to sign-in of its own accord, and from there back. When
    that begins in this very moment, it interrupts what is asked for here.
    """
    for left in reversed(range(3)):
        try:
            page.goto(url)
        except Error as error:
            if not left or "interrupted by another navigation" not in error.message:
                raise
        else:
            return


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page."""
    with watched(browser.new_context(viewport={"width": 1280, "height": 900})) as opened:
        yield opened


def put_code(page: Page, code: str) -> None:
    """Replace the editor's text, by pasting: a browser that is told to insert text into an
    editable element makes styled elements of its own, which the content policy refuses."""
    editor = page.get_by_label("Code", exact=True)
    editor.press("Control+a")
    editor.evaluate(
        """(it, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const options = { clipboardData: data, bubbles: true, cancelable: true };
            it.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        code,
    )
