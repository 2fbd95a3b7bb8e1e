"""Statements as Chromium reads them: hostile ones do nothing, formulas are shown as formulas."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, Route

from shared.problems.statements import Sample, render
from tests.shared.statements.checker import HTML, MATHML
from tests.shared.statements.vectors import HOSTILE

_ADDRESS = "http://127.0.0.1/statement"


def show(page: Page, html: str) -> list[str]:
    """Open a page of this HTML without any content policy; the addresses it asks for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.url == _ADDRESS:
            route.fulfill(body=f"<!doctype html><body>{html}</body>", content_type="text/html")
        else:
            route.fulfill(status=404, body="")

    page.route("**/*", answer)
    page.goto(_ADDRESS, wait_until="load")
    return asked[1:]


def test_no_known_attack_runs_or_fetches_anything_in_a_browser(page: Page) -> None:
    faults: list[str] = []

    def note(dialog: Dialog) -> None:
        faults.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    sample = Sample(input="<script>alert(1)</script>", output="<img src=x onerror=alert(1)>")
    html = "".join(
        f"<div>{render(source.encode(), kind, problem_id='sum', samples=[sample]).html}</div>"
        for source in HOSTILE
        for kind in ("md", "tex", "html", "txt")
    )
    asked = show(page, html)
    assert faults == []
    assert all(url.startswith("http://127.0.0.1/problems/sum/files/") for url in asked)
    elements = page.evaluate(
        "[...document.body.querySelectorAll('*')].map(it => [it.localName, it.namespaceURI])"
    )
    assert len(elements) > 1000
    for name, namespace in elements:
        assert name in (MATHML if namespace.endswith("MathML") else HTML)
    assert not page.evaluate(
        "[...document.body.querySelectorAll('*')].some(it => it.getAttributeNames().some("
        "name => name.startsWith('on') || name === 'style'))"
    )


def test_formulas_are_laid_out_by_the_browser_alone(page: Page) -> None:
    show(page, render(rb"$$\frac{1}{2}$$ and $x$", "md", problem_id="sum").html)
    fraction = page.locator("mfrac").bounding_box()
    above, below = (page.locator("mfrac mn").nth(i).bounding_box() for i in (0, 1))
    assert fraction and above and below
    assert above["y"] + above["height"] <= below["y"] + 1
