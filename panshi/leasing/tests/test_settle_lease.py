"""Settle lease … leaves what its quote said, to the fen; and asks again when that has changed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.queries.owed import DepositRow
from panshi.billing.tests import make as billing_make
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import Actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, Settlement, SettlementSheet
from panshi.leasing.services import ReturnCharge
from panshi.leasing.tests import make
from panshi.leasing.tests.make import clerk
from panshi.org.tests import make as org_make

D = Decimal
START = datetime(2027, 1, 31, 4, tzinfo=UTC)
BACK = datetime(2027, 5, 20, 4, tzinfo=UTC)
CHARGES = (
    ReturnCharge(
        product_code="KM_OVERAGE",
        words="超里程",
        quantity=D(620),
        unit_price=D("0.35"),
        clause="4.2",
    ),
    ReturnCharge(product_code="DAMAGE", words="右后门露底漆", unit_price=D(180), clause="车损 2"),
    ReturnCharge(product_code="FINE", words="违停", unit_price=D(200)),
    ReturnCharge(product_code="AGENCY_FEE", words="代办", unit_price=D(50)),
)


def returned(*, paid: bool = True, at: datetime = BACK) -> Lease:
    """Rented on 31 January for 3,200.00 a month with four months billed, then given back."""
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 5, 1), paid=paid)
    make.back(lease, at=at)
    lease.refresh_from_db()
    return lease


def quote(lease: Lease) -> billing_queries.ReturnQuote:
    return queries.quote_return(
        lease_id=lease.id, on=BACK.date(), charges=CHARGES, actor=clerk(lease.org)
    )


def deposit(lease: Lease) -> DepositRow:
    row = billing_queries.deposit_of(
        source_kind=services.SOURCE, source_id=lease.id, actor=clerk(lease.org)
    )
    assert row is not None
    return row


def customer(lease: Lease) -> Actor:
    by = org_make.actor(lease.org, "leasing.confirm_settlement", "leasing.dispute_charge")
    return Actor(
        id=by.id,
        org_id=by.org_id,
        org_ids=by.org_ids,
        permissions=by.permissions,
        customer_id=lease.customer_id,
    )


def test_the_settlement_example_to_the_fen() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 5, 1))
    before = quote(lease)
    assert {line.product_code: line.amount for line in before.lines} == {
        "DEPOSIT": D("6400.00"), "RENT_CREDIT": D("1135.48"), "KM_OVERAGE": D("-217.00"),
        "DAMAGE": D("-180.00"), "FINE": D("-200.00"), "AGENCY_FEE": D("-50.00"),
        "EARLY_FEE": D("-3200.00"),
    }  # fmt: skip
    make.back(lease, at=BACK)
    assert deposit(lease).reserved == D("6400.00")  # The first phase.
    assert quote(lease).digest == before.digest

    fact = services.settle_lease(
        lease_id=lease.id, charges=CHARGES, agreed=before.digest, actor=clerk(lease.org), at=BACK
    )

    assert (fact.refund, fact.total) == (D("3688.48"), D("3688.48"))
    assert (fact.on_account, fact.still_open, fact.disputed) == (D(0), D(0), D(0))
    lease.refresh_from_db()
    assert lease.state == "ENDED"
    under_way = deposit(lease)
    assert (under_way.state, under_way.returning) == ("RESERVED", D("3688.48"))
    (back,) = queries.deposit_returns(lease_id=lease.id, actor=clerk(lease.org))
    assert (back.state, back.amount) == ("ASKED", D("3688.48"))
    billing_make.give_back(lease.org, lease.id, at=BACK)
    kept = deposit(lease)
    assert (kept.state, kept.held, kept.reserved) == ("RETURNED", D(0), D(0))
    billing_make.books_agree(lease.org)
    assert all(row.open_amount == 0 for row in make.bills(lease))
    (charged,) = make.bills(lease, "leasing.settlement")
    assert (charged.total, charged.open_amount) == (D("3847.00"), D(0))


def test_unpaid_rent_is_taken_from_the_deposit_first_less_what_was_not_used() -> None:
    lease = returned(paid=False)
    owed = sum(row.open_amount for row in make.bills(lease) if row.kind == "CHARGE")
    fact = services.settle_lease(lease_id=lease.id, charges=(), actor=clerk(lease.org), at=BACK)
    # Four rents, the unused part back, and a month for the early end: more than the deposit.
    assert owed == D(12800)
    assert fact.total == D("6400.00") - D("12800.00") + D("1135.48") - D("3200.00")
    assert (fact.refund, fact.still_open) == (D(0), -fact.total)


def test_rent_that_nobody_billed_yet_is_billed_at_the_settlement() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 4, 1))
    make.back(lease, at=BACK)
    before = quote(lease)
    assert before.rent_due == D("2064.52")
    fact = services.settle_lease(
        lease_id=lease.id, charges=CHARGES, agreed=before.digest, actor=clerk(lease.org), at=BACK
    )
    assert fact.refund == D("3688.48") - D("1135.48") - D("2064.52")


def test_more_credit_than_debt_stays_on_account_beside_the_deposit() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    for month in (5, 7, 9, 11):
        make.billed(lease, date(2027, month, 1))
    make.billed(lease, date(2028, 1, 1))
    make.back(lease, at=datetime(2028, 1, 20, 4, tzinfo=UTC))
    fact = services.settle_lease(
        lease_id=lease.id, charges=(), actor=clerk(lease.org), at=BACK + timedelta(days=250)
    )
    assert (fact.refund, fact.on_account) == (D("6400.00"), D("1135.48"))  # 11 of 31 days.


def test_a_change_of_its_inputs_is_shown_and_asked_again() -> None:
    lease = returned()
    services.start_settlement(lease_id=lease.id, charges=CHARGES, actor=clerk(lease.org), at=BACK)
    seen = SettlementSheet.objects.get(lease=lease).digest
    billing.raise_bill(
        org_id=lease.org_id,
        customer_id=lease.customer_id,
        source_kind=services.SOURCE,
        source_id=lease.id,
        vehicle_id=None,
        due_on=BACK.date(),
        lines=[
            billing.NewLine(product_code="FINE", words="补收", quantity=D(1), unit_price=D(150))
        ],
        actor=clerk(lease.org),
        at=BACK,
    )
    with pytest.raises(services.InputsChanged, match=r"0\.00 → 150\.00"):
        services.settle_lease(
            lease_id=lease.id, charges=CHARGES, agreed=seen, actor=clerk(lease.org), at=BACK
        )
    with pytest.raises(services.InputsChanged, match=r"DAMAGE 180\.00"):
        services.settle_lease(
            lease_id=lease.id, charges=CHARGES[:1], agreed=seen, actor=clerk(lease.org), at=BACK
        )
    assert not Settlement.objects.filter(lease=lease).exists()


def test_the_customer_confirms_what_it_saw() -> None:
    lease = returned()
    services.start_settlement(lease_id=lease.id, charges=CHARGES, actor=clerk(lease.org), at=BACK)
    sheet = queries.settlement_sheet(lease_id=lease.id, actor=customer(lease))
    assert sheet is not None
    assert sheet.total == D("3688.48")
    assert [line.clause for line in sheet.lines if line.product_code == "DAMAGE"] == ["车损 2"]

    services.confirm_settlement(
        lease_id=lease.id, digest=sheet.digest, actor=customer(lease), at=BACK
    )

    after = queries.settlement_sheet(lease_id=lease.id, actor=clerk(lease.org))
    assert after is not None
    assert after.confirmed_at == BACK
    with pytest.raises(services.InputsChanged):
        services.confirm_settlement(
            lease_id=lease.id, digest="0" * 64, actor=customer(lease), at=BACK
        )


def test_another_customer_neither_sees_nor_confirms_it() -> None:
    lease, other = returned(), returned()
    services.start_settlement(lease_id=lease.id, charges=(), actor=clerk(lease.org), at=BACK)
    stranger = customer(other)
    with pytest.raises(Lease.DoesNotExist):
        queries.settlement_sheet(lease_id=lease.id, actor=stranger)
    with pytest.raises((NotPermitted, Lease.DoesNotExist)):
        services.confirm_settlement(lease_id=lease.id, digest="", actor=stranger, at=BACK)


@pytest.mark.parametrize(
    ("upheld", "refunded"), [(D(0), D("180.00")), (D(180), D("0.00")), (D(80), D("100.00"))]
)
def test_a_disputed_charge_keeps_only_its_own_amount(upheld: Decimal, refunded: Decimal) -> None:
    lease = returned()
    services.start_settlement(lease_id=lease.id, charges=CHARGES, actor=clerk(lease.org), at=BACK)
    services.dispute_charge(
        lease_id=lease.id, position=1, words="交车时就有", actor=customer(lease), at=BACK
    )
    sheet = queries.settlement_sheet(lease_id=lease.id, actor=clerk(lease.org))
    assert sheet is not None
    assert (sheet.version, sheet.disputed, sheet.total) == (2, D("180.00"), D("3868.48"))

    fact = services.settle_lease(
        lease_id=lease.id,
        charges=sheet.charges,
        agreed=sheet.digest,
        actor=clerk(lease.org),
        at=BACK,
    )
    assert (fact.refund, fact.disputed) == (D("3688.48"), D("180.00"))
    billing_make.give_back(lease.org, lease.id, at=BACK)
    kept = deposit(lease)
    assert (kept.state, kept.held, kept.reserved) == ("RESERVED", D("180.00"), D("180.00"))

    ended = services.decide_dispute(
        lease_id=lease.id,
        position=1,
        upheld=upheld,
        words="照片比对",
        actor=clerk(lease.org),
        at=BACK,
    )
    assert (ended.upheld, ended.refund) == (upheld, refunded)
    billing_make.give_back(lease.org, lease.id, at=BACK)
    assert deposit(lease).held == D(0)
    assert all(row.open_amount == 0 for row in make.bills(lease, "leasing.settlement"))
    with pytest.raises(services.TermsInvalid):
        services.decide_dispute(
            lease_id=lease.id,
            position=1,
            upheld=D(0),
            words="",
            actor=clerk(lease.org),
            at=BACK,
        )


def test_rent_ends_with_the_arrival_however_long_the_check_takes() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 5, 1))
    by = clerk(lease.org)
    services.request_return(lease_id=lease.id, on=BACK.date(), actor=by, at=BACK)
    services.record_arrival(lease_id=lease.id, actor=by, at=BACK)
    with pytest.raises(IllegalMove):
        services.record_arrival(lease_id=lease.id, actor=by, at=BACK)
    services.accept_return(
        lease_id=lease.id,
        odometer_km=D(9000),
        soc_pct=D(40),
        signed_by="王芳",
        actor=by,
        at=BACK + timedelta(days=3),
    )
    lease.refresh_from_db()
    assert lease.returned_at == BACK
    assert quote(lease).rent_back == D("1135.48")


@pytest.mark.parametrize(
    "charge",
    [
        ReturnCharge(product_code="DAMAGE", words="", unit_price=D(0)),
        ReturnCharge(product_code="RENT_MONTHLY", words="", unit_price=D(5)),
    ],
)
def test_a_charge_that_cannot_be_is_refused(charge: ReturnCharge) -> None:
    lease = returned()
    with pytest.raises(services.TermsInvalid):
        services.settle_lease(lease_id=lease.id, charges=[charge], actor=clerk(lease.org), at=BACK)


def test_nothing_is_settled_before_the_vehicle_is_back() -> None:
    lease = make.active()
    with pytest.raises(IllegalMove):
        services.settle_lease(lease_id=lease.id, charges=(), actor=clerk(lease.org), at=BACK)


def test_an_offered_sheet_is_never_rewritten() -> None:
    lease = returned()
    services.start_settlement(lease_id=lease.id, charges=(), actor=clerk(lease.org), at=BACK)
    with pytest.raises(Exception, match=r"append|change"), transaction.atomic():
        SettlementSheet.objects.filter(lease=lease).update(total=D(1))
    sheet = SettlementSheet.objects.get(lease=lease)
    sheet.pk, sheet.version, sheet.total = None, 2, sheet.total + 1
    with pytest.raises(IntegrityError), transaction.atomic():
        SettlementSheet.objects.create(
            **{
                f.attname: getattr(sheet, f.attname)
                for f in SettlementSheet._meta.concrete_fields
                if f.attname not in {"id", "created_at"}
            }
        )
