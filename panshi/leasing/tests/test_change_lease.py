"""Extend, pause, resume, reprice, end early … quoted first, and billed as quoted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.leasing import queries, services
from panshi.leasing.events import (
    LeaseExpiring,
    LeasePaused,
    LeasesAdvanced,
    ReservationAtRisk,
)
from panshi.leasing.models import Amendment, Lease, LeaseRequest, LeaseState, Segment
from panshi.leasing.queries import LeaseChange
from panshi.leasing.tests import make
from panshi.leasing.tests.make import clerk
from panshi.org.tests import make as org_make

D = Decimal
START = datetime(2027, 5, 1, 4, tzinfo=UTC)
TODAY = datetime(2027, 5, 20, 4, tzinfo=UTC)
PAUSE = LeaseChange(
    kind="PAUSE", on=date(2027, 5, 10), until=date(2027, 5, 17), cause="OPERATOR_FAULT"
)


def running(**more: str) -> Lease:
    """On the road since 1 May for 3,200.00 a month, May billed and paid."""
    lease = make.active(at=START, rent=D(3200), **more)
    make.billed(lease, date(2027, 5, 1))
    return lease


def quoted(lease: Lease, change: LeaseChange) -> str:
    return queries.change_quoted(lease_id=lease.id, change=change, actor=clerk(lease.org)).digest


def total(lease: Lease) -> Decimal:
    return sum((b.total for b in make.bills(lease) if b.kind == "CHARGE"), D(0))


def pause(lease: Lease, *, agreed: str = "", at: datetime = TODAY) -> LeasePaused:
    return services.pause_lease(
        lease_id=lease.id,
        cause="OPERATOR_FAULT",
        starts_on=date(2027, 5, 10),
        ends_on=date(2027, 5, 17),
        agreed=agreed,
        actor=clerk(lease.org),
        at=at,
    )


def test_a_pause_by_the_operators_fault_comes_back_as_quoted() -> None:
    lease = running()
    with pytest.raises(services.PeriodAlreadyBilled):
        pause(lease)

    fact = pause(lease, agreed=quoted(lease, PAUSE))

    assert fact.relief == D(100)
    amendment = Amendment.objects.get(lease=lease)
    assert (amendment.kind, amendment.credited, amendment.billed) == ("PAUSE", D("722.58"), D(0))
    lease.refresh_from_db()
    assert lease.state == LeaseState.ACTIVE  # The pause is over already.


@pytest.mark.parametrize(
    ("cause", "agreed", "credit"),
    [
        ("OPERATOR_FAULT", None, "722.58"),
        ("INSURED_REPAIR", None, "361.29"),
        ("CUSTOMER_FAULT", None, "0.00"),
        ("AGREED", D(30), "216.77"),
    ],
)
def test_the_cause_says_how_much_is_relieved(
    cause: str, agreed: Decimal | None, credit: str
) -> None:
    lease = running()
    quote = queries.change_quoted(
        lease_id=lease.id,
        change=LeaseChange(
            kind="PAUSE",
            on=date(2027, 5, 10),
            until=date(2027, 5, 17),
            cause=cause,
            relief=agreed,
        ),
        actor=clerk(lease.org),
    )
    assert quote.credit == D(credit)


def test_an_agreed_pause_needs_its_relief() -> None:
    lease = running()
    with pytest.raises(services.ChangeImpossible):
        services.pause_lease(
            lease_id=lease.id,
            cause="AGREED",
            starts_on=date(2027, 6, 1),
            actor=clerk(lease.org),
            at=TODAY,
        )


def test_an_open_pause_relieves_what_comes_until_it_is_resumed() -> None:
    lease = running()
    by = clerk(lease.org)
    open_pause = LeaseChange(kind="PAUSE", on=date(2027, 5, 20), cause="OPERATOR_FAULT")
    services.pause_lease(
        lease_id=lease.id,
        cause="OPERATOR_FAULT",
        starts_on=date(2027, 5, 20),
        agreed=quoted(lease, open_pause),
        actor=by,
        at=TODAY,
    )
    lease.refresh_from_db()
    assert lease.state == LeaseState.PAUSED
    make.billed(lease, date(2027, 6, 1))
    assert total(lease) == D(3200)  # June costs nothing so far.

    resumption = LeaseChange(kind="RESUMPTION", on=date(2027, 6, 11))
    quote = queries.change_quoted(lease_id=lease.id, change=resumption, actor=by)
    assert quote.extra == D("2133.33")  # Twenty days of June.
    services.resume_lease(
        lease_id=lease.id,
        on=date(2027, 6, 11),
        agreed=quote.digest,
        actor=by,
        at=TODAY + timedelta(days=20),
    )

    lease.refresh_from_db()
    assert lease.state == LeaseState.ACTIVE
    assert total(lease) == D("5333.33")
    with pytest.raises(IllegalMove):
        services.resume_lease(
            lease_id=lease.id, on=date(2027, 6, 12), actor=by, at=TODAY + timedelta(days=21)
        )


def test_an_extension_keeps_the_vehicle_and_the_anchor() -> None:
    lease = make.active(at=datetime(2027, 1, 31, 4, tzinfo=UTC), rent=D(3200), alignment="ANCHOR")
    by = clerk(lease.org)
    for months, end in ((1, date(2028, 2, 29)), (1, date(2028, 3, 31))):
        fact = services.extend_lease(lease_id=lease.id, months=months, actor=by, at=TODAY)
        assert fact.ends_on == end
    segment = Segment.objects.get(lease=lease)
    assert segment.planned.upper.astimezone(UTC).date() == date(2028, 3, 30)  # Midnight there.
    lease.refresh_from_db()
    assert (lease.months, lease.ends_on) == (14, date(2028, 3, 31))


def test_an_extension_at_another_rent_charges_it_from_the_old_end_on() -> None:
    lease = running()
    by = clerk(lease.org)
    change = LeaseChange(kind="EXTENSION", on=lease.ends_on, months=2, monthly_rent=D(3000))
    quote = queries.change_quoted(lease_id=lease.id, change=change, actor=by)
    assert (quote.credit, quote.extra) == (D(0), D(0))
    services.extend_lease(
        lease_id=lease.id,
        months=2,
        monthly_rent=D(3000),
        agreed=quote.digest,
        actor=by,
        at=TODAY,
    )
    make.billed(lease, date(2028, 8, 1))
    assert total(lease) == D(3200) * 12 + D(3000) * 2


def test_an_extension_is_refused_while_somebody_else_waits_for_the_vehicle() -> None:
    lease = running()
    vehicle_id = Segment.objects.get(lease=lease).vehicle_id
    rival = make.drafted(
        org=lease.org, vehicle_id=vehicle_id, at=datetime(2028, 5, 3, 4, tzinfo=UTC)
    )
    with pytest.raises(services.ReservedByAnother):
        services.extend_lease(lease_id=lease.id, months=1, actor=clerk(lease.org), at=TODAY)
    assert rival.state == LeaseState.RESERVED
    lease.refresh_from_db()
    assert lease.ends_on == date(2028, 5, 1)


def test_a_new_rent_is_billed_and_shown_from_its_day_on() -> None:
    lease = running()
    by = clerk(lease.org)
    services.change_price(
        lease_id=lease.id,
        monthly_rent=D(3500),
        effective_on=date(2027, 6, 11),
        actor=by,
        at=TODAY,
    )
    lease.refresh_from_db()
    assert lease.monthly_rent == D(3200)
    make.billed(lease, date(2027, 6, 1))
    assert total(lease) == D(3200) + D("1066.67") + D("2333.33")
    services.advance_leases(on=date(2027, 6, 12), actor=by, at=TODAY)
    lease.refresh_from_db()
    assert lease.monthly_rent == D(3500)


def test_a_quote_that_no_longer_holds_is_asked_again() -> None:
    lease = running()
    digest = quoted(lease, PAUSE)
    make.billed(lease, date(2027, 6, 1))
    with pytest.raises(services.InputsChanged):
        pause(lease, agreed=digest)
    assert not Amendment.objects.filter(lease=lease).exists()


def test_an_early_end_is_agreed_with_its_fee() -> None:
    lease = running()
    by = clerk(lease.org)
    services.request_termination(
        lease_id=lease.id, on=date(2027, 6, 10), reason="停业", actor=by, at=TODAY
    )
    assert LeaseRequest.objects.get(lease=lease).answered_at is None
    quote = queries.quote_return(lease_id=lease.id, on=date(2027, 6, 10), actor=by)

    fact = services.terminate_early(
        lease_id=lease.id, on=date(2027, 6, 10), agreed=quote.digest, actor=by, at=TODAY
    )

    assert fact.early_fee == D(3200)
    lease.refresh_from_db()
    assert (lease.state, lease.return_asked_for) == (LeaseState.RETURNING, date(2027, 6, 10))
    assert LeaseRequest.objects.get(lease=lease).answered_at == TODAY
    with pytest.raises(IllegalMove):
        services.terminate_early(lease_id=lease.id, on=date(2027, 6, 10), actor=by, at=TODAY)


def test_only_a_lease_on_the_road_is_changed() -> None:
    lease = make.signed()
    with pytest.raises(IllegalMove):
        services.extend_lease(lease_id=lease.id, months=1, actor=clerk(lease.org), at=TODAY)


def test_a_change_needs_its_permission_and_its_operator() -> None:
    lease = running()
    with pytest.raises(NotPermitted):
        services.extend_lease(
            lease_id=lease.id,
            months=1,
            actor=org_make.actor(lease.org, "leasing.view"),
            at=TODAY,
        )
    with pytest.raises(Lease.DoesNotExist):
        services.extend_lease(
            lease_id=lease.id, months=1, actor=clerk(org_make.operator()), at=TODAY
        )


def advance(lease: Lease, on: date) -> LeasesAdvanced:
    return services.advance_leases(
        on=on, actor=clerk(lease.org), at=datetime(on.year, on.month, on.day, tzinfo=UTC)
    )


def test_an_end_is_announced_once_at_each_rung() -> None:
    lease = running()
    told = [
        (days, advance(lease, lease.ends_on - timedelta(days=days)).expiring)
        for days in (61, 60, 59, 30, 30, 6, 1)
    ]
    assert told == [(61, 0), (60, 1), (59, 0), (30, 1), (30, 0), (6, 1), (1, 0)]
    facts = Outbox.objects.filter(name=LeaseExpiring.name, org_id=lease.org_id).order_by("id")
    assert [fact.payload["days"] for fact in facts] == [60, 30, 7]


def test_an_agreed_pause_begins_and_ends_on_its_days() -> None:
    lease = running()
    by = clerk(lease.org)
    services.pause_lease(
        lease_id=lease.id,
        cause="AGREED",
        relief=D(50),
        starts_on=date(2027, 6, 5),
        ends_on=date(2027, 6, 15),
        actor=by,
        at=TODAY,
    )
    moves = []
    for day in (4, 5, 5, 14, 15, 15):
        fact = advance(lease, date(2027, 6, day))
        lease.refresh_from_db()
        moves.append((day, lease.state, fact.paused, fact.resumed))
    assert moves == [
        (4, "ACTIVE", 0, 0), (5, "PAUSED", 1, 0), (5, "PAUSED", 0, 0), (14, "PAUSED", 0, 0),
        (15, "ACTIVE", 0, 1), (15, "ACTIVE", 0, 0),
    ]  # fmt: skip


def test_a_promise_whose_vehicle_is_still_out_is_at_risk_once_a_day() -> None:
    lease = running()
    vehicle_id = Segment.objects.get(lease=lease).vehicle_id
    rival = make.drafted(
        org=lease.org, vehicle_id=vehicle_id, at=datetime(2028, 5, 3, 4, tzinfo=UTC)
    )
    risks = [advance(lease, date(2028, 5, day)).at_risk for day in (1, 2, 2, 3)]
    assert risks == [0, 1, 0, 1]
    assert rival.state == LeaseState.RESERVED
    told = Outbox.objects.filter(name=ReservationAtRisk.name, org_id=lease.org_id).first()
    assert told is not None
    assert told.payload["held_by_lease_id"] == str(lease.id)
