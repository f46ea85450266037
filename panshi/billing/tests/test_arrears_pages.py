"""Pages of arrears … show the board, the case with its proofs, and act on it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.utils import timezone

from panshi.billing import services
from panshi.billing.models import CollectionCall, DunningCase
from panshi.billing.tests import make
from panshi.crm.tests import make as crm_make
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor
from panshi.notify import channels
from panshi.notify import services as notify
from panshi.notify.channels import Simulated
from panshi.notify.models import Message
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window


@pytest.fixture(autouse=True)
def _phones() -> Iterator[None]:
    with channels.standing_in(Simulated("SMS")):
        yield


def overdue(org: OrgNode, days: int) -> DunningCase:
    """A case whose bill is `days` overdue today, with the ladder walked up to now."""
    today = local_day(timezone.now())
    customer = crm_make.customer(org=org)
    due = today - timedelta(days=days)
    make.bill(org, due_on=due, customer_id=customer.id, at=make.noon(due))
    for day in range(days + 1):
        on: date = due + timedelta(days=day)
        services.advance_dunning(on=on, actor=make.clerk(org), at=make.noon(on))
        notify.hand_over_messages(actor=hq_actor(), at=make.noon(on))
        notify.collect_receipts(actor=hq_actor(), at=make.noon(on) + timedelta(seconds=9))
    return DunningCase.objects.get(org=org)


def test_the_board_and_the_case_show_steps_and_proofs() -> None:
    org = org_make.operator()
    case = overdue(org, 5)
    client = window(org, "FINANCE")
    assert "300.00" in page(client.get("/finance/arrears/"))
    shown = page(client.get(f"/finance/arrears/{case.id}/"))
    assert str(Message.objects.filter(org=org, template__code="FORMAL_NOTICE")[0].id) in shown


def test_a_promise_and_a_call_are_noted_on_pages() -> None:
    org = org_make.operator()
    case = overdue(org, 3)
    client = window(org, "FINANCE")
    call = CollectionCall.objects.get(case=case)
    path = f"/finance/arrears/{case.id}/calls/{call.id}/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"outcome": "NO_ANSWER"}).status_code == 302
    by = (local_day(timezone.now()) + timedelta(days=2)).isoformat()
    path = f"/finance/arrears/{case.id}/promise/"
    too_much = client.post(path, {"amount": "301", "by": by})
    assert too_much.status_code == 422
    assert client.post(path, {"amount": "300", "by": by}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.hold_kind) == ("ON_HOLD", "PROMISE")
    assert client.post(f"/finance/arrears/{case.id}/resume/").status_code == 302
    for name in ("hold", "promise", "instalments"):
        assert client.get(f"/finance/arrears/{case.id}/{name}/").status_code == 200


def test_the_ladder_page_moves_a_rung_and_refuses_beyond_the_bounds() -> None:
    org = org_make.operator()
    client = window(org, "FINANCE")
    assert client.get("/finance/arrears/ladder/").status_code == 200
    moved = client.post("/finance/arrears/ladder/", {"rung": "5", "day": "6"})
    assert moved.status_code == 302
    assert client.post("/finance/arrears/ladder/", {"rung": "5", "day": "9"}).status_code == 409
