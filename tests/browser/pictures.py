"""Makes the pictures of README and docs, from the real service with people who solve problems.

    .venv/bin/python -m tests.browser.pictures            # its own service, into docs/images/
    .venv/bin/python -m tests.browser.pictures URL FOLDER # one that runs on this machine

Everything in them is real: the sample problems, their example programs, what was measured.
Chromium itself writes WebP, so nothing else is needed.
"""

from __future__ import annotations

import base64
import contextlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import (
    APIRequestContext,
    Browser,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from infra.local.api import Api
from infra.local.problems.sending import install
from tests.browser.conftest import QUIET, chromium, put_code
from tests.infra.running import running

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "infra" / "catalogue"
IMAGES = ROOT / "docs" / "images"
SOON_MS = 60_000
MOST_BYTES = 80_000

#: Who is there, and how many of the problems each has solved.
PEOPLE = {
    "Noor": 17,
    "Ilse": 15,
    "Tomas": 14,
    "Mika": 11,
    "Wren": 9,
    "Adaeze": 8,
    "Jonas": 5,
    "Yuki": 4,
}
READER = "Mika"
LANGUAGES = {".py": "python", ".js": "javascript", ".cpp": "cpp20"}

#: Slow enough that some tests are done and others not when the picture is taken.
SOLUTION = """import sys
import time


def ferries(places: int, groups: list[int]) -> int:
    \"\"\"How many it takes when each has so many places.\"\"\"
    count, free = 0, 0
    for size in groups:
        if size > free:
            count, free = count + 1, places
        free -= size
    return count


def main() -> None:
    _, most, *groups = map(int, sys.stdin.read().split())
    low, high = max(groups), sum(groups)
    time.sleep(0.25)
    while low < high:
        middle = (low + high) // 2
        if ferries(middle, groups) <= most:
            high = middle
        else:
            low = middle + 1
    print(low)


main()
"""


def main() -> None:
    """Fill the service, take the pictures."""
    url, folder = (sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 2 else ("", IMAGES)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        url = url or stack.enter_context(_service())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        stack.callback(browser.close)
        expect.set_options(timeout=SOON_MS)
        _Pictures(browser, url.rstrip("/"), folder).take()


@contextlib.contextmanager
def _service() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offered = {"ASSAY_LANGUAGES": ",".join(LANGUAGES.values())}
        serve = [sys.executable, "local_runner.py"]
        with running(serve, folder / "state", folder / "output", **offered) as started:
            yield started.ready()["url"]


class _Pictures:
    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self._browser, self._url, self._folder = browser, url, folder

    def take(self) -> None:
        """All of them."""
        session = self._fill()
        for name, scheme, width, height in (
            ("problems", "light", 1280, 800),
            ("problem", "light", 1280, 800),
            ("leaderboard", "dark", 1280, 800),
            ("phone", "dark", 390, 844),
        ):
            context = self._browser.new_context(
                base_url=self._url,
                storage_state=session,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page = context.new_page()
            getattr(self, f"_{name}")(page)
            self._save(page, name)
            context.close()

    def _problems(self, page: Page) -> None:
        page.goto("/")
        expect(page.locator(".list tbody tr")).not_to_have_count(0)

    def _problem(self, page: Page) -> None:
        page.goto("/p/nightferry")
        expect(page.get_by_label("Language")).not_to_have_value("")
        page.get_by_label("Language").select_option("python")
        put_code(page, SOLUTION)
        page.keyboard.press("Control+Home")
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".grid button.cell")).not_to_have_count(0)
        page.wait_for_selector(".grid li:nth-child(7) button")

    def _leaderboard(self, page: Page) -> None:
        page.goto("/standings")
        expect(page.locator(".list tbody tr")).not_to_have_count(0)

    def _phone(self, page: Page) -> None:
        page.goto("/p/nightferry")
        expect(page.get_by_label("Language")).not_to_have_value("")
        page.get_by_label("Language").select_option("python")
        put_code(page, SOLUTION.replace("    time.sleep(0.25)\n", ""))
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".verdict strong")).to_have_text("Accepted")
        expect(page.locator(".spread")).to_have_count(2)
        page.locator(".coding").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('.coding').scrollIntoView()")

    def _save(self, page: Page, name: str) -> None:
        """As WebP, which the browser makes on an empty page."""
        png = page.screenshot(animations="disabled")
        blank = page.context.new_page()
        data = blank.evaluate(
            """async png => {
                const image = await createImageBitmap(await (await fetch(png)).blob());
                const canvas = new OffscreenCanvas(image.width, image.height);
                canvas.getContext("2d").drawImage(image, 0, 0);
                const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.78 });
                const bytes = new Uint8Array(await blob.arrayBuffer());
                return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
            }""",
            "data:image/png;base64," + base64.b64encode(png).decode(),
        )
        content = base64.b64decode(data)
        if len(content) > MOST_BYTES:
            raise SystemExit(f"{name}.webp has {len(content)} bytes, and may have {MOST_BYTES}")
        (self._folder / f"{name}.webp").write_bytes(content)
        print(f"{name}.webp: {len(content)} bytes")

    def _fill(self) -> StorageState | None:
        """Problems, people, and what they sent in; gives the session of one of them."""
        api = Api(self._url)
        packages = sorted(path for path in CATALOGUE.iterdir() if (path / "problem.yaml").exists())
        for package in packages:
            install(api, package)
        invite = api.json("POST", "/invites", {"uses": len(PEOPLE)})
        token = re.sub(r".*token=", "", invite["url"])
        session: StorageState | None = None
        for place, (name, solved) in enumerate(PEOPLE.items()):
            context = self._browser.new_context(base_url=self._url)
            body = {"token": token, "name": name}
            assert context.request.post("/accounts", data=body).ok
            self._work(context.request, packages, solved, place)
            if name == READER:
                session = context.storage_state()
            context.close()
        return session

    def _work(
        self, request: APIRequestContext, packages: list[Path], solved: int, place: int
    ) -> None:
        """One person's evening: some solve at once, some after a try that fails."""
        turned = packages[place:] + packages[:place]
        for at, package in enumerate(turned[: solved + 2]):
            if (at + place) % 2:
                self._send(request, package, "wrong_answer", place)
            if at < solved:
                self._send(request, package, "accepted", place)

    def _send(self, request: APIRequestContext, package: Path, kind: str, place: int) -> None:
        folder = package / "submissions" / kind
        known = sorted(it for it in folder.glob("*") if it.suffix in LANGUAGES)
        if not known:
            return
        program = known[place % len(known)]
        body = {
            "problemId": package.name,
            "language": LANGUAGES[program.suffix],
            "code": program.read_text(),
        }
        request.post("/submit?wait=60", data=body)


if __name__ == "__main__":
    main()
