"""Openings: what an operator's own books held of a lease when it moved in, and their undoing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries
from panshi.billing.events import AccountsGivenBack, AccountsTakenOver
from panshi.billing.models import (
    Bill,
    BillKind,
    BillState,
    Channel,
    ChargePlan,
    Deposit,
    DepositState,
    PlanPrice,
    PlanVehicle,
)
from panshi.billing.queries.owed import OPENING_SEQUENCE
from panshi.billing.services.opening_claims import (
    AccountsInUse,
    AmountNegative,
    OpeningClaim,
    OpeningLine,
    bill_claims,
    take_back,
)
from panshi.billing.services.plans import NewPlan, open_all
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

OPENING: Final = "4103"
TAKEN_OVER: Final = "DEPOSIT_TAKEN_OVER"
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What ran before the operator moved in, for one source; amounts in CNY, tax included.

    `paid_until` is the last day whose rent was settled elsewhere: the plan charges from the day
    after it up to, not including, `ends_on`. `deposit` is the security held. `arrears` is what the
    customer owes up to `paid_until`; it becomes a bill due on `arrears_due_on`.
    """

    org_id: int
    source_kind: str
    source_id: UUID
    payer_id: UUID
    vehicle_id: UUID
    product_code: str
    price: Decimal
    starts_on: date
    ends_on: date
    paid_until: date
    alignment: str
    basis: str
    city: str
    deposit: Decimal = ZERO
    arrears: Decimal = ZERO
    arrears_due_on: date | None = None


@verb
def take_over_accounts(
    *, accounts: Sequence[NewAccount], actor: Actor, at: datetime
) -> AccountsTakenOver:
    """Open plans from their first unpaid day, and post deposits held and arrears as openings.

    Both stand against the opening balances (4103). `plan_ids` are in the order of `accounts`.
    Raises AmountNegative, PlanReversed, UnknownProduct or ledger.PeriodClosed; then none is taken.
    """
    for org_id in sorted({account.org_id for account in accounts}):
        actor.must("billing.take_over_accounts", org_id)
    if any(account.deposit < 0 or account.arrears < 0 for account in accounts):
        raise AmountNegative(_("A deposit or arrears cannot be below zero."))
    plan_ids = open_all([_plan(account) for account in accounts], actor)
    _hold([account for account in accounts if account.deposit], actor=actor, at=at)
    _claim([account for account in accounts if account.arrears], at=at)
    return AccountsTakenOver(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        plan_ids=tuple(plan_ids),
        deposits=sum((account.deposit for account in accounts), ZERO),
        arrears=sum((account.arrears for account in accounts), ZERO),
    )


def _plan(account: NewAccount) -> NewPlan:
    return NewPlan(
        org_id=account.org_id,
        payer_id=account.payer_id,
        vehicle_id=account.vehicle_id,
        product_code=account.product_code,
        anchor_on=account.starts_on,
        price=account.price,
        source_kind=account.source_kind,
        source_id=account.source_id,
        starts_on=account.paid_until + timedelta(days=1),
        ends_on=account.ends_on,
        alignment=account.alignment,
        basis=account.basis,
        city=account.city,
    )


def _hold(accounts: Sequence[NewAccount], *, actor: Actor, at: datetime) -> None:
    """Hold deposits that no bill of ours demanded, and post them as a liability."""
    if not accounts:
        return
    Deposit.objects.bulk_create(
        (
            Deposit(
                org_id=account.org_id,
                source_kind=account.source_kind,
                source_id=account.source_id,
                customer_id=account.payer_id,
                vehicle_id=account.vehicle_id,
                channel=Channel.BANK,
                amount=account.deposit,
                held=account.deposit,
                state=DepositState.HELD,
            )
            for account in accounts
        ),
        batch_size=_BATCH,
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=account.org_id,
                kind=TAKEN_OVER,
                source_kind=account.source_kind,
                source_id=account.source_id,
                occurred_on=local_day(at),
                postings=legs_of(
                    (OPENING, account.deposit),
                    ("2241.01", -account.deposit),
                    customer_id=account.payer_id,
                    city=account.city,
                    vehicle_id=account.vehicle_id,
                ),
            )
            for account in accounts
        ],
        actor=actor,
        at=at,
    )


def _claim(accounts: Sequence[NewAccount], *, at: datetime) -> None:
    """Bill what is owed from before, so that it is collected like any other bill."""
    day = local_day(at)
    bill_claims(
        [
            OpeningClaim(
                org_id=account.org_id,
                source_kind=account.source_kind,
                source_id=account.source_id,
                payer_id=account.payer_id,
                vehicle_id=account.vehicle_id,
                city=account.city,
                due_on=account.arrears_due_on or day,
                lines=(OpeningLine(gross=account.arrears),),
            )
            for account in accounts
        ],
        sequences=[OPENING_SEQUENCE] * len(accounts),
        at=at,
    )


@verb
def give_back_accounts(
    *, org_id: int, source_kind: str, source_ids: Sequence[UUID], actor: Actor, at: datetime
) -> AccountsGivenBack:
    """Undo the take-over of these sources: plans and deposits go, openings are reversed.

    Raises AccountsInUse once anything was billed, paid or moved; then all of it stays.
    """
    actor.must("billing.give_back_accounts", org_id)
    ids = list(source_ids)
    plans = ChargePlan.objects.visible_to(actor).filter(
        org_id=org_id, source_kind=source_kind, source_id__in=ids
    )
    plan_ids = [plan.id for plan in plans.order_by("id").select_for_update(of=("self",))]
    if queries.accounts_in_use(source_kind=source_kind, source_ids=tuple(ids), actor=actor):
        raise AccountsInUse(_("Something was billed or paid since, so the accounts stay."))
    deposits = Deposit.objects.visible_to(actor).filter(
        org_id=org_id, source_kind=source_kind, source_id__in=ids
    )
    deposits.delete()
    for part in (PlanPrice, PlanVehicle):
        part._default_manager.filter(plan_id__in=plan_ids).delete()
    ChargePlan.objects.filter(id__in=plan_ids).delete()
    _reverse(org_id, source_kind, ids, actor=actor, at=at)
    return AccountsGivenBack(org_id=org_id, actor_id=actor.id, at=at, plans=len(plan_ids))


def _reverse(
    org_id: int, source_kind: str, source_ids: Iterable[UUID], *, actor: Actor, at: datetime
) -> None:
    """Cancel the openings in the book: deposits by their mirror, arrears by a credit note."""
    day = local_day(at)
    wanted = tuple(source_ids)
    held = [
        entry.id
        for entry in ledger_queries.entries_of_sources(source_ids=wanted, actor=actor)
        if entry.org_id == org_id and entry.kind == TAKEN_OVER
    ]
    if held:
        ledger.reverse_entries(entry_ids=held, occurred_on=day, actor=actor, at=at)
    take_back(
        Bill.objects.filter(
            org_id=org_id,
            source_kind=source_kind,
            source_id__in=wanted,
            kind=BillKind.CHARGE,
            sequence=OPENING_SEQUENCE,
            state=BillState.ISSUED,
        ),
        actor=actor,
        at=at,
    )
