"""Quotes: priced by the book, sent with or without a hold on the vehicle, answered or expired."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.crm import queries as crm
from panshi.kit.clock import local_day
from panshi.kit.money import is_amount
from panshi.kit.numbers import next_number
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.verbs import verb
from panshi.leasing import queries, rules
from panshi.leasing.events import (
    QuoteAccepted,
    QuoteDeclined,
    QuoteDiscountDecided,
    QuoteDiscountExceeded,
    QuoteDrafted,
    QuotesAdvanced,
    QuoteSent,
    ReservationConfirmed,
    ReservationExpired,
)
from panshi.leasing.models import (
    LEASE_LIFE,
    QUOTE_LIFE,
    Alignment,
    Lease,
    LeaseState,
    Quote,
    QuoteState,
)
from panshi.leasing.services.common import (
    TermsInvalid,
    common,
    current_segment,
    lock_vehicles,
    release_promises,
)
from panshi.leasing.services.promising import promise, vehicle_for

HOURS = timedelta(hours=1)


class NoPrice(Refusal):
    pass


class DiscountNeedsApproval(Refusal):
    pass


class OwnDiscount(Refusal):
    pass


class QuoteExpired(Refusal):
    pass


class HoldTooLong(Refusal):
    pass


@verb
def draft_quote(
    *,
    customer_id: UUID,
    vehicle_id: UUID,
    product_code: str,
    starts_on: date,
    months: int,
    actor: Actor,
    at: datetime,
    monthly_rent: Decimal | None = None,
    deposit: Decimal | None = None,
    volume: int = 1,
    alignment: str = rules.ALIGNMENT,
) -> QuoteDrafted:
    """Price a vehicle for a customer by the book in force on the first day.

    Without `monthly_rent` the listed price is offered; without `deposit` as many months of rent as
    the customer's qualification asks for. `volume` is how many vehicles the customer takes at once.
    Raises NoPrice, TermsInvalid, or NotQualified for a customer of another operator.
    """
    vehicle = vehicle_for(customer_id, vehicle_id, actor=actor)
    actor.must("leasing.draft_quote", vehicle.org_id)
    if not 1 <= months <= rules.LONGEST or volume < 1 or alignment not in Alignment:
        raise TermsInvalid(_("Rent, deposit and months (1 to 120) must be above zero."))
    region_id = queries.region_of(vehicle.org_id)
    found = queries.price_of(
        product_code=product_code,
        model_code=vehicle.model_code,
        city=vehicle.city,
        region_id=region_id,
        months=months,
        volume=volume,
        starts_on=starts_on,
        actor=actor,
    )
    if found is None:
        raise NoPrice(_("The price book in force on that day has no price for this."))
    rent = found.price if monthly_rent is None else monthly_rent
    asked = rent * crm.deposit_months(customer_id=customer_id, actor=actor)
    kept = asked if deposit is None else deposit
    given = [amount for amount in (monthly_rent, deposit) if amount is not None]
    if not all(map(is_amount, given)) or rent <= 0 or kept < 0:
        raise TermsInvalid(_("Rent, deposit and months (1 to 120) must be above zero."))
    quote = Quote.objects.create(
        org_id=vehicle.org_id,
        number=next_number(org_id=vehicle.org_id, series=f"Q-{local_day(at).year}"),
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        product_code=product_code,
        model_code=vehicle.model_code,
        city=vehicle.city,
        region_id=region_id,
        starts_on=starts_on,
        months=months,
        volume=volume,
        alignment=alignment,
        monthly_rent=rent,
        deposit=kept,
        listed=found.price,
        floor=found.floor,
        book_id=found.book_id,
        book_version=found.version,
        row_id=found.row_id,
        drafted_by_id=actor.id,
        drafted_at=at,
    )
    return QuoteDrafted(
        **_about(quote, actor, at),
        monthly_rent=rent,
        listed=found.price,
        floor=found.floor,
        months=months,
        starts_on=starts_on,
    )


@verb
def ask_discount(
    *, quote_id: UUID, reason: str, actor: Actor, at: datetime
) -> QuoteDiscountExceeded:
    """Ask another person to approve a rent below the floor. Raises TermsInvalid above it."""
    quote = _locked(quote_id, actor, "leasing.draft_quote")
    if quote.monthly_rent >= quote.floor:
        raise TermsInvalid(_("This rent is not below the floor; send the quote."))
    quote.state = QUOTE_LIFE.step(quote.state, QuoteState.DISCOUNT_REVIEW)
    quote.discount_reason, quote.asked_by_id = reason.strip()[:200], actor.id
    quote.save(update_fields=["state", "discount_reason", "asked_by_id"])
    return QuoteDiscountExceeded(
        **_about(quote, actor, at),
        monthly_rent=quote.monthly_rent,
        listed=quote.listed,
        floor=quote.floor,
        reason=quote.discount_reason,
    )


@verb
def decide_discount(
    *, quote_id: UUID, approve: bool, note: str, actor: Actor, at: datetime
) -> QuoteDiscountDecided:
    """Approve or refuse what somebody else asked for; a refused quote is over.

    Raises OwnDiscount, or IllegalMove unless a discount is being reviewed.
    """
    quote = _locked(quote_id, actor, "billing.approve_discount")
    if quote.state != QuoteState.DISCOUNT_REVIEW:
        raise IllegalMove(_("No discount is being reviewed."))
    if not approve:
        quote.state = QUOTE_LIFE.step(quote.state, QuoteState.DECLINED)
    if actor.id in (quote.asked_by_id, quote.drafted_by_id):
        raise OwnDiscount(_("Somebody else must decide on the discount that you asked for."))
    quote.decided_by_id, quote.decided_at = actor.id, at
    quote.discount_note = note.strip()[:200]
    quote.save(update_fields=["state", "decided_by_id", "decided_at", "discount_note"])
    return QuoteDiscountDecided(**_about(quote, actor, at), approved=approve)


@verb
def send_quote(
    *,
    quote_id: UUID,
    actor: Actor,
    at: datetime,
    valid_until: date | None = None,
    hold_hours: int = 0,
) -> QuoteSent:
    """Offer it to the customer; with `hold_hours` the vehicle is kept for it that long.

    Raises DiscountNeedsApproval below the floor, HoldTooLong beyond what HQ allows,
    VehicleAlreadyLeased, or IllegalMove.
    """
    quote = _locked(quote_id, actor, "leasing.send_quote")
    if quote.monthly_rent < quote.floor and quote.decided_by_id is None:
        raise DiscountNeedsApproval(
            _("This rent is below the floor; somebody else must approve it first.")
        )
    limits = queries.quote_limits(on=local_day(at), actor=actor)
    longest = limits.latest_end(local_day(at))
    ends = longest if valid_until is None else valid_until
    if not 0 <= hold_hours <= limits.hold_hours:
        raise HoldTooLong(
            _("A vehicle may be held %(hours)d hours at most.") % {"hours": limits.hold_hours}
        )
    if not local_day(at) <= ends <= longest:
        raise HoldTooLong(
            _("A quote may stand until %(day)s at most.") % {"day": longest.isoformat()}
        )
    quote.state = QUOTE_LIFE.step(quote.state, QuoteState.SENT)
    quote.sent_at, quote.valid_until = at, ends
    if hold_hours:
        quote.hold_until = at + hold_hours * HOURS
        quote.lease = _promised(quote, LeaseState.DRAFT, at)
    quote.save()
    return QuoteSent(
        **_about(quote, actor, at), valid_until=ends, hold_until=quote.hold_until,
        monthly_rent=quote.monthly_rent,
    )  # fmt: skip


@verb
def accept_quote(*, quote_id: UUID, actor: Actor, at: datetime) -> QuoteAccepted:
    """Take the offer: the vehicle is reserved for the customer, and a contract can be made.

    Raises QuoteExpired after its last day, VehicleAlreadyLeased when the vehicle was not held and
    is gone, or IllegalMove.
    """
    quote = _locked(quote_id, actor, "leasing.accept_quote")
    quote.state = QUOTE_LIFE.step(quote.state, QuoteState.ACCEPTED)
    if quote.valid_until is None or quote.valid_until < local_day(at):
        raise QuoteExpired(_("This quote was valid until %s.") % quote.valid_until)
    lock_vehicles([quote.vehicle_id])
    if quote.lease is not None:
        lease = Lease.objects.select_for_update().get(id=quote.lease.id)
        lease.state = LEASE_LIFE.step(lease.state, LeaseState.RESERVED)
        lease.save(update_fields=["state"])
    else:
        lease = _promised(quote, LeaseState.RESERVED, at)
    quote.lease, quote.hold_until, quote.answered_at = lease, None, at
    quote.save()
    confirm_reservation(quote_id=quote.id, actor=actor, at=at)
    return QuoteAccepted(
        **_about(quote, actor, at),
        lease_id=lease.id,
        monthly_rent=quote.monthly_rent,
        deposit=quote.deposit,
    )


@verb
def confirm_reservation(*, quote_id: UUID, actor: Actor, at: datetime) -> ReservationConfirmed:
    """Say that the vehicle of an accepted quote is reserved for its lease."""
    quote = _locked(quote_id, actor, "leasing.accept_quote")
    if quote.lease is None:
        raise TermsInvalid(_("Nothing is reserved for this quote."))
    segment = current_segment(quote.lease)
    return ReservationConfirmed(
        **common(quote.lease, segment, actor=actor, at=at),
        quote_id=quote.id,
        starts_on=quote.starts_on,
    )


@verb
def decline_quote(*, quote_id: UUID, reason: str, actor: Actor, at: datetime) -> QuoteDeclined:
    """Turn the offer down; a held vehicle is free again."""
    quote = _locked(quote_id, actor, "leasing.decline_quote")
    if quote.state != QuoteState.SENT:
        raise IllegalMove(_("Only a quote that was sent can be declined."))
    quote.state = QUOTE_LIFE.step(quote.state, QuoteState.DECLINED)
    quote.decline_reason, quote.answered_at = reason.strip()[:200], at
    _release(quote)
    quote.save()
    return QuoteDeclined(**_about(quote, actor, at), reason=quote.decline_reason)


@verb
def expire_reservation(*, quote_id: UUID, actor: Actor, at: datetime) -> ReservationExpired:
    """Free the vehicle of a quote whose hold is over; the quote itself may stand longer."""
    quote = _locked(quote_id, actor, "leasing.advance_quotes")
    held_until = quote.hold_until
    _release(quote)
    quote.save(update_fields=["lease", "hold_until"])
    return ReservationExpired(**_about(quote, actor, at), held_until=held_until)


@verb
def advance_quotes(*, actor: Actor, at: datetime) -> QuotesAdvanced:
    """End holds and quotes whose time is over; repeatable."""
    actor.must("leasing.advance_quotes", actor.org_id)
    held = list(Quote.objects.filter(state=QuoteState.SENT, hold_until__lte=at).order_by("id"))
    for quote in held:
        expire_reservation(quote_id=quote.id, actor=system_actor(quote.org_id), at=at)
    over = list(
        Quote.objects.select_for_update()
        .filter(state=QuoteState.SENT, valid_until__lt=local_day(at))
        .order_by("id")
    )
    for quote in over:
        quote.state = QUOTE_LIFE.step(quote.state, QuoteState.EXPIRED)
        _release(quote)
        quote.save()
    return QuotesAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        expired=tuple(quote.id for quote in over),
        released=tuple(quote.id for quote in held),
    )


def _locked(quote_id: UUID, actor: Actor, permission: str) -> Quote:
    quote = Quote.objects.visible_to(actor).select_for_update(of=("self",)).get(id=quote_id)
    actor.must(permission, quote.org_id)
    actor.must_be(quote.customer_id)
    return quote


def _promised(quote: Quote, state: LeaseState, at: datetime) -> Lease:
    lease, _segment = promise(
        org_id=quote.org_id,
        customer_id=quote.customer_id,
        vehicle_id=quote.vehicle_id,
        product_code=quote.product_code,
        monthly_rent=quote.monthly_rent,
        deposit=quote.deposit,
        starts_on=quote.starts_on,
        months=quote.months,
        city=quote.city,
        alignment=quote.alignment,
        state=state,
        at=at,
    )
    return lease


def _release(quote: Quote) -> None:
    """Give up the draft of a lease that held the vehicle."""
    if quote.lease is None:
        return
    lease = Lease.objects.select_for_update().get(id=quote.lease.id)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.CANCELLED)
    lease.save(update_fields=["state"])
    release_promises(lease)
    quote.lease, quote.hold_until = None, None


class _QuoteCommon(TypedDict):
    org_id: int
    actor_id: UUID
    at: datetime
    quote_id: UUID
    number: str
    customer_id: UUID
    vehicle_id: UUID
    city: str


def _about(quote: Quote, actor: Actor, at: datetime) -> _QuoteCommon:
    return {
        "org_id": quote.org_id,
        "actor_id": actor.id,
        "at": at,
        "quote_id": quote.id,
        "number": quote.number,
        "customer_id": quote.customer_id,
        "vehicle_id": quote.vehicle_id,
        "city": quote.city,
    }
