"""Rent to own: the plan of instalments, and what buying the vehicle on a day would cost."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing
from panshi.billing.queries import Charge, Instalment, Payoff
from panshi.kit.clock import add_months, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import BuyOut, BuyOutState, Lease, LeaseState, PurchaseTerms
from panshi.leasing.queries.changes import NotRunning, plan_of
from panshi.leasing.queries.leases import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalmentRow:
    """One instalment: what of it is interest, and the balance after it; `billed` or still ahead."""

    number: int
    due_on: date
    payment: Decimal
    interest: Decimal
    principal: Decimal
    balance: Decimal
    billed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOutRow:
    """A buy-out that was offered: reckoned to `on`, the last day on which it can be paid."""

    id: UUID
    state: BuyOutState
    on: date
    amount: Decimal
    bill_id: UUID | None
    offered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseView:
    """How a leased vehicle becomes its customer's; amounts in CNY with tax.

    `balance` is what the instalments that were billed leave of the price. On `last_day` a buy-out
    can be agreed to without the next instalment.
    """

    price: Decimal
    monthly_rate: Decimal
    fee: Decimal
    payment: Decimal
    months: int
    rows: tuple[InstalmentRow, ...]
    balance: Decimal
    last_day: date | None
    offers: tuple[BuyOutRow, ...]

    @property
    def standing(self) -> BuyOutRow | None:
        """The offer that waits for its money."""
        return next((o for o in self.offers if o.state == BuyOutState.OFFERED), None)

    @property
    def paid_share(self) -> Decimal:
        """Share of the price that the billed instalments have paid off."""
        return 1 - self.balance / self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyOutQuote:
    """What buying on a day costs; `digest` names it, so that the deed does what was shown."""

    payoff: Payoff
    digest: str
    last_day: date


def instalments_of(lease: Lease, terms: PurchaseTerms) -> list[Instalment]:
    """The level instalments that a lease's price comes to."""
    return billing.instalments(
        price=terms.price, months=lease.months, monthly_rate=terms.monthly_rate
    )


def instalment_plan(
    *, price: Decimal, monthly_rate: Decimal, months: int, starts_on: date, billed_to: date
) -> tuple[InstalmentRow, ...]:
    """Each level instalment with the day on which it is due."""
    rows = billing.instalments(price=price, months=months, monthly_rate=monthly_rate)
    return tuple(
        InstalmentRow(
            number=row.number,
            due_on=(due_on := add_months(starts_on, row.number - 1)),
            payment=row.payment,
            interest=row.interest,
            principal=row.principal,
            balance=row.balance,
            billed=due_on < billed_to,
        )
        for row in rows
    )


@question
def instalments_quoted(
    *, price: Decimal, monthly_rate: Decimal, months: int, starts_on: date, actor: Actor
) -> tuple[InstalmentRow, ...]:
    """The instalments of a price before anything is agreed."""
    return instalment_plan(
        price=price, monthly_rate=monthly_rate, months=months, starts_on=starts_on,
        billed_to=starts_on,
    )  # fmt: skip


def billed_to(lease: Lease, actor: Actor) -> date:
    """The day up to which instalments were billed, here or before the lease moved in."""
    if lease.plan_id is None:
        return lease.starts_on
    charges = billing.charges_of_plan(plan_id=lease.plan_id, today=lease.starts_on, actor=actor)
    waiting = (c.period_from for c in charges if c.standing in ("PLANNED", "DRAFT"))
    return next(waiting, lease.ends_on)


def buy_out_of(lease: Lease, on: date, actor: Actor) -> BuyOutQuote:
    """Reckon a buy-out; page and verb ask alike. Raises NotRunning."""
    terms = PurchaseTerms.objects.filter(lease=lease).first()
    plan_of(lease)
    if terms is None:
        raise NotRunning(
            _("Lease %s is not rented to own, or its price was not agreed.") % lease.number
        )
    until = billed_to(lease, actor)
    rows = instalments_of(lease, terms)
    payoff = billing.payoff(
        price=terms.price,
        monthly_rate=terms.monthly_rate,
        rows=rows,
        anchor=lease.starts_on,
        on=on,
        billed_to=until,
        fee=terms.fee,
    )
    said = "|".join(
        map(str, (lease.id, on, until, payoff.balance, payoff.interest, payoff.billed, terms.fee))
    )
    return BuyOutQuote(
        payoff=payoff,
        digest=hashlib.sha256(said.encode()).hexdigest(),
        last_day=until - timedelta(days=1),
    )


def agreed_charges(lease: Lease, own: PurchaseTerms | None, actor: Actor) -> tuple[Charge, ...]:
    """What a lease will charge by its terms, and those of its purchase, before it runs."""
    charges = quote(
        product_code=lease.product_code,
        monthly_rent=lease.monthly_rent,
        deposit=lease.deposit,
        starts_on=lease.starts_on,
        months=lease.months,
        alignment=lease.alignment,
        actor=actor,
    ).charges
    if own is None:
        return charges
    plan = instalments_of(lease, own)
    return tuple(
        replace(charge, amount=part.payment) for charge, part in zip(charges, plan, strict=True)
    )


@question
def charges_agreed(*, lease_id: UUID, actor: Actor) -> tuple[Charge, ...]:
    """What a lease that does not run yet will charge, period by period."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    return agreed_charges(lease, PurchaseTerms.objects.filter(lease=lease).first(), actor)


@question
def quote_buy_out(*, lease_id: UUID, on: date, actor: Actor) -> BuyOutQuote:
    """What it would cost the customer to own the vehicle from a day on. Raises NotRunning."""
    return buy_out_of(Lease.objects.visible_to(actor).get(id=lease_id), on, actor)


@question
def purchase_of(*, lease_id: UUID, actor: Actor, at: datetime) -> PurchaseView | None:
    """How far a vehicle that is rented to own has become the customer's; None without terms."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    terms = PurchaseTerms.objects.filter(lease=lease).first()
    if terms is None:
        return None
    until = billed_to(lease, actor)
    rows = instalment_plan(
        price=terms.price,
        monthly_rate=terms.monthly_rate,
        months=lease.months,
        starts_on=lease.starts_on,
        billed_to=until,
    )
    offers = BuyOut.objects.filter(lease=lease).order_by("-offered_at")
    runs = lease.state == LeaseState.ACTIVE
    return PurchaseView(
        price=terms.price,
        monthly_rate=terms.monthly_rate,
        fee=terms.fee,
        payment=rows[0].payment,
        months=lease.months,
        rows=rows,
        balance=next((row.balance for row in reversed(rows) if row.billed), terms.price),
        last_day=max(until - timedelta(days=1), local_day(at)) if runs else None,
        offers=tuple(
            BuyOutRow(
                id=offer.id,
                state=BuyOutState(offer.state),
                on=offer.on,
                amount=offer.amount,
                bill_id=offer.bill_id,
                offered_at=offer.offered_at,
                ended_at=offer.ended_at,
            )
            for offer in offers
        ),
    )
