"""Restrain a vehicle … for a debt that is proven, and set it free the moment it is paid."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.models import DunningCase
from panshi.fleet.models import Vehicle
from panshi.kit import relay
from panshi.kit.guards import GuardRefused
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import Actor, hq_actor, system_actor
from panshi.leasing import services
from panshi.leasing.models import Lease, RestraintRequest, RestraintTerms, Segment
from panshi.leasing.tests import make
from panshi.notify import channels
from panshi.notify import services as notify
from panshi.notify.channels import Simulated
from panshi.org.tests import make as org_make
from panshi.telematics import services as telematics
from panshi.telematics.models import Command, LiveState, Restriction
from panshi.telematics.services import CommandAnswer, NewSession
from panshi.telematics.tests import make as telematics_make

DUE = date(2026, 6, 21)


@pytest.fixture(autouse=True)
def _phones() -> Iterator[None]:
    with channels.standing_in(Simulated("SMS")):
        yield


def moment(days: int) -> datetime:
    return datetime.combine(DUE + timedelta(days=days), time(5), UTC)


def vehicle_of(lease: Lease) -> Vehicle:
    return Segment.objects.get(lease=lease).vehicle


def leased(*, terminal: bool = True) -> Lease:
    """A lease on the road whose first rent is due and unpaid."""
    lease = make.active()
    vehicle = vehicle_of(lease)
    if terminal:
        device_id = telematics_make.device(vehicle).device_id
        telematics.set_device_model(
            device_ids=[device_id],
            maker="磐石",
            name="T1",
            protocol="GB32960",
            adapter="PANSHI_GB",
            bench_proof_on=DUE,
            actor=hq_actor(),
            at=make.NOON,
        )
        session = NewSession(device_id=device_id, epoch=1, peer="p", opened_at=make.NOON)
        telematics.open_sessions(gateway=1, sessions=[session], actor=hq_actor(), at=make.NOON)
    return lease


def climb(lease: Lease, until: int, *, since: int = 0) -> None:
    """Advance the ladder day by day, with every message delivered and every fact heard."""
    first = min(row.due_on for row in make.bills(lease) if row.open_amount)
    for day in range(since, until + 1):
        on = first + timedelta(days=day)
        at = datetime.combine(on, time(5), UTC)
        billing.advance_dunning(on=on, actor=system_actor(lease.org_id), at=at)
        notify.hand_over_messages(actor=hq_actor(), at=at)
        notify.collect_receipts(actor=hq_actor(), at=at + timedelta(seconds=9))
        relay.drain()


def day_of(lease: Lease, days: int) -> datetime:
    first = min(row.due_on for row in make.bills(lease) if row.open_amount)
    return datetime.combine(first + timedelta(days=days), time(5), UTC)


def says(lease: Lease, at: datetime, *, speed: int = 0) -> None:
    vehicle = vehicle_of(lease)
    LiveState.objects.update_or_create(
        id=vehicle.id,
        vehicle_id=vehicle.id,
        defaults={
            "org_id": vehicle.org_id,
            "vin": vehicle.vin,
            "series": 1,
            "gateway": 1,
            "received_at": at,
            "motion_at": at,
            "speed_tenths": speed,
            "odometer_tenths": 50,
            "soc_pct": 60,
        },
    )


def approve(lease: Lease, command_id: UUID, at: datetime) -> None:
    assert lease.org.parent is not None
    above = org_make.actor(lease.org.parent, "telematics.*")
    for by in (
        org_make.actor(lease.org, "telematics.*"),
        Actor(
            id=above.id,
            org_id=above.org_id,
            org_ids=(above.org_id, lease.org_id),
            permissions=above.permissions,
        ),
    ):
        telematics.approve_command(command_id=command_id, actor=by, at=at)
    relay.drain()


def hand_over(lease: Lease, since: datetime, *, minutes: int = 5, speed: int = 0) -> datetime:
    """The vehicle reports and the queue is looked at each half minute; answers the last moment."""
    at = since
    for half in range(2 * minutes + 1):
        at = since + timedelta(seconds=30 * half)
        says(lease, at, speed=speed)
        if telematics.hand_over_commands(gateway=1, actor=hq_actor(), at=at).orders:
            break
    return at


def answer(command_id: UUID, state: str, at: datetime) -> None:
    telematics.record_command_answers(
        answers=[CommandAnswer(command_id=command_id, outcome="ANSWERED", taken=True, state=state)],
        actor=hq_actor(),
        at=at,
    )
    relay.drain()


def pay(lease: Lease, at: datetime) -> None:
    owed = [row for row in make.bills(lease) if row.open_amount]
    billing.record_payment(
        bill_ids=[row.id for row in owed],
        amount=sum((row.open_amount for row in owed), Decimal(0)),
        actor=make.clerk(lease.org),
        at=at,
    )


def limited() -> tuple[Lease, RestraintRequest, datetime]:
    """The ladder asked, two people approved; the vehicle has not stood long enough yet."""
    lease = leased()
    climb(lease, 10)
    request = RestraintRequest.objects.get(lease=lease)
    assert request.command_id is not None, request.end_reason
    at = day_of(lease, 10)
    approve(lease, request.command_id, at)
    return lease, request, at


def test_the_ladder_asks_with_clause_proofs_and_answers_and_payment_releases() -> None:
    lease, request, at = limited()
    request.refresh_from_db()
    assert (request.state, request.kind, request.clause) == ("QUEUED", "LIMIT", "RESTRAINT")
    assert {notice["rung"] for notice in request.notices} >= {1, 5}
    assert all(check["holds"] for check in request.answers)
    sent_at = hand_over(lease, at)
    assert request.command_id is not None
    answer(request.command_id, "SPEED_LIMIT", sent_at)
    request.refresh_from_db()
    assert request.state == "IN_FORCE"

    paid_at = sent_at + timedelta(hours=3)
    pay(lease, paid_at)
    relay.drain()
    release = Command.objects.get(vehicle=vehicle_of(lease), kind="RELEASE")
    assert release.requested_at - paid_at <= timedelta(seconds=60)
    says(lease, paid_at, speed=700)
    assert telematics.hand_over_commands(gateway=1, actor=hq_actor(), at=paid_at).orders
    answer(release.id, "RELEASE", paid_at)
    request.refresh_from_db()
    assert request.state == "RELEASED"
    assert not Restriction.objects.filter(vehicle=vehicle_of(lease), until=None).exists()


def test_a_moving_vehicle_is_not_limited() -> None:
    lease, request, at = limited()
    hand_over(lease, at, minutes=20, speed=430)
    assert request.command_id is not None
    command = Command.objects.get(id=request.command_id)
    assert (command.state, "SPEED_ZERO" in command.waits_for) == ("QUEUED", True)


def test_a_payment_a_second_before_the_hand_over_keeps_it_from_leaving() -> None:
    lease, request, at = limited()
    hand_over(lease, at, minutes=2)
    pay(lease, at + timedelta(minutes=2, seconds=59))
    # The fact has not been heard yet: the guard reads the books itself.
    says(lease, at + timedelta(minutes=3))
    fact = telematics.hand_over_commands(gateway=1, actor=hq_actor(), at=at + timedelta(minutes=3))
    assert (fact.orders, fact.cancelled) == ((), 1)
    relay.drain()
    request.refresh_from_db()
    assert request.state == "STOPPED"


@pytest.mark.parametrize("limit_answers_first", [True, False])
def test_a_payment_while_it_is_handed_over_the_release_wins(limit_answers_first: bool) -> None:
    lease, request, at = limited()
    sent_at = hand_over(lease, at)
    assert request.command_id is not None
    assert Command.objects.get(id=request.command_id).state == "SENT"
    pay(lease, sent_at)
    relay.drain()
    after = sent_at + timedelta(seconds=2)
    says(lease, after)
    (order,) = telematics.hand_over_commands(gateway=1, actor=hq_actor(), at=after).orders
    assert order.kind == "RELEASE"
    answers = [(request.command_id, "SPEED_LIMIT"), (order.command_id, "RELEASE")]
    for command_id, state in answers if limit_answers_first else reversed(answers):
        answer(command_id, state, after)
    assert not Restriction.objects.filter(vehicle=vehicle_of(lease), until=None).exists()
    request.refresh_from_db()
    assert request.state == "RELEASED"


def test_a_dispute_stops_what_has_not_left() -> None:
    lease, request, at = limited()
    case = DunningCase.objects.get(source_id=lease.id)
    billing.hold_case(
        case_id=case.id, reason="账单有误", kind="DISPUTE", actor=make.clerk(lease.org), at=at
    )
    relay.drain()
    request.refresh_from_db()
    assert (request.state, request.end_reason) == ("STOPPED", "DISPUTE")
    assert request.command_id is not None
    assert Command.objects.get(id=request.command_id).state == "CANCELLED"


def test_a_refusal_lists_every_guard() -> None:
    lease = leased()
    climb(lease, 1)
    with pytest.raises(GuardRefused) as refused:
        services.request_restraint(
            lease_id=lease.id,
            kind="INHIBIT",
            reason="欠租",
            actor=make.clerk(lease.org),
            at=day_of(lease, 2),
        )
    checks = {check.code: check.holds for check in refused.value.checks}
    assert checks == {
        "CLAUSE_SIGNED": True,
        "DEBT_OPEN": True,
        "NOT_ON_HOLD": True,
        "NO_PLAN_KEPT": True,
        "NO_COMPLAINT": True,
        "NOTICE_PROVEN": False,
        "VEHICLE_WITH_LEASE": True,
        "REQUEST_FRESH": True,
        "LIMIT_BEFORE": False,
    }
    with pytest.raises(NotPermitted):
        services.request_restraint(
            lease_id=lease.id,
            kind="INHIBIT",
            reason="欠租",
            waive_limit=True,
            actor=make.clerk(lease.org),
            at=day_of(lease, 2),
        )


def test_a_debt_of_no_more_than_the_minimum_warrants_nothing() -> None:
    lease = leased()
    climb(lease, 1)
    at, by = day_of(lease, 2), make.clerk(lease.org)
    (owed,) = [row for row in make.bills(lease) if row.open_amount]
    least = RestraintTerms.objects.get(kind="LIMIT").min_debt
    billing.record_payment(
        bill_ids=[owed.id], amount=owed.open_amount - least, actor=by, at=at - timedelta(hours=1)
    )
    with pytest.raises(GuardRefused) as refused:
        services.request_restraint(lease_id=lease.id, kind="LIMIT", reason="欠租", actor=by, at=at)
    assert {check.code: check.holds for check in refused.value.checks}["DEBT_OPEN"] is False


def test_what_the_ladder_was_refused_is_kept_with_its_reason() -> None:
    lease = leased(terminal=False)
    climb(lease, 10)
    request = RestraintRequest.objects.get(lease=lease)
    assert (request.state, request.end_reason) == ("STOPPED", "NoAdapter")
    assert request.answers


def test_the_database_wants_clause_proof_and_a_limit_before_an_inhibit() -> None:
    _lease, request, _at = limited()
    wrongs: list[dict[str, Any]] = [{"clause": ""}, {"notices": []}, {"kind": "INHIBIT"}]
    for wrong in wrongs:
        with pytest.raises(IntegrityError), transaction.atomic():
            RestraintRequest.objects.filter(id=request.id).update(**wrong)


def test_no_restraint_makes_a_fee() -> None:
    lease, request, at = limited()
    before = [(row.id, row.total) for row in make.bills(lease)]
    hand_over(lease, at)
    assert request.command_id is not None
    answer(request.command_id, "SPEED_LIMIT", at)
    assert [(row.id, row.total) for row in make.bills(lease)] == before
    assert billing_queries.debts_of(source_ids=[lease.id], today=at.date(), actor=hq_actor())[
        lease.id
    ].open_amount == Decimal("1000.00")
