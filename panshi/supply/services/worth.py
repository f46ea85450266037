"""What parts in stock are worth: it follows every movement, and the books follow it at once.

One book values a part at the average of all pieces that lie in its places. Pieces come in at the
price of their receipt less the input VAT that the terms expect; the invoice sets that right.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, to_fen, vat_in
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewTransfer, legs_of
from panshi.supply.events import StockLine, StockTakenIn
from panshi.supply.models import (
    OUTSIDE,
    Item,
    Location,
    LocationKind,
    MovementReason,
    PartWorth,
    StockBalance,
    StockMovement,
    StockTerms,
    WorthCause,
    WorthChange,
)

OPENING: Final = "OPENING"
STOCK: Final = "1405"
BROUGHT: Final = "4103"
ESTIMATED: Final = "2202.est"
USED: Final = "6401.parts"
LOST: Final = "6602.stock"
MOVED: Final = "STOCK_MOVED"
TAKEN_IN: Final = "STOCK_TAKEN_IN"
_Key = tuple[int, UUID]


class WorthKnown(Refusal):
    pass


class PriceMissing(Refusal):
    pass


def net_of(gross: Decimal, on: date) -> Decimal:
    """What is left of a price in CNY once the input VAT that the terms expect is out."""
    terms = StockTerms.objects.filter(starts_on__lte=on).latest("starts_on")
    return to_fen(gross) - vat_in(to_fen(gross), terms.input_vat)


@dataclass(slots=True)
class Worths:
    """The worth of parts in some books, locked, with the pieces that lie there now.

    `change` adds to one and notes why; `keep` writes what changed.
    """

    rows: dict[_Key, PartWorth]
    pieces: Counter[_Key]
    at: datetime
    noted: list[WorthChange] = field(default_factory=list)

    def value(self, key: _Key) -> Decimal:
        return self.rows[key].value

    def change(
        self,
        key: _Key,
        amount: Decimal,
        *,
        cause: WorthCause,
        movement: StockMovement | None = None,
        invoice_id: UUID | None = None,
    ) -> Decimal:
        """Add to a worth in CNY as far as it stays at zero or above; answers what was added."""
        row = self.rows[key]
        added = max(amount, -row.value)
        if added:
            row.value += added
            self.noted.append(
                WorthChange(
                    id=uuid7(),
                    org_id=key[0],
                    item_id=key[1],
                    cause=cause,
                    movement=movement,
                    invoice_id=invoice_id,
                    amount=added,
                    at=self.at,
                )
            )
        return added

    def keep(self) -> None:
        changed = {(change.org_id, change.item_id) for change in self.noted}
        PartWorth.objects.bulk_update([self.rows[key] for key in changed], ["value"])
        WorthChange.objects.bulk_create(self.noted)


def worths(keys: Iterable[_Key], *, at: datetime) -> Worths:
    """Lock the worth of parts in books, in one order for all; called inside a verb."""
    wanted = sorted(set(keys), key=str)
    orgs, items = {org_id for org_id, _item in wanted}, {item_id for _org, item_id in wanted}
    PartWorth.objects.bulk_create(
        [PartWorth(org_id=org_id, item_id=item_id) for org_id, item_id in wanted],
        ignore_conflicts=True,
    )
    found = PartWorth.objects.filter(org_id__in=orgs, item_id__in=items)
    rows = {
        (row.org_id, row.item_id): row
        for row in found.order_by("org_id", "item_id").select_for_update(of=("self",))
    }
    lying = StockBalance.objects.filter(org_id__in=orgs, item_id__in=items)
    sums = lying.values_list("org_id", "item_id").annotate(Sum("on_hand")).order_by()
    return Worths(rows, Counter({(org, item): pieces for org, item, pieces in sums}), at)


def book_movements(
    movements: Sequence[StockMovement],
    *,
    source: Location,
    target: Location,
    actor: Actor,
    at: datetime,
    vehicle_id: UUID | None = None,
) -> None:
    """Let worth and books follow the movements of one act; called inside a verb."""
    inside = source.kind not in OUTSIDE, target.kind not in OUTSIDE
    if not any(inside) or (all(inside) and source.org_id == target.org_id):
        return
    keys = {(place.org_id, m.item_id) for m in movements for place in (source, target)}
    books = worths(keys, at=at)
    # As the pieces lay before this act, whose movements are counted already.
    for movement in movements:
        books.pieces[source.org_id, movement.item_id] += movement.quantity * inside[0]
        books.pieces[target.org_id, movement.item_id] -= movement.quantity * inside[1]
    day = ledger_queries.open_day(org_id=source.org_id, day=local_day(at), actor=actor)
    entries, transfers = [], []
    for movement in movements:
        left = _take_out(books, movement, source, target) if inside[0] else ZERO
        if all(inside):
            came = books.change(
                (target.org_id, movement.item_id), left, cause=WorthCause.MOVED, movement=movement
            )
            books.pieces[target.org_id, movement.item_id] += movement.quantity
            if came:
                transfers.append(_between(movement, source, target, came, day))
            continue
        came = _bring_in(books, movement, source, target) if inside[1] else ZERO
        if amount := came - left:
            place, outer = (target, source) if inside[1] else (source, target)
            entries.append(
                NewEntry(
                    org_id=place.org_id,
                    kind=MOVED,
                    source_kind="supply.StockMovement",
                    source_id=movement.id,
                    occurred_on=day,
                    postings=legs_of(
                        (STOCK, amount),
                        (_counter(outer, movement), -amount),
                        vehicle_id=vehicle_id,
                        city=place.city,
                    ),
                )
            )
    books.keep()
    if entries:
        ledger.post_entries(entries=entries, actor=actor, at=at)
    if transfers:
        ledger.post_between(transfers=transfers, actor=actor, at=at)


def _counter(outer: Location, movement: StockMovement) -> str:
    """The account that stands against stock which came from or went to the world outside."""
    if outer.kind == LocationKind.SUPPLIER:
        return BROUGHT if movement.document == OPENING else ESTIMATED
    return USED if outer.kind == LocationKind.CUSTOMER else LOST


def _take_out(
    books: Worths, movement: StockMovement, source: Location, target: Location
) -> Decimal:
    """Take the worth of leaving pieces out of their book; answers it, the last piece's with all."""
    key = source.org_id, movement.item_id
    before, value = books.pieces[key], books.value(key)
    books.pieces[key] -= movement.quantity
    if movement.quantity >= before:
        share = value
    elif target.kind == LocationKind.SUPPLIER and movement.unit_price is not None:
        share = net_of(movement.unit_price * movement.quantity, local_day(movement.at))
    else:
        share = to_fen(value * movement.quantity / before)
    return -books.change(key, -share, cause=WorthCause.MOVED, movement=movement)


