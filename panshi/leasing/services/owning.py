"""Rent to own: the terms agreed, the buy-out offered, and the vehicle the customer's once paid."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.crm import queries as crm
from panshi.fleet import services as fleet
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import is_amount
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing import rules
from panshi.leasing.models import (
    BUY_OUT_LIFE,
    LEASE_LIFE,
    SEGMENT_LIFE,
    Alignment,
    BuyOut,
    BuyOutState,
    Lease,
    LeaseState,
    PurchaseTerms,
    RequestKind,
    SegmentState,
)
from panshi.leasing.owning_events import (
    BuyOutLapsed,
    BuyOutOffered,
    BuyOutsLapsed,
    OwnershipPassed,
    PurchaseAgreed,
    PurchaseIntentConfirmed,
)
from panshi.leasing.queries.owning import BuyOutQuote, billed_to, buy_out_of
from panshi.leasing.services.changing import must_run
from panshi.leasing.services.common import (
    SOURCE,
    TermsInvalid,
    answer_request,
    common,
    current_segment,
    locked_lease,
    release_promises,
)
from panshi.leasing.services.signing import draft_lease
from panshi.leasing.services.swapping import note_request

BUY_OUT: Final = "leasing.buy_out"
PRODUCT: Final = "RENT_TO_OWN"
MOST_A_MONTH: Final = Decimal("0.05")


class ArrearsOpen(Refusal):
    """Something of the lease is still to be paid, so its vehicle is not sold."""


class BuyOutOpen(Refusal):
    """A buy-out of this lease waits for its money already."""


def _level(price: Decimal, monthly_rate: Decimal, months: int, fee: Decimal) -> Decimal:
    """The instalment that follows from the terms. Raises TermsInvalid."""
    if not (is_amount(price) and is_amount(fee) and monthly_rate.is_finite()):
        raise TermsInvalid(_("Write price and fee in yuan with at most two decimals."))
    if price <= 0 or fee < 0 or not 0 <= monthly_rate <= MOST_A_MONTH:
        raise TermsInvalid(_("The price lies above zero, the rate between 0 and 5 % a month."))
    if not 1 <= months <= rules.LONGEST:
        raise TermsInvalid(_("Rent, deposit and months (1 to 120) must be above zero."))
    return billing_queries.instalments(price=price, months=months, monthly_rate=monthly_rate)[
        0
    ].payment


def _agree(
    lease: Lease, price: Decimal, monthly_rate: Decimal, fee: Decimal, actor: Actor, at: datetime
) -> PurchaseAgreed:
    PurchaseTerms.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        price=price,
        monthly_rate=monthly_rate,
        fee=fee,
        by_id=actor.id,
        agreed_at=at,
    )
    return PurchaseAgreed(
        **common(lease, current_segment(lease), actor=actor, at=at),
        price=price,
        monthly_rate=monthly_rate,
        fee=fee,
    )


@verb
def draft_purchase_lease(
    *,
    customer_id: UUID,
    vehicle_id: UUID,
    price: Decimal,
    monthly_rate: Decimal,
    fee: Decimal,
    months: int,
    deposit: Decimal,
    starts_on: date,
    actor: Actor,
    at: datetime,
) -> PurchaseAgreed:
    """Draft a lease by which the vehicle becomes the customer's: level instalments of `price`.

    `monthly_rate` is the share of the balance that a month adds, 0.006 for 0.6 %. Raises what
    `draft_lease` raises.
    """
    level = _level(price, monthly_rate, months, fee)
    drafted = draft_lease(
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        product_code=PRODUCT,
        monthly_rent=level,
        deposit=deposit,
        starts_on=starts_on,
        months=months,
        alignment=Alignment.ANCHOR,
        actor=actor,
        at=at,
    )
    lease = Lease.objects.get(id=drafted.lease_id)
    return _agree(lease, price, monthly_rate, fee, actor, at)


@verb
def agree_purchase(
    *,
    lease_id: UUID,
    price: Decimal,
    monthly_rate: Decimal,
    fee: Decimal,
    actor: Actor,
    at: datetime,
) -> PurchaseAgreed:
    """Enter the price of a lease that moved in as rent to own; its rent must follow from it.

    Raises TermsInvalid, or IllegalMove unless it is on the road.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.agree_purchase")
    must_run(lease)
    if lease.product_code != PRODUCT or PurchaseTerms.objects.filter(lease=lease).exists():
        raise TermsInvalid(_("Only rent to own has a price, and only one."))
    level = _level(price, monthly_rate, lease.months, fee)
    if level != lease.monthly_rent:
        raise TermsInvalid(
            _("These terms make %(level)s a month, and the lease asks for %(rent)s.")
            % {"level": level, "rent": lease.monthly_rent}
        )
    return _agree(lease, price, monthly_rate, fee, actor, at)


