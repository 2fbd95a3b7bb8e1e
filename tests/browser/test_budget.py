"""What a page may weigh: a phone on a slow line opens it, too. Times are the bench's business."""

from __future__ import annotations

from playwright.sync_api import Browser

from infra.local.benches.page import opened
from tests.browser.conftest import Service

MOST_BYTES = 300_000


def test_the_first_load_of_a_problem_is_within_its_budget(
    browser: Browser, service: Service, problem: str
) -> None:
    found = opened(browser, f"{service.url}/p/{problem}")
    assert 50_000 < found.bytes <= MOST_BYTES
    assert found.ready_ms > 0