def _bring_in(
    books: Worths, movement: StockMovement, source: Location, target: Location
) -> Decimal:
    """Add the worth of pieces that came: by their price, else as those that lie there already."""
    key = target.org_id, movement.item_id
    before, value = books.pieces[key], books.value(key)
    books.pieces[key] += movement.quantity
    amount = ZERO
    if movement.unit_price is not None:
        amount = net_of(movement.unit_price * movement.quantity, local_day(movement.at))
    elif source.kind != LocationKind.SUPPLIER and before > 0:
        amount = to_fen(value * movement.quantity / before)
    return books.change(key, amount, cause=WorthCause.MOVED, movement=movement)


def _between(
    movement: StockMovement, source: Location, target: Location, amount: Decimal, day: date
) -> NewTransfer:
    """Pieces that went to another book: it owes what they were worth."""
    return NewTransfer(
        payer_id=target.org_id,
        receiver_id=source.org_id,
        kind=MOVED,
        source_kind="supply.StockMovement",
        source_id=movement.id,
        occurred_on=day,
        amount=amount,
        cost=STOCK,
        income=STOCK,
        city=target.city,
    )


@verb
def take_stock_into_books(
    *, org_id: int, actor: Actor, at: datetime, prices: Sequence[StockLine] = ()
) -> StockTakenIn:
    """Value parts that lie in a book's places and are worth nothing yet, against 4103.

    Each at the last price of a receipt, or at its line in `prices`, tax included; those without
    any price are left. Raises WorthKnown for a price of a part that has its worth already, and
    PriceMissing for a line without one.
    """
    actor.must("supply.take_stock_into_books", org_id)
    if any(line.unit_price is None or line.unit_price <= 0 for line in prices):
        raise PriceMissing(_("A price must be above zero."))
    named = {line.item_code: line.unit_price for line in prices}
    lying = StockBalance.objects.filter(org_id=org_id, on_hand__gt=0).values("item_id")
    items = {item.id: item for item in Item.objects.filter(id__in=lying)}
    last = dict(
        StockMovement.objects.filter(
            org_id=org_id,
            reason=MovementReason.RECEIPT,
            unit_price__isnull=False,
            item_id__in=items,
        )
        .order_by("at", "id")
        .values_list("item_id", "unit_price")
    )
    books = worths([(org_id, item_id) for item_id in items], at=at)
    for item_id, item in items.items():
        key = org_id, item_id
        if books.value(key):
            if item.code in named:
                raise WorthKnown(_("%s has its worth in the books already.") % item.code)
            continue
        price = named.get(item.code) or (last.get(item_id) if not named else None)
        if price:
            worth = net_of(price * books.pieces[key], local_day(at))
            books.change(key, worth, cause=WorthCause.TAKEN_IN)
    taken = list(books.noted)
    books.keep()
    places = Location.objects.filter(org_id=org_id).exclude(kind__in=OUTSIDE)
    cities = set(places.values_list("city", flat=True))
    city = cities.pop() if len(cities) == 1 else ""
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=org_id,
                kind=TAKEN_IN,
                source_kind="supply.WorthChange",
                source_id=change.id,
                occurred_on=local_day(at),
                postings=legs_of(
                    (STOCK, change.amount),
                    (BROUGHT, -change.amount),
                    city=city,
                ),
            )
            for change in taken
        ],
        actor=actor,
        at=at,
    )
    return StockTakenIn(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        parts=len(taken),
        amount=sum((change.amount for change in taken), ZERO),
    )
