"""Who is behind at the demo's first operator: a lease at each rung, two to be restrained."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.services import NewLine
from panshi.demo.founding import Operator, Say
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor, hq_actor
from panshi.leasing import queries
from panshi.leasing import services as leasing
from panshi.leasing.queries import LeaseRow
from panshi.notify import services as notify
from panshi.telematics import services as telematics

# Days since the bill fell due. The first still drives, the second pays when it is to be restrained.
LATE: Final = (10, 11, 15, 5, 30, 20, 7, 3, 1, 0, -3)
# How many days ago the ladder was climbed: often enough for each notice to be proven in time.
CLIMBED: Final = (28, 25, 22, 19, 16, 13, 10, 6, 5, 3, 1, 0)
_FIRST: Final = UUID(int=1)
_ABOVE: Final = UUID(int=2)


def fall_behind(operator: Operator, random: Random, at: datetime, say: Say) -> None:
    """A bill for kilometres stays unpaid at each of these leases; the ladder takes its course."""
    found = queries.leases(state="ACTIVE", order_by="-starts_on", actor=operator.actor)
    rows = list(zip(LATE, (row for row in found.rows if _paid(operator, row)), strict=False))
    bills = {row.id: _bill(operator, row, days, random, at) for days, row in rows}
    for back in CLIMBED:
        _climb(operator, at, back)
    ((_late, driving), (_days, paying), *_rest) = rows
    _ask(operator, driving, at - timedelta(minutes=20))
    yesterday = at - timedelta(days=1)
    _ask(operator, paying, yesterday)
    paid_at = yesterday + timedelta(minutes=35)
    bill_id, amount = bills[paying.id]
    billing.record_payment(bill_ids=[bill_id], amount=amount, actor=operator.actor, at=paid_at)
    leasing.release_restraint(
        lease_id=paying.id, reason="PAID", actor=operator.actor, at=paid_at + timedelta(seconds=20)
    )
    say(f"{operator.plan.name}: {len(rows)} leases behind, two to be restrained, one paid")


def _paid(operator: Operator, row: LeaseRow) -> bool:
    """Whether nothing else is open, which would stand higher on the ladder."""
    bills = billing_queries.bills_of_source(
        source_kind=leasing.SOURCE, source_id=row.id, actor=operator.actor
    )
    return not any(bill.open_amount for bill in bills)


def _bill(
    operator: Operator, row: LeaseRow, days: int, random: Random, at: datetime
) -> tuple[UUID, Decimal]:
    """Kilometres above what was agreed, billed a week before they fall due."""
    due_on = local_day(at) - timedelta(days=days)
    km = Decimal(random.randrange(900, 2_600))
    fact = billing.raise_bill(
        org_id=operator.org_id,
        customer_id=row.customer_id,
        source_kind=leasing.SOURCE,
        source_id=row.id,
        vehicle_id=row.vehicle_id,
        due_on=due_on,
        lines=[
            NewLine(
                product_code="KM_OVERAGE", words="超里程", quantity=km, unit_price=Decimal("0.35")
            )
        ],
        sequence=1,
        actor=operator.actor,
        at=min(day_start(due_on - timedelta(days=7)) + timedelta(hours=10), at),
    )
    return fact.bill_id, fact.total


def _climb(operator: Operator, at: datetime, back: int) -> None:
    """The ladder of a day, with its messages sent and their receipts collected."""
    on = local_day(at) - timedelta(days=back)
    moment = min(day_start(on) + timedelta(hours=10), at)
    billing.advance_dunning(on=on, actor=operator.actor, at=moment)
    notify.hand_over_messages(actor=operator.actor, at=moment)
    notify.collect_receipts(actor=operator.actor, at=moment + timedelta(seconds=9))


def _ask(operator: Operator, row: LeaseRow, moment: datetime) -> None:
    """Finance asks for a limit; two people approve it, one of them from above."""
    asked = leasing.request_restraint(
        lease_id=row.id, kind="LIMIT", reason="逾期未付，已通知", actor=operator.actor, at=moment
    )
    people: tuple[Actor, ...] = (
        replace(operator.actor, id=_FIRST),
        replace(hq_actor(operator.org_id), id=_ABOVE),
    )
    for minutes, person in enumerate(people, start=4):
        telematics.approve_command(
            command_id=asked.command_id, actor=person, at=moment + timedelta(minutes=minutes)
        )
    leasing.follow_command(
        request_id=asked.request_id, state="APPROVED", actor=operator.actor, at=moment
    )
    leasing.follow_command(
        request_id=asked.request_id, state="QUEUED", actor=operator.actor, at=moment
    )
