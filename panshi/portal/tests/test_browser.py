"""Booking on a phone, with and without scripts."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Opener

pytestmark = [pytest.mark.browser, pytest.mark.needs_database, pytest.mark.plain]


def _book(page: Page) -> int:
    """From home to the confirmed booking by the shortest way; answers how many taps it took."""
    taps = [
        lambda: page.locator(".act-main").click(),
        lambda: page.locator(".rows .row").first.click(),
        lambda: page.locator(".rows .row").nth(3).click(),
    ]
    for tap in taps:
        tap()
    page.locator("#address").fill("科苑路 8 号")
    page.locator("#place-form .btn-primary").click()
    page.locator(".chip").nth(1).click()
    page.locator(".slot").first.click()
    page.locator(".foot .btn-primary").click()
    return 5


def test_booking_reaches_the_confirmed_order(phone: Opener) -> None:
    page = phone("kuaijie", "/portal/", django_language="en")

    _book(page)

    page.wait_for_url("**/portal/orders/*/")
    expect(page.get_by_text("Booked. We will tell you")).to_be_visible()
    expect(page.get_by_text("Expected arrival")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_press_on_where_i_am_leads_to_the_times(phone: Opener) -> None:
    page = phone("shunda", "/portal/book/", django_language="en")
    page.locator(".rows .row").first.click()
    page.locator(".rows .row").nth(2).click()

    page.locator("[data-locate]").click()

    page.wait_for_url("**/portal/book/time/**")
    expect(page.locator(".slot").first).to_be_visible()


def test_booking_works_without_scripts(phone: Opener) -> None:
    page = phone("shunda", "/portal/", scripts=False)
    page.locator(".act-main").click()
    page.locator(".rows .row").first.click()
    page.locator(".rows .row").nth(4).click()
    page.locator("#address").fill("科苑路 8 号")
    page.locator("#place-form .btn-primary").click()
    page.locator(".chip").nth(1).click()
    page.locator(".slot").nth(1).click()
    page.locator(".foot .btn-primary").click()

    page.wait_for_url("**/portal/orders/*/")
    expect(page.locator(".way-now")).to_be_visible()
