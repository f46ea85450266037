"""Violations at the end of a lease: lines of its settlement, what is kept back, and the night."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.queries import ReturnCharge
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.models import (
    VIOLATION_LIFE,
    Lease,
    Responsible,
    Retention,
    Violation,
    ViolationState,
)
from panshi.leasing.queries.violations import clause_of, open_of_lease, terms_on
from panshi.leasing.services.common import SOURCE
from panshi.leasing.services.violations import cities, common
from panshi.leasing.violation_events import (
    RetentionReturned,
    ViolationOverdue,
    ViolationsAdvanced,
)


def take_over(lease: Lease, charges: Sequence[ReturnCharge], *, at: datetime) -> None:
    """Mark the violations that are lines of a settlement as billed by it, disputed lines too."""
    clauses = {charge.clause for charge in charges}
    for row in open_of_lease(lease.id).select_for_update(of=("self",)):
        if clause_of(row) in clauses:
            row.state = VIOLATION_LIFE.step(row.state, ViolationState.CHARGED)
            row.charged_at, row.in_settlement = at, True
            row.save(update_fields=["state", "charged_at", "in_settlement"])


def disputed_sum(lease: Lease) -> Decimal:
    """What violations of a lease that are under dispute would cost: kept back until decided."""
    rows = Violation.objects.filter(
        lease=lease, state=ViolationState.DISPUTED, responsible=Responsible.CUSTOMER
    )
    return sum((row.fine + row.agency_fee for row in rows), ZERO)


def to_retain(lease: Lease, asked: Decimal | None, at: datetime) -> Decimal:
    """What to keep back of a deposit: as asked for or by the terms, and all that is disputed."""
    if lease.moved_in_at is not None and asked is None:
        return disputed_sum(lease)  # It was signed on other paper.
    return max(terms_on(local_day(at)).retained if asked is None else asked, disputed_sum(lease))


def keep_back(lease: Lease, amount: Decimal, *, at: datetime) -> None:
    """Note what stays of the deposit after a settlement."""
    if amount > 0:
        Retention.objects.create(
            org_id=lease.org_id,
            lease=lease,
            customer_id=lease.customer_id,
            amount=amount,
            left=amount,
            until=local_day(at) + timedelta(days=terms_on(local_day(at)).retain_days),
        )


@verb
def advance_violations(*, on: date, actor: Actor, at: datetime) -> ViolationsAdvanced:
    """A day passes: tell each overdue violation once, give back what was kept back long enough.

    Nothing is given back while a dispute about a violation of the lease is open. Publishes
    ViolationOverdue and RetentionReturned for each.
    """
    actor.must("leasing.advance_violations", actor.org_id)
    overdue = _tell_overdue(on, actor=actor, at=at)
    returned = _give_back(on, actor=actor, at=at)
    return ViolationsAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        overdue=overdue,
        returned=len(returned),
        amount=sum((fact.amount for fact in returned), ZERO),
    )


def _tell_overdue(on: date, *, actor: Actor, at: datetime) -> int:
    days = terms_on(on).overdue_days
    rows = list(
        Violation.objects.visible_to(actor)
        .filter(
            settled_at=None,
            overdue_told_on=None,
            imported_at__lt=at - timedelta(days=days),
        )
        .exclude(state=ViolationState.CLOSED)
        .order_by("id")
        .select_for_update(of=("self",))
    )
    places = cities(rows, actor)
    for row in rows:
        row.overdue_told_on = on
    Violation.objects.bulk_update(rows, ["overdue_told_on"], batch_size=1000)
    outbox.publish_all(
        [
            ViolationOverdue(
                **common(row, places.get(row.vehicle_id, ""), actor=actor, at=at), days=days
            )
            for row in rows
        ],
        verb="leasing.advance_violations",
    )
    return len(rows)


def _give_back(on: date, *, actor: Actor, at: datetime) -> list[RetentionReturned]:
    disputed = Violation.objects.filter(state=ViolationState.DISPUTED).values("lease_id")
    rows = list(
        Retention.objects.visible_to(actor)
        .filter(until__lt=on, returned_at=None)
        .exclude(lease_id__in=disputed)
        .order_by("id")
        .select_for_update(of=("self",))
    )
    told = []
    for row in rows:
        deposit = billing_queries.deposit_of(
            source_kind=SOURCE, source_id=row.lease_id, actor=actor
        )
        if row.left and deposit is not None:
            billing.return_deposit(deposit_id=deposit.id, amount=row.left, actor=actor, at=at)
        row.returned_at = at
        row.save(update_fields=["returned_at"])
        told.append(
            RetentionReturned(
                org_id=row.org_id,
                actor_id=actor.id,
                at=at,
                lease_id=row.lease_id,
                customer_id=row.customer_id,
                amount=row.left,
            )
        )
    outbox.publish_all(told, verb="leasing.advance_violations")
    return told
