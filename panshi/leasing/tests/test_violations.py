"""Violations … belong to who held the vehicle at that moment, and are billed to nobody else."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.tests import make as billing_make
from panshi.crm.tests import make as crm
from panshi.fleet.models import PlateHolding, Vehicle
from panshi.fleet.tests import make as fleet
from panshi.kit import relay, workbooks
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import Actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, Retention, Segment, Violation, ViolationDispute
from panshi.leasing.tests import make
from panshi.leasing.tests.make import NOON, clerk
from panshi.leasing.violation_sheet import SHEET, ViolationSheetRow
from panshi.ledger.models import Posting
from panshi.org.tests import make as org_make

D = Decimal
START = datetime(2027, 1, 31, 4, tzinfo=UTC)
BACK = datetime(2027, 5, 20, 4, tzinfo=UTC)
PHOTO = b"\xff\xd8\xff a photo of the vehicle in its yard"


def plate_of(lease: Lease) -> str:
    vehicle = Segment.objects.get(lease=lease).vehicle
    return str(vehicle.plate)


def entered(lease: Lease, at: datetime, *, number: str = "A1") -> Violation:
    """A notice that came in by the sheet."""
    row = ViolationSheetRow(
        plate=plate_of(lease),
        occurred_at=at,
        fine=D(200),
        points=D(3),
        code="1625",
        place="深南大道",
        number=number,
    )
    come_in(lease, [row], at=at + timedelta(days=3))
    return Violation.objects.get(number=number)


def come_in(lease: Lease, rows: list[ViolationSheetRow], *, at: datetime) -> UUID:
    by = clerk(lease.org)
    staged = services.stage_violation_import(
        org_id=lease.org_id,
        file_name="违章.xlsx",
        content=workbooks.write(sheet=SHEET, rows=as_rows(rows)),
        actor=by,
        at=at,
    )
    assert staged.errors == 0, queries.violation_imports(actor=by)[0].errors
    services.commit_violation_import(batch_id=staged.batch_id, actor=by, at=at)
    return staged.batch_id


def customer(lease: Lease) -> Actor:
    by = org_make.actor(lease.org, "leasing.dispute_violation")
    return Actor(
        id=by.id,
        org_id=by.org_id,
        org_ids=by.org_ids,
        permissions=by.permissions,
        customer_id=lease.customer_id,
    )


def booked(account: str) -> Decimal:
    return sum((leg.amount for leg in Posting.objects.filter(account_id=account)), D(0))


def facts(name: str) -> int:
    return Outbox.objects.filter(name=name).count()


def test_ten_thousand_go_to_who_held_the_vehicle_at_the_moment() -> None:
    """Both ends of a range: taken over at its first moment, no longer held at its last."""
    random, node = Random(5), org_make.operator()
    who = crm.customer(org=node, qualified=True)
    held: dict[UUID, list[tuple[datetime, datetime | None, UUID]]] = {}
    leases: list[Lease] = []
    segments: list[Segment] = []
    for _number in range(12):
        vehicle = fleet.vehicle(org=node, state="READY")
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        for turn in range(6):
            # Some take the vehicle over in the very moment at which the last one gave it back.
            since = moment + timedelta(minutes=random.choice((0, 0, random.randrange(1, 40_000))))
            until = since + timedelta(minutes=random.randrange(1, 60_000))
            last = turn == 5 and random.random() < 0.5
            lease = Lease(
                org=node,
                number=f"L-{len(leases)}",
                customer_id=who.id,
                product_code="RENT_MONTHLY",
                monthly_rent=D(1),
                deposit=D(0),
                starts_on=date(2026, 1, 1),
                months=1,
                ends_on=date(2026, 2, 1),
                city="杭州",
            )
            leases.append(lease)
            segments.append(
                Segment(
                    org=node,
                    lease=lease,
                    customer_id=who.id,
                    vehicle_id=vehicle.id,
                    state="BACK",
                    planned=(since, until),
                    held=(since, None if last else until),
                )
            )
            held.setdefault(vehicle.id, []).append((since, None if last else until, lease.id))
            moment = until
    Lease.objects.bulk_create(leases)
    Segment.objects.bulk_create(segments)

    def at_some_moment(vehicle_id: UUID) -> datetime:
        since, until, _lease = random.choice(held[vehicle_id])
        tick = timedelta(microseconds=random.choice((-1, 0, 1)))
        edge = random.choice((since, until or since))
        return random.choice(
            (edge, edge + tick, edge + timedelta(hours=random.randrange(-500, 500)))
        )

    asked: set[tuple[UUID, datetime]] = set()
    while len(asked) < 10_000:
        vehicle_id = random.choice(list(held))
        asked.add((vehicle_id, at_some_moment(vehicle_id)))
    wanted = {
        (vehicle_id, moment): lease_id
        for vehicle_id, moment in asked
        for since, until, lease_id in held[vehicle_id]
        if since <= moment and (until is None or moment < until)
    }

    got = queries.holders_at(asked=tuple(asked), actor=clerk(node))

    assert {pair: holder.lease_id for pair, holder in got.items()} == wanted
    assert 1_000 < len(wanted) < 9_500
    rows = [
        Violation(
            org=node,
            number=f"N{number}",
            vehicle_id=pair[0],
            plate="浙AD12345",
            occurred_at=pair[1],
            fine=D(100),
            imported_at=NOON,
        )
        for number, pair in enumerate(random.sample(sorted(asked), 300))
    ]
    Violation.objects.bulk_create(rows)
    services.attribute_violations(
        violation_ids=[row.id for row in rows], actor=clerk(node), at=NOON
    )
    kept = list(Violation.objects.all())
    assert all(row.lease_id == wanted.get((row.vehicle_id, row.occurred_at)) for row in kept)
    assert facts("leasing.ViolationImported") == 300
    assert facts("leasing.ViolationUnmatched") == sum(row.lease_id is None for row in kept) > 0


def test_come_in_by_the_sheet_once_are_told_and_go_out_again() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=2))
    assert (row.state, row.responsible, row.lease_id) == ("NOTIFIED", "CUSTOMER", lease.id)
    assert row.agency_fee == D(50)
    before = entered(lease, NOON - timedelta(days=2), number="A2")
    assert (before.state, before.responsible, before.customer_id) == (
        "ATTRIBUTED",
        "OPERATOR",
        None,
    )
    # All that is there, written as a sheet, is no change.
    by, later = clerk(lease.org), NOON + timedelta(days=9)
    staged = services.stage_violation_import(
        org_id=lease.org_id,
        file_name="all.xlsx",
        content=workbooks.write(sheet=SHEET, rows=as_rows(queries.violation_sheet_rows(actor=by))),
        actor=by,
        at=later,
    )
    batch = queries.violation_imports(actor=by)[0]
    assert (staged.errors, batch.new, batch.there) == (0, 0, 2)
    assert facts("notify.MessagesSent") >= 1


def test_whose_it_turns_out_to_be_is_told_and_can_dispute() -> None:
    """A lease that moves in late held the vehicle after all."""
    lease = make.active()
    row = entered(lease, NOON - timedelta(days=2))
    assert row.responsible == "OPERATOR"
    told = facts("notify.MessagesSent")
    Segment.objects.filter(lease=lease).update(held=(NOON - timedelta(days=5), None))

    for _twice in range(2):
        services.attribute_violations(violation_ids=[row.id], actor=clerk(lease.org), at=NOON)

    row.refresh_from_db()
    assert (row.state, row.customer_id) == ("NOTIFIED", lease.customer_id)
    assert facts("notify.MessagesSent") == told + 1
    services.dispute_violation(
        violation_id=row.id,
        words="那天是别人开的",
        evidence=[],
        actor=customer(lease),
        at=NOON + timedelta(days=1),
    )


def test_a_sheet_names_the_cells_that_cannot_be() -> None:
    lease = make.active()
    given = ViolationSheetRow(plate=plate_of(lease), occurred_at=NOON, number="X")
    rows = as_rows(
        [
            given,
            given,
            ViolationSheetRow(plate="浙AD99999", occurred_at=NOON),
            ViolationSheetRow(plate=given.plate, occurred_at=NOON + timedelta(days=90)),
        ]
    )
    rows.append({**rows[0], "number": "Y", "occurred_at": None})
    content = workbooks.write(sheet=SHEET, rows=rows)
    by = clerk(lease.org)
    services.stage_violation_import(
        org_id=lease.org_id, file_name="v.xlsx", content=content, actor=by, at=NOON
    )
    batch = queries.violation_imports(actor=by)[0]
    assert [(error.row, error.header) for error in batch.errors] == [
        (3, "决定书号"), (4, "车牌号"), (5, "违章时间"), (6, "违章时间"),
    ]  # fmt: skip


def test_a_plate_is_of_the_vehicle_that_bore_it_then() -> None:
    lease = make.active()
    vehicle = Vehicle.objects.get(id=Segment.objects.get(lease=lease).vehicle_id)
    changed = NOON + timedelta(days=10)
    old = vehicle.plate
    PlateHolding.objects.filter(vehicle=vehicle).update(during=(NOON - timedelta(days=9), changed))
    other = fleet.vehicle(org=lease.org, state="READY")
    PlateHolding.objects.filter(vehicle=other).update(during=(NOON, changed))
    PlateHolding.objects.create(
        org=lease.org, vehicle=other, plate=old, plate_class="GREEN_SMALL", during=(changed, None)
    )
    asked = ((old, NOON), (old, changed), (old, changed - timedelta(1)))
    from panshi.fleet import queries as fleet_queries

    found = fleet_queries.bearers_at(org_id=lease.org_id, asked=asked, actor=clerk(lease.org))
    assert found == {asked[0]: vehicle.id, asked[1]: other.id, asked[2]: vehicle.id}


def test_the_database_refuses_a_notice_twice_and_a_customer_without_a_segment() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    for change in ({"id": uuid7()}, {"id": uuid7(), "number": "", "segment_id": None}):
        values = {
            field.attname: getattr(row, field.attname) for field in Violation._meta.concrete_fields
        }
        with pytest.raises(IntegrityError), transaction.atomic():
            Violation.objects.create(**values | change)


def test_bills_the_fine_as_it_is_and_the_fee_as_income_and_closes_when_both_are_done() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    by, at = clerk(lease.org), NOON + timedelta(days=5)
    services.settle_violation(violation_id=row.id, by="AGENCY", actor=by, at=at)
    assert booked("2241.03") == D(200)  # We paid, nobody was billed yet.
    fact = services.charge_violation(violation_id=row.id, actor=by, at=at)
    assert (fact.amount, fact.retained) == (D(250), D(0))
    assert booked("2241.03") == D(0)
    assert booked("6051") == -D("47.17")  # 50.00 with 6 % inside.
    with pytest.raises(IllegalMove):
        services.charge_violation(violation_id=row.id, actor=by, at=at)
    billing.record_payment(bill_ids=[fact.bill_id], amount=D(250), actor=by, at=at)
    relay.drain()
    row.refresh_from_db()
    assert (row.state, row.paid_at is not None) == ("CLOSED", True)
    assert facts("leasing.ViolationSettled") == 1


def test_what_nobody_held_is_paid_by_the_operator() -> None:
    lease = make.active()
    row = entered(lease, NOON - timedelta(days=1))
    by, at = clerk(lease.org), NOON + timedelta(days=5)
    with pytest.raises(services.NothingToCharge):
        services.charge_violation(violation_id=row.id, actor=by, at=at)
    services.settle_violation(violation_id=row.id, by="AGENCY", actor=by, at=at)
    row.refresh_from_db()
    assert (row.state, booked("6711")) == ("CLOSED", D(200))


def test_a_customer_disputes_with_evidence_and_is_answered() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    at = NOON + timedelta(days=5)
    stranger = Actor(
        id=uuid7(),
        org_id=lease.org_id,
        org_ids=(lease.org_id,),
        permissions=frozenset({"leasing.dispute_violation"}),
        customer_id=uuid7(),
    )
    with pytest.raises(NotPermitted):
        services.dispute_violation(
            violation_id=row.id, words="不是我", evidence=(), actor=stranger, at=at
        )
    services.dispute_violation(
        violation_id=row.id,
        words="当时车在维修",
        evidence=[("yard.jpg", PHOTO)],
        actor=customer(lease),
        at=at,
    )
    by = clerk(lease.org)
    with pytest.raises(IllegalMove):
        services.charge_violation(violation_id=row.id, actor=by, at=at)
    (said,) = queries.violation_card(violation_id=row.id, actor=by).disputes
    seen = queries.violation_evidence(
        violation_id=row.id, file_id=UUID(said.file_ids[0]), actor=customer(lease)
    )
    assert seen.content == PHOTO
    services.decide_violation(
        violation_id=row.id, upheld=True, answer="维修单属实", actor=by, at=at
    )
    row.refresh_from_db()
    assert (row.state, row.responsible) == ("ATTRIBUTED", "OPERATOR")
    services.settle_violation(violation_id=row.id, by="AGENCY", actor=by, at=at)
    assert booked("6711") == D(200)


def test_what_is_open_at_the_return_is_a_line_of_the_settlement() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 5, 1))
    row = entered(lease, BACK - timedelta(days=9))
    make.back(lease, at=BACK)
    by = clerk(lease.org)
    charges = queries.charges_of_violations(lease_id=lease.id, charges=(), actor=by)
    quote = queries.quote_return(lease_id=lease.id, on=BACK.date(), charges=charges, actor=by)

    fact = services.settle_lease(
        lease_id=lease.id, charges=(), agreed=quote.digest, actor=by, at=BACK
    )

    # The example's settlement with nothing but fine and fee: 6,400.00 + 1,135.48 − 250 − 3,200.
    assert fact.refund == D("4085.48")
    relay.drain()
    row.refresh_from_db()
    assert (row.state, row.in_settlement, row.paid_at is not None) == ("CHARGED", True, True)
    services.settle_violation(violation_id=row.id, by="AGENCY", actor=by, at=BACK)
    row.refresh_from_db()
    assert row.state == "CLOSED"


def test_a_later_one_is_claimed_from_what_was_kept_back_and_the_rest_goes_back() -> None:
    lease = make.active(at=START, rent=D(3200), alignment="ANCHOR")
    make.billed(lease, date(2027, 5, 1))
    make.back(lease, at=BACK)
    by = clerk(lease.org)
    fact = services.settle_lease(lease_id=lease.id, charges=(), retained=D(1000), actor=by, at=BACK)
    assert (fact.refund, fact.on_account) == (D("3335.48"), D(0))
    late = entered(lease, BACK - timedelta(days=1), number="LATE")
    at = BACK + timedelta(days=12)
    charged = services.charge_violation(violation_id=late.id, actor=by, at=at)
    assert (charged.amount, charged.retained) == (D(250), D(250))
    late.refresh_from_db()
    assert late.paid_at == at
    kept = Retention.objects.get(lease=lease)
    assert (kept.left, kept.until) == (D(750), date(2027, 6, 19))
    for on, returned in ((date(2027, 6, 19), 0), (date(2027, 6, 20), 1), (date(2027, 6, 21), 0)):
        told = services.advance_violations(
            on=on, actor=by, at=datetime(2027, 6, on.day, 1, tzinfo=UTC)
        )
        assert told.returned == returned
    deposit = billing_queries.deposit_of(source_kind=services.SOURCE, source_id=lease.id, actor=by)
    assert deposit is not None
    assert deposit.held == deposit.returning
    billing_make.give_back(lease.org, lease.id)
    deposit = billing_queries.deposit_of(source_kind=services.SOURCE, source_id=lease.id, actor=by)
    assert deposit is not None
    assert (deposit.held, deposit.state) == (D(0), "RETURNED")


def test_an_overdue_one_is_told_once() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    at = row.imported_at + timedelta(days=31)
    for told in (1, 0):
        fact = services.advance_violations(on=at.date(), actor=clerk(lease.org), at=at)
        assert fact.overdue == told
    assert facts("leasing.ViolationOverdue") == 1


def test_a_file_is_taken_out_again_until_something_happened() -> None:
    lease = make.active()
    row = ViolationSheetRow(plate=plate_of(lease), occurred_at=NOON, number="Z")
    at = NOON + timedelta(days=1)
    batch_id = come_in(lease, [row], at=at)
    by = clerk(lease.org)
    services.undo_violation_import(batch_id=batch_id, actor=by, at=at)
    assert not Violation.objects.exists()
    assert not ViolationDispute.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leasing_violation")
        assert cursor.fetchone() == (0,)
