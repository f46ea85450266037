"""Raise bill … at once numbered, issued and posted; and nothing changes it afterwards."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from panshi.billing import services
from panshi.billing.models import Bill, BillBalance, BillKind, BillLine
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import acting, hq_actor
from panshi.ledger import queries as ledger
from panshi.ledger import services as ledger_services
from panshi.org.tests import make as org_make


def test_posts_gross_net_and_vat_by_line() -> None:
    org = org_make.operator()
    fact = make.bill(
        org,
        lines=[
            make.line("199.00", product_code="AGENCY_FEE"),
            make.line("199.00", product_code="AGENCY_FEE"),
            make.line("199.00", product_code="AGENCY_FEE"),
            make.line(200, product_code="FINE"),
        ],
    )
    assert (fact.total, fact.number) == (Decimal("797.00"), "B2027-000001")
    (entry,) = ledger.entries_of(
        source_kind="billing.Bill", source_id=fact.bill_id, actor=make.clerk(org)
    )
    assert {leg.account: (leg.debit, leg.credit) for leg in entry.legs} == {
        "1122": (Decimal("797.00"), None),
        "2221.01": (None, Decimal("33.78")),
        "2241.03": (None, Decimal("200.00")),
        "6051": (None, Decimal("563.22")),
    }


def test_opens_its_balance() -> None:
    org = org_make.operator()
    fact = make.bill(org, 300)
    balance = BillBalance.objects.get(bill_id=fact.bill_id)
    assert (balance.open_amount, balance.total, balance.due_on) == (
        Decimal(300),
        Decimal(300),
        make.DAY,
    )


def test_numbers_each_organisations_bills_on_their_own() -> None:
    one, two = org_make.operator(), org_make.operator()
    numbers = [make.bill(org).number for org in (one, one, two)]
    assert numbers == ["B2027-000001", "B2027-000002", "B2027-000001"]


def test_bills_a_source_once() -> None:
    org = org_make.operator()
    order = uuid7()
    make.bill(org, source_id=order)
    with pytest.raises(services.AlreadyBilled):
        make.bill(org, source_id=order)


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([make.line(1, product_code="NOTHING")], services.UnknownProduct),
        (
            [
                services.NewLine(
                    product_code="DAMAGE",
                    words="",
                    quantity=Decimal(1),
                    unit_price=Decimal(1),
                    vat_code="NOWHERE",
                )
            ],
            services.UnknownVatCode,
        ),
    ],
)
def test_refuses_what_it_cannot_price(
    lines: list[services.NewLine], refusal: type[Exception]
) -> None:
    org = org_make.operator()
    with pytest.raises(refusal):
        make.bill(org, lines=lines)
    assert not Bill.objects.filter(org=org).exists()


def test_refuses_a_bill_without_lines() -> None:
    org = org_make.operator()
    with pytest.raises(services.NoLines):
        services.raise_bill(
            org_id=org.id,
            customer_id=uuid7(),
            source_kind="x",
            source_id=uuid7(),
            vehicle_id=None,
            due_on=make.DAY,
            lines=[],
            actor=make.clerk(org),
            at=make.NOON,
        )


def test_is_refused_in_a_closed_month() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    ledger_services.close_month(org_id=org.id, month=make.DAY, actor=by, at=make.NOON)
    with pytest.raises(ledger_services.PeriodClosed):
        make.bill(org)
    assert not Bill.objects.filter(org=org).exists()


def test_is_refused_for_a_neighbour() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    with pytest.raises(NotPermitted):
        services.raise_bill(
            org_id=theirs.id,
            customer_id=uuid7(),
            source_kind="x",
            source_id=uuid7(),
            vehicle_id=None,
            due_on=make.DAY,
            lines=[make.line(1)],
            actor=make.clerk(ours),
            at=make.NOON,
        )


@pytest.mark.parametrize("field", ["total", "due_on", "customer_id", "state", "number"])
def test_an_issued_bill_never_changes(field: str) -> None:
    org = org_make.operator()
    fact = make.bill(org)
    values = {
        "total": 1,
        "due_on": "2030-01-01",
        "customer_id": uuid7(),
        "state": "DRAFT",
        "number": "X",
    }
    with pytest.raises(DatabaseError, match="no longer changes"), transaction.atomic():
        Bill.objects.filter(id=fact.bill_id).update(**{field: values[field]})


def test_lines_never_change_and_none_joins_later() -> None:
    org = org_make.operator()
    fact = make.bill(org)
    with pytest.raises(DatabaseError), transaction.atomic():
        BillLine.objects.filter(bill_id=fact.bill_id).update(words="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        Bill.objects.filter(id=fact.bill_id).delete()
    line = BillLine.objects.get(bill_id=fact.bill_id)
    line.pk, line.position, line._state.adding = uuid7(), 2, True
    for by in (hq_actor(), make.clerk(org)):
        with (
            acting(by),
            pytest.raises(DatabaseError, match="join only a draft"),
            transaction.atomic(),
        ):
            line.save(force_insert=True)


def test_a_bill_is_not_issued_unless_its_lines_sum_to_its_total() -> None:
    org = org_make.operator()
    bill = Bill.objects.create(
        org=org,
        kind=BillKind.CHARGE,
        customer_id=uuid7(),
        source_kind="x",
        source_id=uuid7(),
        due_on=make.DAY,
        total=10,
        drafted_at=make.NOON,
    )
    with pytest.raises(DatabaseError, match="not the sum of its lines"), transaction.atomic():
        Bill.objects.filter(id=bill.id).update(state="ISSUED", number="B-1", issued_on=make.DAY)
