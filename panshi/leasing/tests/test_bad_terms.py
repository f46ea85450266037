"""Terms that make no sense are answered with words, by page and by API, and store nothing."""

import json

from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.leasing.models import Lease
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, window

RENTS = ("-1", "0", "0.001", "1e20", "1e40", "NaN", "Infinity", "3,000元")
TERMS = ("0", "-1", "121", "1.5", "十二")
DAYS = ("2027-02-29", "2027-13-01", "60", "明天")


def _given(org: OrgNode) -> dict[str, str]:
    return {
        "customer_id": str(crm.customer(org=org, qualified=True).id),
        "vehicle_id": str(fleet.vehicle(org=org, state="READY").id),
        "product_code": "RENT_MONTHLY",
        "monthly_rent": "2860.00",
        "deposit": "5720",
        "starts_on": "2027-03-18",
        "months": "12",
        "alignment": "CALENDAR",
    }


def _bad(given: dict[str, str]) -> list[dict[str, str]]:
    return [
        *({**given, "monthly_rent": rent} for rent in RENTS),
        *({**given, "deposit": rent} for rent in RENTS if rent != "0"),
        *({**given, "months": term} for term in TERMS),
        *({**given, "starts_on": day} for day in DAYS),
    ]


def _api(desk: Window, terms: dict[str, str]) -> int:
    answer = desk.post(
        "/api/v1/leasing/draft_lease", json.dumps(terms), content_type="application/json"
    )
    if answer.status_code != 201:
        assert answer.json().get("error") or answer.json()["words"]
    return answer.status_code


def test_they_are_refused_by_page_and_api_and_the_right_ones_are_not() -> None:
    org = org_make.operator()
    desk, given = window(org, "OPERATIONS"), _given(org)
    for terms in _bad(given):
        for act in ("quote", "reserve"):
            answer = desk.post("/leasing/leases/new/", terms | {"act": act})
            assert answer.status_code in (409, 422), (terms, act, answer.status_code)
        assert _api(desk, terms) in (409, 422), terms
    assert not Lease.objects.filter(org=org).exists()
    assert _api(desk, given) == 201
