"""The ledger's pages, as a browser asks them."""

import pytest
from django.urls import reverse

from panshi.ledger.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "FINANCE")


def test_the_journal_shows_a_month_and_an_account(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node), make.entry(node, ("1002", 40), ("2203", -40)))
    url = reverse("ledger-journal")
    whole = page(client.get(url, {"month": "2027-06"}))
    assert whole.count("Balanced") == 2
    only = page(client.get(url, {"month": "2027-06", "account": "2203"}))
    assert only.count("Balanced") == 1
    assert "Balanced" not in page(client.get(url, {"month": "2027-07"}))


def test_the_journal_pages_through_a_long_month(client: Window, node: OrgNode) -> None:
    make.post(node, *(make.entry(node) for _ in range(60)))
    url = reverse("ledger-journal")
    first = client.get(url, {"month": "2027-06"})
    assert page(first).count("Balanced") == 50
    rest = client.get(url, {"month": "2027-06", "cursor": str(first.context["next"])})
    assert page(rest).count("Balanced") == 10


def test_the_trial_balance_closes_the_month(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node))
    url = reverse("ledger-trial-balance")
    assert "113.00" in page(client.get(url, {"month": "2027-06"}))
    assert client.post(reverse("ledger-close-month"), {"month": "2027-06"}).status_code == 302
    assert "Month closed" in page(client.get(url, {"month": "2027-06"}))


def test_the_book_leaves_as_text(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node))
    assert "Assets:A1122" in page(client.get(reverse("ledger-book")))


def test_an_engineer_sees_no_books(node: OrgNode) -> None:
    answer = window(node, "ENGINEER").get(reverse("ledger-journal"))
    assert answer.status_code in (403, 404, 409)
