"""The ledger's pages, as a browser asks them."""

from datetime import date

import pytest
from django.urls import reverse

from panshi.ledger import services
from panshi.ledger.models import Entry
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


def test_a_month_is_closed_from_its_checklist(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node, ("1002", 113), ("4103", -113)))
    assert "113.00" in page(client.get(reverse("ledger-trial-balance"), {"month": "2027-06"}))
    url = reverse("ledger-months")
    assert "Close month" in page(client.get(url, {"month": "2027-06"}))
    given = {"month": "2027-06", "org": str(node.id)}
    assert client.post(reverse("ledger-close-month"), given).status_code == 302
    assert "Month closed" in page(client.get(url, {"month": "2027-06"}))
    assert "Month closed" in page(client.get(reverse("ledger-trial-balance"), {"month": "2027-06"}))


def test_two_people_open_a_month_again_and_see_what_changed(client: Window, node: OrgNode) -> None:
    given = {"month": "2027-06", "org": str(node.id)}
    client.post(reverse("ledger-close-month"), given)
    asked = client.post(reverse("ledger-ask-reopening"), {**given, "reason": "漏记运费"})
    assert asked.status_code == 302
    url = reverse("ledger-months")
    assert "Another person must open the month." in page(client.get(url, given))
    second = window(node, "FINANCE")
    assert "漏记运费" in page(second.get(url, given))
    assert second.post(reverse("ledger-reopen-month"), given).status_code == 302
    make.post(node, make.entry(node, ("1002", 40), ("4103", -40)))
    assert "40.00" in page(second.get(url, given))


def test_the_whole_tree_lists_its_books(node: OrgNode) -> None:
    hq = window(org_make.platform(), "ADMINISTRATOR")
    url = reverse("ledger-months")
    assert node.name in page(hq.get(url, {"month": "2027-06"}))
    assert "What must hold" in page(hq.get(url, {"month": "2027-06", "org": str(node.id)}))


def test_the_promises_are_counted_on_demand(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node, ("1002", 113), ("4103", -113)))
    url = reverse("ledger-invariants")
    assert "Never looked at" in page(client.get(url))
    assert client.post(reverse("ledger-check-invariants")).status_code == 302
    shown = page(client.get(url))
    assert "All hold" in shown
    assert "113.00" in shown


def test_the_book_leaves_as_text(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node))
    assert "Assets:A1122" in page(client.get(reverse("ledger-book")))


def test_an_engineer_sees_no_books(node: OrgNode) -> None:
    answer = window(node, "ENGINEER").get(reverse("ledger-journal"))
    assert answer.status_code in (403, 404, 409)


def test_an_entry_and_its_reversal_lead_to_each_other(client: Window, node: OrgNode) -> None:
    make.post(node, make.entry(node))
    entry = Entry.objects.get(org=node)
    url = reverse("ledger-entry", args=[entry.id])
    assert "reversed this one" not in page(client.get(url))
    fact = services.reverse_entry(
        entry_id=entry.id, occurred_on=date(2027, 7, 2), actor=make.clerk(node), at=make.NOON
    )
    mirror = reverse("ledger-entry", args=[fact.reversal_id])
    assert f'href="{mirror}"' in page(client.get(url))
    assert f'href="{url}"' in page(client.get(mirror))
