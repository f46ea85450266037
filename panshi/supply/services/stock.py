"""Parts move, are kept for a visit, and are used."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import verb
from panshi.supply.events import (
    PartsConsumed,
    PartsReleased,
    PartsReserved,
    StockLine,
    StockMoved,
    VanKitted,
)
from panshi.supply.models import (
    BINDING,
    RESERVATION_LIFE,
    Item,
    Location,
    LocationKind,
    MovementReason,
    Reservation,
    ReservationState,
    StockBalance,
    StockMovement,
)
from panshi.supply.services.places import NotAVan
from panshi.supply.services.worth import book_movements


class UnknownItem(Refusal):
    pass


class InsufficientStock(Refusal):
    pass


class OutOfStock(Refusal):
    pass


class AlreadyRecorded(Refusal):
    pass


def outside(org_id: int, kind: LocationKind) -> Location:
    """The one location of an org that stands for suppliers, customers or scrap."""
    location, _new = Location.objects.get_or_create(
        org_id=org_id, kind=kind, defaults={"name": kind.value}
    )
    return location


def _items(org_id: int, lines: Sequence[StockLine]) -> dict[str, Item]:
    """Parts by code, the nearest node's own first. Raises UnknownItem."""
    nodes = lineage(org_id)
    codes = {line.item_code for line in lines}
    found = list(Item.objects.filter(org_id__in=nodes, code__in=codes))
    found.sort(key=lambda item: nodes.index(item.org_id), reverse=True)
    by_code = {item.code: item for item in found}
    for line in lines:
        if line.item_code not in by_code:
            raise UnknownItem(_("There is no part %(code)s.") % {"code": line.item_code})
    return by_code


def lock_places(*locations: Location) -> None:
    """Take turns at these places, in one order for all; balances are the triggers' to lock."""
    with connection.cursor() as cursor:
        for key in sorted(str(location.id) for location in locations):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))", [key])


def write_movements(
    *,
    source: Location,
    target: Location,
    lines: Sequence[StockLine],
    reason: MovementReason,
    document: str,
    actor: Actor,
    at: datetime,
    client_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    supplier: str = "",
) -> tuple[UUID, ...]:
    """Write the movements of one act, and what they are worth in the books.

    Raises InsufficientStock, AlreadyRecorded or UnknownItem.
    """
    items = _items(source.org_id, lines)
    lock_places(source, target)
    try:
        with transaction.atomic():
            moved = StockMovement.objects.bulk_create(
                StockMovement(
                    org_id=source.org_id,
                    item=items[line.item_code],
                    lot=line.lot,
                    source=source,
                    target=target,
                    quantity=line.quantity,
                    unit_price=line.unit_price,
                    supplier=supplier.strip()[:80],
                    reason=reason,
                    document=document,
                    at=at,
                    by_id=actor.id,
                    client_id=client_id,
                )
                for line in sorted(lines, key=lambda line: (line.item_code, line.lot))
            )
    except IntegrityError as error:
        if "movement_once_per_client_id" in str(error):
            raise AlreadyRecorded(_("This movement was recorded before.")) from error
        if "reserved_within_on_hand" in str(error):
            raise InsufficientStock(
                _("%(place)s does not hold that much that is not reserved.")
                % {"place": source.name}
            ) from error
        raise
    book_movements(moved, source=source, target=target, vehicle_id=vehicle_id, actor=actor, at=at)
    return tuple(movement.id for movement in moved)


@verb
def move_stock(
    *,
    source_id: UUID,
    target_id: UUID,
    lines: Sequence[StockLine],
    reason: str,
    actor: Actor,
    at: datetime,
    document: str = "",
    client_id: UUID | None = None,
) -> StockMoved:
    """Take parts to another place. Raises InsufficientStock, UnknownItem, AlreadyRecorded."""
    places = {
        place.id: place
        for place in Location.objects.visible_to(actor).filter(id__in=(source_id, target_id))
    }
    source, target = places[source_id], places[target_id]
    actor.must("supply.move_stock", source.org_id)
    movement_ids = write_movements(
        source=source,
        target=target,
        lines=lines,
        reason=MovementReason(reason),
        document=document,
        actor=actor,
        at=at,
        client_id=client_id,
    )
    return StockMoved(
        org_id=source.org_id,
        actor_id=actor.id,
        at=at,
        source_id=source.id,
        target_id=target.id,
        reason=reason,
        document=document,
        lines=tuple(lines),
        movement_ids=movement_ids,
    )


