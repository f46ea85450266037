"""Two years of business before today: leases, rents, payments, late payers. All through verbs."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from uuid import UUID

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.queries.owed import OwedRow
from panshi.billing.services import NewPayment
from panshi.demo import cash, changes, world
from panshi.demo.founding import Operator, Say, somebody_else
from panshi.demo.world import ModelPlan
from panshi.fleet import services as fleet
from panshi.kit import typeset
from panshi.kit.clock import add_months, day_start, local_day, month_start
from panshi.kit.tenancy import Actor
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing
from panshi.leasing.events import LeaseDrafted
from panshi.leasing.owning_events import PurchaseAgreed

MONTHS = 24
LATE_SHARE = 0.06  # Of customers, they pay weeks late.
TERMS = (3, 6, 12, 12, 12, 24)
# Rent to own: months, the price in rents, the rate of a month, the fee of the change of owner.
OWN_MONTHS = 36
OWN_RENTS = 30
OWN_RATE = Decimal("0.006")
OWN_FEE = Decimal(500)
# Parcel seasons: more vehicles go out before the autumn and spring peaks.
DEMAND = (0.7, 0.6, 1.2, 1.1, 1.0, 0.9, 0.8, 0.9, 1.3, 1.4, 1.3, 0.9)


@dataclass(slots=True)
class Running:
    """A lease of the demo on the road, and the day it is to come back."""

    operator: Operator
    lease_id: UUID
    vehicle_id: UUID
    model: ModelPlan
    ends_on: date
    odometer_km: Decimal


Waiting = list[tuple[UUID, ModelPlan, Decimal]]
"""Vehicles in the yard: id, model, what the odometer shows in km."""


def first_day(at: datetime) -> date:
    return add_months(month_start(local_day(at)), -MONTHS)


def live_through(
    operator: Operator, random: Random, at: datetime, say: Say, *, desk: cash.Desk | None = None
) -> None:
    """Play two years of an operator month by month up to `at`.

    Some of the last bills are left to a cash desk, which is paid in its own ways.
    """
    actor = operator.actor
    waiting: Waiting = [(v, m, Decimal(2_500)) for v, m in operator.vehicles]
    running: list[Running] = []
    late = {c for c in operator.customers if random.random() < LATE_SHARE}
    start = first_day(at)
    story = changes.Changes(operator)
    for number in range(MONTHS + 1):
        month = add_months(start, number)
        story.play(number, month, running, waiting, random, at)
        running = _take_back(running, waiting, month, random, at)
        running += list(_hand_out(operator, waiting, month, number, random, at))
        moment = min(day_start(month) + timedelta(hours=3), at)
        billing.run_bills(cut_off=month, actor=actor, at=moment)
        billing.issue_bills(draft_hours=0, actor=actor, at=moment)
        if desk is not None and number >= MONTHS - 1:
            desk.keep(late, last=number == MONTHS)
        _pay(operator, late, month, random, at, kept=desk.bill_ids if desk else frozenset())
        if number < MONTHS:
            billing.recognise_revenue(month=month, actor=actor, at=moment)
    say(f"{operator.plan.name}: two years, {len(running)} leases on the road")


def _hand_out(
    operator: Operator, waiting: Waiting, month: date, number: int, random: Random, at: datetime
) -> Iterator[Running]:
    """New leases of a month: the fleet fills up in a year and a half, then follows the season."""
    fleet_size = len(operator.vehicles)
    wanted = min(0.22 + 0.04 * number, 0.88) * (0.94 + 0.06 * DEMAND[month.month - 1])
    out = fleet_size - len(waiting)
    random.shuffle(waiting)
    for _ in range(max(0, round(fleet_size * min(wanted, 0.93)) - out)):
        vehicle_id, model, odometer = waiting.pop()
        day = month + timedelta(days=random.randrange(0, 26))
        moment = day_start(day) + timedelta(hours=random.randrange(8, 18), minutes=7)
        if moment > at:
            waiting.append((vehicle_id, model, odometer))
            continue
        yield lease_out(operator, vehicle_id, model, odometer, day, moment, random)


@cache
def _scan() -> bytes:
    """What is kept of the contracts of the past: one page that says so, stored once."""
    return typeset.pdf(Path(__file__).with_name("paper.typ"), {})


def lease_out(
    operator: Operator,
    vehicle_id: UUID,
    model: ModelPlan,
    odometer: Decimal,
    day: date,
    moment: datetime,
    random: Random,
    *,
    alignment: str = "CALENDAR",
    to_own: bool = False,
) -> Running:
    """A lease from its draft to the vehicle on the road, all on one day."""
    actor = operator.actor
    lease_id, months = sign_up(
        operator, vehicle_id, model, day, moment, random, alignment=alignment, to_own=to_own
    )
    leasing.complete_handover(
        lease_id=lease_id,
        odometer_km=odometer,
        soc_pct=Decimal(random.randrange(70, 100)),
        signed_by=world.person(random),
        actor=actor,
        at=moment,
    )
    leasing.activate_lease(lease_id=lease_id, actor=actor, at=moment)
    return Running(operator, lease_id, vehicle_id, model, add_months(day, months), odometer)


def sign_up(
    operator: Operator,
    vehicle_id: UUID,
    model: ModelPlan,
    day: date,
    moment: datetime,
    random: Random,
    *,
    alignment: str = "CALENDAR",
    to_own: bool = False,
) -> tuple[UUID, int]:
    """A lease from `day` on, signed on paper and its deposit in: its id and its months."""
    actor = operator.actor
    rent = world.rent_of(model, random)
    months = OWN_MONTHS if to_own else random.choice(TERMS)
    customer_id = random.choice(operator.customers[:-2])
    drafted: PurchaseAgreed | LeaseDrafted
    if to_own:
        drafted = leasing.draft_purchase_lease(
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            price=rent * OWN_RENTS,
            monthly_rate=OWN_RATE,
            fee=OWN_FEE,
            deposit=rent * 2,
            starts_on=day,
            months=months,
            actor=actor,
            at=moment,
        )
    else:
        drafted = leasing.draft_lease(
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            product_code="RENT_MONTHLY",
            monthly_rent=rent,
            deposit=rent * 2,
            starts_on=day,
            months=months,
            alignment=alignment,
            actor=actor,
            at=moment,
        )
    leasing.file_paper_contract(
        lease_id=drafted.lease_id, scan=_scan(), name="contract.pdf", actor=actor, at=moment
    )
    (demand,) = billing_queries.bills_of_source(
        source_kind=leasing.SOURCE, source_id=drafted.lease_id, actor=actor
    )
    billing.record_payment(bill_ids=[demand.id], amount=demand.total, actor=actor, at=moment)
    leasing.secure_deposit(lease_id=drafted.lease_id, amount=demand.total, actor=actor, at=moment)
    return drafted.lease_id, months


def _take_back(
    running: list[Running], waiting: Waiting, month: date, random: Random, at: datetime
) -> list[Running]:
    """Vehicles whose term ended come back; seven in ten customers extend instead."""
    still: list[Running] = []
    for lease in running:
        if lease.ends_on >= month or random.random() < 0.3:
            still.append(lease)
            continue
        moment = day_start(month) - timedelta(hours=random.randrange(6, 40))
        if moment > at:
            still.append(lease)
            continue
        damages = []
        if random.random() < 0.25:
            damages = [
                leasing.ReturnCharge(
                    product_code="DAMAGE",
                    words="右后门划痕，露底漆",
                    unit_price=Decimal(random.choice((180, 260, 440))),
                )
            ]
        take_back(lease, moment, random, charges=damages)
        waiting.append((lease.vehicle_id, lease.model, lease.odometer_km))
    return still


def take_back(
    lease: Running, moment: datetime, random: Random, *, charges: Sequence[leasing.ReturnCharge]
) -> None:
    """A vehicle comes back, its lease is settled, and it is made ready for the next."""
    actor = lease.operator.actor
    lease.odometer_km += Decimal(random.randrange(4_000, 22_000))
    soc = Decimal(random.randrange(15, 90))
    leasing.request_return(lease_id=lease.lease_id, on=local_day(moment), actor=actor, at=moment)
    leasing.accept_return(
        lease_id=lease.lease_id,
        odometer_km=lease.odometer_km,
        soc_pct=soc,
        signed_by=world.person(random),
        actor=actor,
        at=moment,
    )
    leasing.settle_lease(lease_id=lease.lease_id, charges=charges, actor=actor, at=moment)
    _hand_back_deposit(lease, moment)
    make_ready(actor, lease.vehicle_id, lease.odometer_km, soc, moment)


def _hand_back_deposit(lease: Running, moment: datetime) -> None:
    """What is left of a deposit leaves by the bank, approved by another person."""
    actor = lease.operator.actor
    other = somebody_else(actor)
    for back in leasing_queries.deposit_returns(lease_id=lease.lease_id, actor=actor):
        billing.name_payee(
            refund_id=back.refund_id, payee="演示客户", account="6222000000000000", actor=actor,
            at=moment,
        )  # fmt: skip
        billing.approve_refund(refund_id=back.refund_id, actor=other, at=moment)
        billing.send_refund(refund_id=back.refund_id, actor=actor, at=moment)
        billing.conclude_refund(refund_id=back.refund_id, paid=True, actor=actor, at=moment)


def make_ready(
    actor: Actor, vehicle_id: UUID, odometer_km: Decimal, soc: Decimal, moment: datetime
) -> None:
    """A vehicle that came back passes its check two hours later."""
    ready = moment + timedelta(hours=2)
    fleet.sign_inspection(
        vehicle_id=vehicle_id,
        kind="IDLE",
        odometer_km=odometer_km,
        soc_pct=soc,
        passed=True,
        actor=actor,
        at=ready,
    )
    fleet.make_ready(vehicle_id=vehicle_id, actor=actor, at=ready)


def _pay(
    operator: Operator,
    late: set[UUID],
    month: date,
    random: Random,
    at: datetime,
    *,
    kept: Collection[UUID],
) -> None:
    """Customers pay what is open, most within days; late payers pay a month later, if ever."""
    owed: dict[UUID, list[OwedRow]] = {}
    for bill in billing_queries.open_bills(actor=operator.actor):
        if bill.id in kept:
            continue
        patience = 40 if bill.customer_id in late else random.choice((1, 2, 3, 5, 9))
        moment = day_start(bill.due_on + timedelta(days=patience)) + timedelta(
            hours=random.randrange(9, 20)
        )
        if moment < at and bill.due_on < add_months(month, 1):
            owed.setdefault(bill.customer_id, []).append(bill)
    payments = [
        _payment(bills, 30 if customer_id in late else 2, random, at)
        for customer_id, bills in owed.items()
        if customer_id not in late or random.random() >= 0.35
    ]
    if payments:
        billing.record_payments(payments=payments, actor=operator.actor, at=at)


def _payment(bills: list[OwedRow], days: int, random: Random, at: datetime) -> NewPayment:
    """One transfer for all these bills, so many days after the last of them fell due."""
    moment = day_start(max(b.due_on for b in bills)) + timedelta(days=days, hours=10)
    return NewPayment(
        bill_ids=[b.id for b in bills],
        amount=sum((b.open_amount for b in bills), Decimal(0)),
        channel=random.choice(("WECHAT", "ALIPAY", "BANK")),
        received_at=min(moment, at),
    )
