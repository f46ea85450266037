"""All that those who work in the yard need for a shift: deliveries, returns, upkeep, counts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.field.procedures import BY_HAND, Offer, Run, offers, runs_of_handings
from panshi.fleet import queries as fleet
from panshi.handbook import queries as handbook
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.leasing import queries as leasing

# Vehicles that leave or come back up to so many days ahead may be met in a shift.
AHEAD: Final = timedelta(days=2)
_MANY: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A stored code in the reader's language; a damage has the unit of its size."""

    code: str
    words: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    code: str
    words: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A drawn view of a vehicle; parts lie 0 to 100 across and 0 to 60 down."""

    code: str
    words: str
    required: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Damage as it was known or is seen; `size` in the unit of its kind."""

    view: str
    part: str
    damage: str
    size: Decimal
    count: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause of the standard of fair wear with all that its price follows from; CNY."""

    code: str
    damage: str
    parts: tuple[str, ...]
    from_months: int
    free_size: Decimal
    free_count: int
    unit: str
    price: Decimal
    full_size: Decimal
    life_months: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    name: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An inspection that somebody has begun: the phone goes on with it."""

    id: UUID
    marks: tuple[Mark, ...]
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """A vehicle that leaves (`kind` OUT) or comes back (IN), with what its inspection starts from.

    `compared` says that there is a delivery to compare a return with. `standard` names one of the
    shift's standards, or is empty while none is in force.
    """

    id: UUID
    number: str
    kind: str
    vehicle_id: UUID
    plate: str
    model_name: str
    customer_name: str
    city: str
    on: date
    arrived_at: datetime | None
    handed: bool
    deposit_missing: bool
    last_km: Decimal
    last_pct: Decimal | None
    since: date | None
    known: tuple[Mark, ...]
    compared: bool
    compared_at: datetime | None
    out_km: Decimal | None
    standard: str
    begun: Begun | None
    runs: tuple[Run, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """A task at a standing vehicle and what proves it; state of charge in percent, volts in V."""

    id: UUID
    plate: str
    kind: str
    words: str
    place: str
    idle_days: int
    due_on: date
    late: bool
    needs_soc: bool
    soc_low: Decimal | None
    soc_high: Decimal | None
    least_volts: Decimal | None
    needs_photo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    plate: str
    model_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A lot to be counted: what the book expects there; `stocktake_id` while a count is open."""

    id: UUID
    lot: str
    city: str
    stocktake_id: UUID | None
    expected: tuple[Parked, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """The yard's part of the shift's document; parts that somebody may not do are empty."""

    views: tuple[View, ...]
    damages: tuple[Word, ...]
    checks: tuple[Word, ...]
    standards: tuple[Standard, ...]
    may_correct: bool
    handings: tuple[Handing, ...]
    upkeep: tuple[Upkeep, ...]
    counts: tuple[Count, ...]


def works_here(actor: Actor) -> bool:
    """Whether somebody has anything to do in the yard."""
    return _hands(actor, "OUT") or _hands(actor, "IN") or _keeps(actor) or _counts(actor)


def _hands(actor: Actor, kind: str) -> bool:
    act = "leasing.complete_handover" if kind == "OUT" else "leasing.accept_return"
    return actor.may(act) and actor.may("fleet.start_inspection")


def _keeps(actor: Actor) -> bool:
    return actor.may("fleet.finish_upkeep")


def _counts(actor: Actor) -> bool:
    return actor.may("fleet.count_vehicle")


def yard_of(*, actor: Actor, at: datetime, chinese: bool) -> Yard | None:
    """The yard as it is now, or None for those who do not work in it."""
    if not works_here(actor):
        return None
    handings, standards = _handings(actor, at, chinese)
    return Yard(
        views=tuple(
            View(
                code=view.code,
                words=str(view.words),
                required=view.required,
                parts=tuple(
                    Part(code=part.code, words=str(part.words), x=part.x, y=part.y)
                    for part in view.parts
                ),
            )
            for view in fleet.drawn_views()
        ),
        damages=tuple(
            Word(code=kind.code, words=str(kind.words), unit=kind.unit)
            for kind in fleet.damage_kinds()
        ),
        checks=tuple(Word(code=code, words=str(words)) for code, words in leasing.HANDOVER_CHECKS),
        standards=standards,
        may_correct=actor.may("fleet.correct_odometer"),
        handings=handings,
        upkeep=_upkeep(actor, at) if _keeps(actor) else (),
        counts=_count_sheets(actor) if _counts(actor) else (),
    )


def _marks(rows: tuple[fleet.MarkRow, ...]) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            view=row.view,
            part=row.part,
            damage=row.damage.value,
            size=row.size,
            count=row.count,
            note=row.note,
        )
        for row in rows
    )


def _clause(row: fleet.ClauseRow, *, chinese: bool) -> Clause:
    return Clause(
        code=row.code,
        damage=row.damage.value,
        parts=row.parts,
        from_months=row.from_months,
        free_size=row.free_size,
        free_count=row.free_count,
        unit=row.unit.value,
        price=row.price,
        full_size=row.full_size,
        life_months=row.life_months,
        words=row.words_zh if chinese else row.words,
    )


def _handings(
    actor: Actor, at: datetime, chinese: bool
) -> tuple[tuple[Handing, ...], tuple[Standard, ...]]:
    """What leaves and comes back, and the standards in force for it, each once."""
    allowed = {kind for kind in ("OUT", "IN") if _hands(actor, kind)}
    if not allowed:
        return (), ()
    due = leasing.handings_due(until=local_day(at) + AHEAD, actor=actor, limit=_MANY)
    rows = [row for row in due if row.kind.value in allowed]
    grounds = fleet.inspection_grounds(
        kinds={row.vehicle_id: row.kind.value for row in rows}, actor=actor, at=at
    )
    runs = runs_of_handings([(r.lease_id, r.vehicle_id) for r in rows], actor=actor, at=at)
    names = handbook.procedures_named(slugs=tuple(BY_HAND.values()), actor=actor, at=at)
    standards: dict[str, Standard] = {}
    found = []
    for row in rows:
        ground = grounds.get(row.vehicle_id)
        if ground is None:
            continue
        if ground.standard and ground.standard not in standards:
            clauses = tuple(_clause(clause, chinese=chinese) for clause in ground.clauses)
            standards[ground.standard] = Standard(name=ground.standard, clauses=clauses)
        open_ = runs.get(row.lease_id, ())
        begun = offers("" if row.handed else row.kind.value, names, open_, actor.org_id)
        found.append(_handing(row, ground, open_, begun))
    return tuple(found), tuple(standards.values())


def _handing(
    row: leasing.HandingRow,
    ground: fleet.InspectionGround,
    runs: tuple[Run, ...],
    begun: tuple[Offer, ...],
) -> Handing:
    return Handing(
        id=row.lease_id,
        number=row.number,
        kind=row.kind.value,
        vehicle_id=row.vehicle_id,
        plate=row.plate,
        model_name=row.model_name,
        customer_name=row.customer_name,
        city=row.city,
        on=row.on,
        arrived_at=row.arrived_at,
        handed=row.handed,
        deposit_missing=row.deposit_missing,
        last_km=ground.odometer_km,
        last_pct=ground.soc_pct,
        since=ground.since,
        known=_marks(ground.known),
        compared=ground.compared_at is not None,
        compared_at=ground.compared_at,
        out_km=ground.out_km,
        standard=ground.standard,
        begun=Begun(id=ground.open.id, marks=_marks(ground.open.marks), views=ground.open.views)
        if ground.open
        else None,
        runs=runs,
        offers=begun,
    )


def _upkeep(actor: Actor, at: datetime) -> tuple[Upkeep, ...]:
    page = fleet.upkeep_tasks(actor=actor, at=at, limit=_MANY)
    return tuple(
        Upkeep(
            id=row.id,
            plate=row.plate or row.vin,
            kind=row.kind.value,
            words=str(row.kind.label),
            place=row.parking or row.city,
            idle_days=row.idle_days,
            due_on=row.due_on,
            late=row.days_left < 0,
            needs_soc=row.target_low is not None or row.target_high is not None,
            soc_low=row.target_low,
            soc_high=row.target_high,
            least_volts=row.least_volts,
            needs_photo=row.needs_photo,
        )
        for row in sorted(page.rows, key=lambda r: (r.due_on, r.parking or r.city, r.plate))
    )


def _count_sheets(actor: Actor) -> tuple[Count, ...]:
    return tuple(
        Count(
            id=sheet.lot_id,
            lot=sheet.lot,
            city=sheet.city,
            stocktake_id=sheet.stocktake_id,
            expected=tuple(
                Parked(plate=plate, model_name=model) for plate, model in sheet.expected
            ),
            seen=sheet.seen,
        )
        for sheet in fleet.count_sheets(actor=actor)
    )
