"""Questions about quotes: what was offered, how its price came about, how long it stands."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.billing import queries as billing
from panshi.billing.queries import PriceFound
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import question
from panshi.leasing.models import Quote, QuotePolicy, QuoteState
from panshi.org import queries as org

_ORDERS: Final = frozenset({"drafted_at", "valid_until", "monthly_rent"})
_DEEP: Final = 3  # Platform, regional centre, operator.


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRow:
    """One line of the list of quotes; amounts are CNY per month of the product."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    vehicle_id: UUID
    plate: str
    model_name: str
    state: QuoteState
    product_code: str
    monthly_rent: Decimal
    listed: Decimal
    deposit: Decimal
    starts_on: date
    months: int
    valid_until: date | None
    hold_until: datetime | None
    drafted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePage:
    rows: tuple[QuoteRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCard:
    row: QuoteRow
    org_id: int
    floor: Decimal
    volume: int
    alignment: str
    drafted_by: str
    discount_reason: str
    decided_by: str
    decided_at: datetime | None
    discount_note: str
    sent_at: datetime | None
    answered_at: datetime | None
    decline_reason: str
    lease_id: UUID | None

    @property
    def below_floor(self) -> bool:
        return self.row.monthly_rent < self.floor

    @property
    def approved(self) -> bool:
        return self.decided_at is not None and self.row.state != QuoteState.DECLINED


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteExplained:
    """Where the price of a quote comes from; `again` is the same search in the same book, now."""

    book_id: UUID
    book_version: str
    row_id: UUID
    listed: Decimal
    floor: Decimal
    asked: tuple[tuple[str, str], ...]
    again: PriceFound | None

    @property
    def replays(self) -> bool:
        found = self.again
        return found is not None and (found.row_id, found.price, found.floor) == (
            self.row_id,
            self.listed,
            self.floor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLimits:
    """How many days a quote may stand and how many hours a vehicle may be held, as HQ allows."""

    valid_days: int
    hold_hours: int
    to_confirm: bool

    def latest_end(self, on: date) -> date:
        """The last day up to which a quote that is sent on a day may stand."""
        return on + timedelta(days=self.valid_days)


def region_of(org_id: int) -> int | None:
    """The regional centre above an operator, by the tree."""
    above = lineage(org_id)
    return above[-2] if len(above) >= _DEEP else None


@question
def price_of(
    *,
    product_code: str,
    model_code: str,
    city: str,
    region_id: int | None,
    months: int,
    volume: int,
    starts_on: date,
    actor: Actor,
) -> PriceFound | None:
    """The price of a case by the book in force on its first day, or None."""
    book_id = billing.price_book_in_force(on=starts_on, actor=actor)
    if book_id is None:
        return None
    return billing.price_in_book(
        book_id=book_id,
        product_code=product_code,
        model_code=model_code,
        city=city,
        region_id=region_id,
        months=months,
        volume=volume,
        starts_on=starts_on,
        actor=actor,
    )


@question
def quote_limits(*, on: date, actor: Actor) -> QuoteLimits:
    """What HQ allows on a day."""
    found = QuotePolicy.objects.filter(starts_on__lte=on).latest("starts_on")
    return QuoteLimits(
        valid_days=found.valid_days, hold_hours=found.hold_hours, to_confirm=found.to_confirm
    )


def _rows(found: list[Quote], actor: Actor) -> tuple[QuoteRow, ...]:
    names = crm.names_of((q.customer_id for q in found), actor)
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({q.vehicle_id for q in found}), actor=actor)
    return tuple(
        QuoteRow(
            id=q.id,
            number=q.number,
            customer_id=q.customer_id,
            customer_name=names.get(q.customer_id, ""),
            vehicle_id=q.vehicle_id,
            plate=vehicles[q.vehicle_id].plate if q.vehicle_id in vehicles else "",
            model_name=vehicles[q.vehicle_id].model_name if q.vehicle_id in vehicles else "",
            state=QuoteState(q.state),
            product_code=q.product_code,
            monthly_rent=q.monthly_rent,
            listed=q.listed,
            deposit=q.deposit,
            starts_on=q.starts_on,
            months=q.months,
            valid_until=q.valid_until,
            hold_until=q.hold_until,
            drafted_at=q.drafted_at,
        )
        for q in found
    )


@question
def quotes(
    *,
    actor: Actor,
    text: str = "",
    state: str = "",
    order_by: str = "-drafted_at",
    offset: int = 0,
    limit: int = 50,
) -> QuotePage:
    """Quotes by number and state. Raises ValueError for an order that is none."""
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"quotes cannot be ordered by {order_by}")
    rows = Quote.objects.visible_to(actor)
    if text:
        rows = rows.filter(number__icontains=text)
    if state:
        rows = rows.filter(state=state)
    page = list(rows.order_by(order_by, "-id")[offset : offset + limit])
    return QuotePage(rows=_rows(page, actor), total=rows.count())


@question
def customer_quotes(*, customer_id: UUID, actor: Actor) -> tuple[QuoteRow, ...]:
    """What a customer was sent, newest first; what was never sent is not shown."""
    rows = Quote.objects.visible_to(actor).filter(customer_id=customer_id, sent_at__isnull=False)
    return _rows(list(rows.order_by("-sent_at")[:50]), actor)


@question
def quote_card(*, quote_id: UUID, actor: Actor) -> QuoteCard:
    """One quote with its discount and its answer. A customer sees what was sent to it."""
    rows = Quote.objects.visible_to(actor)
    if actor.customer_id is not None:
        rows = rows.filter(sent_at__isnull=False)
    q = rows.get(id=quote_id)
    people = tuple({i for i in (q.drafted_by_id, q.decided_by_id) if i is not None})
    names = org.names_of(user_ids=people, actor=actor) if actor.customer_id is None else {}
    return QuoteCard(
        row=_rows([q], actor)[0],
        org_id=q.org_id,
        floor=q.floor,
        volume=q.volume,
        alignment=q.alignment,
        drafted_by=names.get(q.drafted_by_id, ""),
        discount_reason=q.discount_reason,
        decided_by=names.get(q.decided_by_id, "") if q.decided_by_id else "",
        decided_at=q.decided_at,
        discount_note=q.discount_note,
        sent_at=q.sent_at,
        answered_at=q.answered_at,
        decline_reason=q.decline_reason,
        lease_id=q.lease_id if q.state == QuoteState.ACCEPTED else None,
    )


@question
def quote_explained(*, quote_id: UUID, actor: Actor) -> QuoteExplained:
    """Where the price of a quote comes from, found once more in the very same book.

    A published book never changes, so the answer is the same a year later.
    """
    q = Quote.objects.visible_to(actor).get(id=quote_id)
    return QuoteExplained(
        book_id=q.book_id,
        book_version=q.book_version,
        row_id=q.row_id,
        listed=q.listed,
        floor=q.floor,
        asked=(
            ("product", q.product_code),
            ("model", q.model_code),
            ("city", q.city),
            ("months", str(q.months)),
            ("volume", str(q.volume)),
            ("starts_on", q.starts_on.isoformat()),
        ),
        again=billing.price_in_book(
            book_id=q.book_id,
            product_code=q.product_code,
            model_code=q.model_code,
            city=q.city,
            region_id=q.region_id,
            months=q.months,
            volume=q.volume,
            starts_on=q.starts_on,
            actor=actor,
        ),
    )