def _quote(lease: Lease, on: date, agreed: str, actor: Actor, at: datetime) -> BuyOutQuote:
    """The buy-out of a lease that runs. Raises IllegalMove, TermsInvalid, InputsChanged."""
    LEASE_LIFE.step(lease.state, LeaseState.TRANSFERRED)
    quote = buy_out_of(lease, on, actor)
    if not local_day(at) <= on <= max(quote.last_day, local_day(at)):
        raise TermsInvalid(
            _("Choose a day from today to %s; then the next instalment is drawn.") % quote.last_day
        )
    if agreed and agreed != quote.digest:
        raise billing.InputsChanged(
            _("The plan or its bills changed since this was quoted. Look at the new quote.")
        )
    return quote


@verb
def request_buy_out(
    *, lease_id: UUID, on: date, actor: Actor, at: datetime, agreed: str = ""
) -> PurchaseIntentConfirmed:
    """Note that the customer wants to own the vehicle, and saw what it costs on that day.

    `agreed` is the digest of `quote_buy_out`. Raises queries.NotRunning, TermsInvalid,
    billing.InputsChanged, IllegalMove.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.request_buy_out")
    quote = _quote(lease, on, agreed, actor, at)
    note_request(lease, RequestKind.PURCHASE, on, "", actor=actor, at=at)
    segment = current_segment(lease)
    return PurchaseIntentConfirmed(
        **common(lease, segment, actor=actor, at=at), on=on, amount=quote.payoff.amount
    )


@verb
def buy_out(
    *, lease_id: UUID, on: date, actor: Actor, at: datetime, agreed: str = ""
) -> BuyOutOffered:
    """Bill the customer what the vehicle still costs on a day, to be paid by that day.

    Paid, the vehicle is the customer's (`pass_ownership`); unpaid, the offer lapses and the lease
    runs on. Raises ArrearsOpen, BuyOutOpen, queries.NotRunning, TermsInvalid,
    billing.InputsChanged, IllegalMove.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.buy_out")
    if BuyOut.objects.filter(lease=lease, state=BuyOutState.OFFERED).exists():
        raise BuyOutOpen(_("A buy-out of this lease waits for its money already."))
    quote = _quote(lease, on, agreed, actor, at)
    owed = [
        bill
        for bill in billing_queries.bills_of_source(
            source_kind=SOURCE, source_id=lease.id, actor=actor
        )
        if bill.open_amount and bill.kind == "CHARGE"
    ]
    if owed:
        raise ArrearsOpen(
            _("Open bills come first: %s.") % ", ".join(bill.number for bill in owed),
            way_out=f"/leasing/leases/{lease.id}/",
        )
    segment = current_segment(lease)
    payoff = quote.payoff
    offer = BuyOut.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        on=on,
        balance=payoff.balance,
        interest=payoff.interest,
        billed=payoff.billed,
        fee=payoff.fee,
        amount=payoff.amount,
        digest=quote.digest,
        by_id=actor.id,
        offered_at=at,
    )
    if payoff.amount:
        offer.bill_id = billing.raise_bill(
            org_id=lease.org_id,
            customer_id=lease.customer_id,
            source_kind=BUY_OUT,
            source_id=offer.id,
            vehicle_id=segment.vehicle_id,
            due_on=on,
            lines=[
                billing.NewLine(
                    product_code="BUY_OUT",
                    words=_("Lease %s, the vehicle becomes yours") % lease.number,
                    quantity=Decimal(1),
                    unit_price=payoff.amount,
                )
            ],
            actor=actor,
            at=at,
        ).bill_id
        offer.save(update_fields=["bill_id"])
    answer_request(lease, RequestKind.PURCHASE, at)
    if offer.bill_id is None:
        _pass(offer, lease, actor, at)
    return BuyOutOffered(
        **common(lease, segment, actor=actor, at=at),
        buy_out_id=offer.id,
        on=on,
        amount=payoff.amount,
        bill_id=offer.bill_id,
    )


