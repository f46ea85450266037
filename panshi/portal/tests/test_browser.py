"""Booking on a phone, with and without scripts."""

import pytest
from playwright.sync_api import Page, expect

from tests.site import Opener

pytestmark = [pytest.mark.browser, pytest.mark.needs_database, pytest.mark.plain]


def _book(page: Page, code: str) -> None:
    """From home to the confirmed booking: vehicle, service, place, time, confirm."""
    page.locator(".act-main").click()
    page.locator(".rows .row").first.click()
    page.locator(f'a[href*="item={code}"]').click()
    page.locator("#address").fill("科苑路 8 号")
    page.locator("#place-form .btn-primary").click()
    page.locator(".chip").nth(1).click()
    page.locator(".slot").first.click()
    page.locator(".foot .btn-primary").click()
    page.wait_for_url(lambda url: "/portal/orders/" in url)


def test_booking_reaches_the_confirmed_order(phone: Opener) -> None:
    page = phone("kuaijie", "/portal/", language="en")

    _book(page, "ROUTINE_SERVICE")

    expect(page.get_by_text("Booked. We will tell you")).to_be_visible()
    expect(page.get_by_text("Expected arrival")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator('a[href^="/p/"]').click()
    expect(page.locator("#progress .way-now")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if url.endswith("/none")]


def test_a_press_on_where_i_am_leads_to_the_times(phone: Opener) -> None:
    page = phone("shunda", "/portal/book/", language="en")
    page.locator(".rows .row").first.click()
    page.locator('a[href*="item=TYRE_ROTATION"]').click()

    page.locator("[data-locate]").click()

    page.wait_for_url("**/portal/book/time/**")
    expect(page.locator(".slot").first).to_be_visible()


def test_booking_works_without_scripts(phone: Opener) -> None:
    page = phone("shunda", "/portal/", scripts=False)

    _book(page, "TYRE_ROTATION")

    expect(page.locator(".way-now")).to_be_visible()