@verb
def receive_stock(
    *,
    location_id: UUID,
    lines: Sequence[StockLine],
    actor: Actor,
    at: datetime,
    document: str = "",
    client_id: UUID | None = None,
    supplier: str = "",
) -> StockMoved:
    """Book parts in from outside, at what they are said to cost, until their invoice is there.

    Raises UnknownItem, AlreadyRecorded.
    """
    target = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.receive_stock", target.org_id)
    source = outside(target.org_id, LocationKind.SUPPLIER)
    movement_ids = write_movements(
        source=source,
        target=target,
        lines=lines,
        reason=MovementReason.RECEIPT,
        document=document,
        actor=actor,
        at=at,
        client_id=client_id,
        supplier=supplier,
    )
    return StockMoved(
        org_id=target.org_id,
        actor_id=actor.id,
        at=at,
        source_id=source.id,
        target_id=target.id,
        reason=MovementReason.RECEIPT,
        document=document,
        lines=tuple(lines),
        movement_ids=movement_ids,
    )


@verb
def reserve_parts(
    *,
    location_id: UUID,
    document: str,
    lines: Sequence[StockLine],
    actor: Actor,
    at: datetime,
    until: datetime | None = None,
) -> PartsReserved:
    """Keep parts at a place for a document, oldest lot first; `until` marks a passing hold.

    Raises OutOfStock, naming places of the same city that still have what is missing.
    """
    place = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.reserve_parts", place.org_id)
    items = _items(place.org_id, lines)
    lock_places(place)
    kept: list[StockLine] = []
    for line in sorted(lines, key=lambda line: (line.item_code, line.lot)):
        item, missing = items[line.item_code], line.quantity
        for balance in StockBalance.objects.filter(location=place, item=item).order_by("lot"):
            take = min(missing, balance.on_hand - balance.reserved)
            if take <= 0:
                continue
            Reservation.objects.create(
                org_id=place.org_id,
                item=item,
                lot=balance.lot,
                location=place,
                quantity=take,
                document=document,
                until=until,
                state=ReservationState.HELD if until else ReservationState.RESERVED,
            )
            kept.append(StockLine(item_code=item.code, quantity=take, lot=balance.lot))
            missing -= take
        if missing:
            raise OutOfStock(_elsewhere(place, item, missing))
    return PartsReserved(
        org_id=place.org_id,
        actor_id=actor.id,
        at=at,
        location_id=place.id,
        document=document,
        lines=tuple(kept),
    )


def _elsewhere(place: Location, item: Item, missing: int) -> str:
    others = (
        StockBalance.objects.filter(item=item, location__city=place.city)
        .exclude(location=place)
        .filter(on_hand__gte=F("reserved") + missing)
        .order_by("-on_hand")
        .values_list("location__name", flat=True)[:3]
    )
    words = _("%(place)s lacks %(missing)d of %(item)s.") % {
        "place": place.name,
        "missing": missing,
        "item": item.code,
    }
    if others:
        words += " " + _("It lies at: %(places)s.") % {"places": ", ".join(others)}
    return words


def _step(reservation: Reservation, target: ReservationState) -> None:
    reservation.state = RESERVATION_LIFE.step(reservation.state, target)
    reservation.save(update_fields=["state"])


def _binding(document: str, actor: Actor) -> list[Reservation]:
    """The live reservations of a document, their places locked in one order."""
    rows = (
        Reservation.objects.visible_to(actor)
        .select_related("location", "item")
        .filter(document=document, state__in=BINDING)
    )
    lock_places(*{row.location_id: row.location for row in rows}.values())
    return list(rows.select_for_update(of=("self",)).order_by("id"))


def _line(reservation: Reservation) -> StockLine:
    return StockLine(
        item_code=reservation.item.code, quantity=reservation.quantity, lot=reservation.lot
    )


@verb
def release_parts(*, org_id: int, document: str, actor: Actor, at: datetime) -> PartsReleased:
    """Give back what was kept for a document; what is aboard already stays there, free again."""
    actor.must("supply.reserve_parts", org_id)
    released: list[StockLine] = []
    for row in _binding(document, actor):
        aboard = row.state == ReservationState.KITTED
        _step(row, ReservationState.RETURNED if aboard else ReservationState.RELEASED)
        released.append(_line(row))
    return PartsReleased(
        org_id=org_id, actor_id=actor.id, at=at, document=document, lines=tuple(released)
    )