@verb
def pass_ownership(*, buy_out_id: UUID, actor: Actor, at: datetime) -> OwnershipPassed:
    """Make the vehicle of a paid buy-out the customer's: lease, rent and our asset end.

    Raises ArrearsOpen while its bill is open, IllegalMove when it lapsed.
    """
    offer = BuyOut.objects.visible_to(actor).select_for_update().get(id=buy_out_id)
    lease = locked_lease(offer.lease_id, actor=actor, permission="leasing.pass_ownership")
    bills = billing_queries.bills_of_source(source_kind=BUY_OUT, source_id=offer.id, actor=actor)
    if any(bill.open_amount for bill in bills):
        raise ArrearsOpen(
            _("Open bills come first: %s.") % ", ".join(bill.number for bill in bills)
        )
    return _pass(offer, lease, actor, at)


def _pass(offer: BuyOut, lease: Lease, actor: Actor, at: datetime) -> OwnershipPassed:
    offer.state = BUY_OUT_LIFE.step(offer.state, BuyOutState.DONE)
    offer.ended_at = at
    offer.save(update_fields=["state", "ended_at"])
    segment = current_segment(lease)
    until = billed_to(lease, actor)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.TRANSFERRED)
    lease.save(update_fields=["state"])
    segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.BACK)
    segment.held = (segment.held.lower, at) if segment.held is not None else None
    segment.save(update_fields=["state", "held"])
    release_promises(lease)
    if lease.plan_id is not None:
        billing.end_plan(plan_id=lease.plan_id, ends_on=until, actor=actor, at=at)
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is not None and deposit.held > deposit.returning:
        billing.return_deposit(deposit_id=deposit.id, actor=actor, at=at)
    buyer = crm.customer_refs(ids=(lease.customer_id,), actor=actor)[lease.customer_id].name
    fleet.pass_to_customer(
        vehicle_id=segment.vehicle_id, price=offer.amount, buyer=buyer, actor=actor, at=at
    )
    return OwnershipPassed(
        **common(lease, segment, actor=actor, at=at), buy_out_id=offer.id, amount=offer.amount
    )


@verb
def lapse_buy_outs(*, on: date, actor: Actor, at: datetime) -> BuyOutsLapsed:
    """Take back the offers whose day is over unpaid; money that came for them stays on account.

    For one node and below, or the whole tree.
    """
    actor.must("leasing.lapse_buy_outs", actor.org_id)
    late = BuyOut.objects.visible_to(actor).filter(state=BuyOutState.OFFERED, on__lt=on)
    told = []
    for offer in late.select_for_update().select_related("lease").order_by("id"):
        if offer.bill_id is not None:
            whole = billing_queries.creditable(bill_id=offer.bill_id, actor=actor)
            billing.credit_bill(
                bill_id=offer.bill_id,
                lines=[
                    billing.CreditLine(line_id=line.id, gross=line.left) for line in whole.lines
                ],
                reason=_("Not paid in time"),
                actor=actor,
                at=at,
            )
        offer.state = BUY_OUT_LIFE.step(offer.state, BuyOutState.LAPSED)
        offer.ended_at = at
        offer.save(update_fields=["state", "ended_at"])
        segment = current_segment(offer.lease)
        told.append(
            BuyOutLapsed(**common(offer.lease, segment, actor=actor, at=at), buy_out_id=offer.id)
        )
    outbox.publish_all(told, verb="leasing.lapse_buy_outs")
    return BuyOutsLapsed(org_id=actor.org_id, actor_id=actor.id, at=at, on=on, lapsed=len(told))
