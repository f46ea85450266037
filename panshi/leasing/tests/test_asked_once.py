"""Pages of a lease ask what they need once, and for a review only where something is late."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panshi.billing.models import BillBalance
from panshi.kit.clock import local_day
from panshi.leasing.tests import make
from panshi.leasing.tests.test_owning import drafted
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, window


def times_asked(desk: Window, url: str, table: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert desk.get(url).status_code == 200
    return sum(f'FROM "{table}"' in query["sql"] for query in seen.captured_queries)


def test_only_a_lease_that_is_late_is_asked_about_a_review() -> None:
    org = org_make.operator()
    lease = make.active(org=org)
    desk, url = window(org, "DECISION_MAKER"), reverse("leasing-lease", args=[lease.id])
    bills = BillBalance.objects.filter(source_id=lease.id, kind="CHARGE")
    today = local_day(timezone.now())
    assert bills.update(due_on=today) == 1
    assert times_asked(desk, url, "billing_dunningcase") == 1  # The strip about restraints.
    bills.update(due_on=today - timedelta(days=1))
    assert times_asked(desk, url, "billing_dunningcase") == 2


def test_a_contract_asks_the_terms_of_the_purchase_once() -> None:
    org = org_make.operator()
    url = reverse("leasing-contract", args=[drafted(org).id])
    assert times_asked(window(org, "SALES"), url, "leasing_purchaseterms") == 1