@verb
def confirm_reservation(*, org_id: int, document: str, actor: Actor, at: datetime) -> PartsReserved:
    """Turn passing holds of a document into reservations."""
    actor.must("supply.reserve_parts", org_id)
    rows = [row for row in _binding(document, actor) if row.state == ReservationState.HELD]
    for row in rows:
        row.until = None
        row.save(update_fields=["until"])
        _step(row, ReservationState.RESERVED)
    return PartsReserved(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        location_id=rows[0].location_id if rows else UUID(int=0),
        document=document,
        lines=tuple(_line(row) for row in rows),
    )


@verb
def issue_kit(*, location_id: UUID, document: str, actor: Actor, at: datetime) -> VanKitted:
    """Bring all that is reserved for a document aboard a van. Raises NotAVan."""
    van = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.issue_kit", van.org_id)
    if van.kind != LocationKind.VAN:
        raise NotAVan(_("%(name)s is not a van.") % {"name": van.name})
    rows = [row for row in _binding(document, actor) if row.state == ReservationState.RESERVED]
    for row in rows:
        if row.location_id == van.id:
            _step(row, ReservationState.KITTED)
            continue
        _step(row, ReservationState.MOVED)
        write_movements(
            source=row.location,
            target=van,
            lines=[_line(row)],
            reason=MovementReason.TRANSFER,
            document=document,
            actor=actor,
            at=at,
        )
        Reservation.objects.create(
            org_id=van.org_id,
            item=row.item,
            lot=row.lot,
            location=van,
            quantity=row.quantity,
            document=document,
            state=ReservationState.KITTED,
        )
    return VanKitted(
        org_id=van.org_id,
        actor_id=actor.id,
        at=at,
        location_id=van.id,
        document=document,
        lines=tuple(_line(row) for row in rows),
    )


@verb
def consume_parts(
    *,
    location_id: UUID,
    lines: Sequence[StockLine],
    document: str,
    actor: Actor,
    at: datetime,
    client_id: UUID | None = None,
    vehicle_id: UUID | None = None,
) -> PartsConsumed:
    """Use parts up on a job: out of what was kept for it first, then out of free stock.

    What they were worth is a cost of the vehicle.

    Raises InsufficientStock, UnknownItem, AlreadyRecorded.
    """
    place = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.consume_parts", place.org_id)
    target = outside(place.org_id, LocationKind.CUSTOMER)
    lock_places(place, target)
    used: list[StockLine] = []
    for line in lines:
        used += _settle(place, line, document, actor)
    movement_ids = write_movements(
        source=place,
        target=target,
        lines=used,
        reason=MovementReason.USE,
        document=document,
        actor=actor,
        at=at,
        client_id=client_id,
        vehicle_id=vehicle_id,
    )
    return PartsConsumed(
        org_id=place.org_id,
        actor_id=actor.id,
        at=at,
        location_id=place.id,
        document=document,
        lines=tuple(used),
        movement_ids=movement_ids,
    )


def _settle(place: Location, line: StockLine, document: str, actor: Actor) -> list[StockLine]:
    """End the reservations that this use fulfils; answers from which lots to take."""
    missing, taken = line.quantity, dict[str, int]()
    for row in _binding(document, actor):
        if row.location_id != place.id or row.item.code != line.item_code or not missing:
            continue
        if row.state == ReservationState.HELD:
            _step(row, ReservationState.RESERVED)
        if row.state == ReservationState.RESERVED:
            _step(row, ReservationState.KITTED)
        take = min(missing, row.quantity)
        if rest := row.quantity - take:
            row.quantity = take
            row.save(update_fields=["quantity"])
            Reservation.objects.create(
                org_id=row.org_id,
                item=row.item,
                lot=row.lot,
                location=place,
                quantity=rest,
                document=document,
                state=ReservationState.KITTED,
            )
        _step(row, ReservationState.USED)
        taken[row.lot] = taken.get(row.lot, 0) + take
        missing -= take
    free = (
        StockBalance.objects.filter(location=place, item__code=line.item_code)
        .filter(on_hand__gt=F("reserved"))
        .order_by("lot")
    )
    for balance in free:
        if missing and (not line.lot or balance.lot == line.lot):
            take = min(missing, balance.on_hand - balance.reserved - taken.get(balance.lot, 0))
            if take > 0:
                taken[balance.lot] = taken.get(balance.lot, 0) + take
                missing -= take
    if missing:
        raise InsufficientStock(
            _("%(place)s does not hold that much that is not reserved.") % {"place": place.name}
        )
    return [
        StockLine(item_code=line.item_code, quantity=quantity, lot=lot)
        for lot, quantity in sorted(taken.items())
    ]
