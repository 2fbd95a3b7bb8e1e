"""`bench page`: opening a problem and typing in a long program, in this machine's Chromium.

It needs Playwright, which comes with the tests, and a Chromium.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.local.api import Api
from infra.local.benches import served
from infra.local.benches.figures import Part, Value, quantile, repeated
from infra.local.failure import Failure
from infra.local.problems.new import new
from infra.local.problems.sending import install

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

_SAMPLES = 7
LINES: Final = 2000
_KEYS: Final = 100
_PROBLEM = "sumoftwo"

#: Runs before the page's own scripts. It looks, once a frame, whether somebody could begin to
#: work: code in the editor, a language, a button to submit by. And it hears of long tasks.
_WATCH = """
window.seen = { readyMs: null, longTasks: 0, keysMs: [] };
new PerformanceObserver(list => { seen.longTasks += list.getEntries().length; })
    .observe({ type: "longtask", buffered: true });
const look = () => {
    const select = document.querySelector("#language");
    const button = [...document.querySelectorAll(".coding button")].at(-1);
    const isReady = select?.value && button && !button.disabled
        && document.querySelector(".cm-line")?.textContent;
    if (isReady) seen.readyMs = performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
#: From a key to the frame that shows it.
_TIME_KEYS = """() => {
    seen.longTasks = 0;
    document.addEventListener("keydown", () => {
        const began = performance.now();
        const channel = new MessageChannel();
        channel.port1.onmessage = () => seen.keysMs.push(performance.now() - began);
        requestAnimationFrame(() => channel.port2.postMessage(null));
    }, { capture: true });
}"""


@dataclass
class Opened:
    """How a page came to be there."""

    ready_ms: float
    cpu_ms: float
    #: Compressed, with headers: everything that was fetched.
    bytes: int
    long_tasks: int


def measure(samples: int | None) -> Part:
    """A browser that has been nowhere yet, for each sample."""
    part = Part(
        "The page: a problem is opened, and a key is pressed in a program of 2 000 lines",
        [
            "open: from the navigation until code, language and button are there; nothing cached.",
            "bare: an answer of 15 bytes, opened in the same way.",
            "key: from the key until the frame that shows it; a frame is up to 17 ms away.",
            "cpuMs: of the page's main thread, for one opening, for one key: it is the figure to "
            "compare on a busy machine.",
            "bytes: all that came over the wire for one opening. longTasks: over 50 ms, in all.",
        ],
    )
    with served.service() as service, chromium() as browser:
        url = prepared(service.url)
        bare = [_bare(browser, service.url) for _ in repeated(samples or _SAMPLES)]
        found = [opened(browser, url) for _ in repeated(samples or _SAMPLES)]
        keys = typed(browser, url, _KEYS if samples is None else samples)
    part.rows = [_row_of("open", found), _row_of("bare", bare), keys]
    return part


def prepared(service_url: str) -> str:
    """A problem is installed; the address of its page."""
    with tempfile.TemporaryDirectory() as folder:
        install(Api(service_url), new(_PROBLEM, Path(folder)))
    return f"{service_url.rstrip('/')}/p/{_PROBLEM}"


@contextmanager
def chromium() -> Iterator[Browser]:
    """This machine's.

    Raises:
        Failure: there is none, or nothing to drive it by.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Failure("Playwright is not installed: `local_runner.py test` brings it.") from None
    if path is None:
        raise Failure("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def opened(browser: Browser, url: str) -> Opened:
    """Open a page with nothing cached, until somebody could work there."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(_WATCH)
    wire = _wired(page)
    lengths: list[int] = []
    wire.on("Network.loadingFinished", lambda told: lengths.append(int(told["encodedDataLength"])))
    wire.send("Network.enable")
    page.goto(url)
    ready_ms = _until_ready(page)
    cpu_ms = _cpu_ms(wire)
    page.wait_for_load_state("networkidle")
    long_tasks = page.evaluate("seen.longTasks")
    page.goto("about:blank")
    return Opened(ready_ms, cpu_ms, sum(lengths), long_tasks)


def typed(browser: Browser, url: str, count: int) -> dict[str, Value]:
    """So many keys in the middle of a long program."""
    line = "value = [number * 2 for number in range(10)]  # a line like others"
    code = json.dumps("\n".join([line] * LINES))
    context = browser.new_context()
    page = context.new_page()
    wire = _wired(page)
    name = json.dumps(f"assay/code:problem:{_PROBLEM}:python")
    page.add_init_script(f"localStorage.setItem({name}, JSON.stringify({code}));\n{_WATCH}")
    page.goto(url)
    _until_ready(page)
    page.get_by_label("Code", exact=True).focus()
    for _ in range(10):
        page.keyboard.press("PageDown")
    page.evaluate(_TIME_KEYS)
    before_ms = _cpu_ms(wire)
    for number in range(count):
        page.keyboard.press("Enter" if number % 20 == 19 else "abcdef ()"[number % 9])
    keys_ms: list[float] = []
    while len(keys_ms) < count:
        keys_ms = page.evaluate("seen.keysMs")
    cpu_ms = (_cpu_ms(wire) - before_ms) / count
    long_tasks = page.evaluate("seen.longTasks")
    page.goto("about:blank")
    return _row("key", keys_ms, cpu_ms, None, long_tasks)


def _wired(page: Page) -> CDPSession:
    """What tells of the network, and of the CPU time of the page's own thread."""
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable", {"timeDomain": "threadTicks"})
    return wire


def _cpu_ms(wire: CDPSession) -> float:
    metrics = {it["name"]: it["value"] for it in wire.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]) * 1000


def _until_ready(page: Page) -> float:
    page.locator(".cm-line").first.wait_for()
    while (ready_ms := page.evaluate("seen.readyMs")) is None:
        page.wait_for_timeout(5)
    return float(ready_ms)


def _bare(browser: Browser, url: str) -> Opened:
    context = browser.new_context()
    page = context.new_page()
    wire = _wired(page)
    page.goto(f"{url.rstrip('/')}/healthz")
    ended_ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    cpu_ms = _cpu_ms(wire)
    page.goto("about:blank")
    return Opened(float(ended_ms), cpu_ms, 0, 0)


def _row_of(what: str, found: list[Opened]) -> dict[str, Value]:
    times_ms = [it.ready_ms for it in found]
    cpu_ms = quantile([it.cpu_ms for it in found], 0.5)
    size = found[0].bytes or None
    return _row(what, times_ms, cpu_ms, size, sum(it.long_tasks for it in found))


def _row(
    what: str, times_ms: list[float], cpu_ms: float, size: int | None, long_tasks: int
) -> dict[str, Value]:
    return {
        "what": what,
        "samples": len(times_ms),
        "p50Ms": quantile(times_ms, 0.5),
        "p95Ms": quantile(times_ms, 0.95),
        "cpuMs": round(cpu_ms, 3),
        "bytes": size,
        "longTasks": long_tasks,
    }
