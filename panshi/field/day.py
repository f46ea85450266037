"""All that a phone in the field needs for a shift, in one document."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from panshi.field.procedures import BY_HAND, Offer, Run, offers, runs_of_job
from panshi.field.yard import Yard, yard_of
from panshi.handbook import queries as handbook
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.people import queries as people
from panshi.service import queries as service
from panshi.supply import queries as supply

# What one may who has jobs in the field.
ENGINEERS: Final = "service.accept_visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A measurement of the self-check, with its unit and what is allowed."""

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPart:
    item_code: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VanPart:
    item_code: str
    name: str
    lot: str
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Van:
    name: str
    parts: tuple[VanPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One visit with its order. `missing` names certificates without which travel is refused."""

    work_order_id: UUID
    visit_id: UUID
    number: str
    visit_state: str
    order_state: str
    plate: str
    model_name: str
    customer_name: str
    has_customer: bool
    address: str
    lon: float | None
    lat: float | None
    window_start: datetime
    window_end: datetime
    starts_at: datetime
    minutes: int
    services: tuple[str, ...]
    high_voltage: bool
    missing: tuple[str, ...]
    outcome: str
    readings: tuple[Limit, ...]
    parts: tuple[UsedPart, ...]
    photos: int
    signed: bool
    runs: tuple[Run, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: date
    made_at: datetime
    jobs: tuple[Job, ...]
    van: Van | None
    yard: Yard | None


def _van(actor: Actor, at: datetime, names: dict[str, str]) -> Van | None:
    place = supply.van_of(user_id=actor.id, at=at, actor=actor)
    if place is None:
        return None
    rows = supply.stock_at(location_id=place.id, actor=actor)
    return Van(
        name=place.name,
        parts=tuple(
            VanPart(
                item_code=row.item_code,
                name=names.get(row.item_code, row.item_code),
                lot=row.lot,
                on_hand=row.on_hand,
            )
            for row in rows
        ),
    )


def _missing(
    card: service.WorkOrderCard, wanted: dict[str, tuple[str, ...]], actor: Actor, at: datetime
) -> tuple[str, ...]:
    """Certificates that the services of a job or its procedures ask for, and one does not hold."""
    kinds = {kind for code in card.item_codes for kind in wanted.get(code, ())}
    kinds |= set(
        handbook.procedure_certificates(
            work_order_id=card.id,
            fields={"item_codes": list(card.item_codes)},
            actor=actor,
            at=at,
        )
    )
    if not kinds:
        return ()
    fit = people.fit_for(
        user_id=actor.id, certificates=tuple(sorted(kinds)), on=local_day(at), actor=actor
    )
    return tuple(people.certificate_words(fit.missing))


def day_of(*, actor: Actor, at: datetime, chinese: bool) -> Day:
    """One's own day: the jobs of an engineer, the yard of those who work in it, or both.

    Nobody else's jobs, and of customers only what the job needs.
    """
    on = local_day(at)
    yard = yard_of(actor=actor, at=at, chinese=chinese)
    if not actor.may(ENGINEERS):
        return Day(day=on, made_at=at, jobs=(), van=None, yard=yard)
    visits = service.engineer_day(user_id=actor.id, day=on, actor=actor)
    names = {
        item.code: item.name_zh if chinese else item.name_en for item in supply.items(actor=actor)
    }
    known = handbook.procedures_named(slugs=tuple(BY_HAND.values()), actor=actor, at=at)
    wanted = {row.code: row.certificates for row in service.catalogue(actor=actor, at=at)}
    return Day(
        day=on,
        made_at=at,
        jobs=tuple(_job(visit, wanted, names, known, actor, at) for visit in visits),
        van=_van(actor, at, names),
        yard=yard,
    )


def _job(
    visit: service.DayVisit,
    wanted: dict[str, tuple[str, ...]],
    names: dict[str, str],
    known: dict[str, str],
    actor: Actor,
    at: datetime,
) -> Job:
    card = service.work_order_card(work_order_id=visit.work_order_id, actor=actor)
    runs = runs_of_job(card, actor=actor, at=at)
    return Job(
        work_order_id=visit.work_order_id,
        visit_id=visit.visit_id,
        number=visit.number,
        visit_state=visit.state,
        order_state=card.state,
        plate=visit.plate,
        model_name=visit.model_name,
        customer_name=visit.customer_name,
        has_customer=card.customer_id is not None,
        address=visit.address,
        lon=visit.lon,
        lat=visit.lat,
        window_start=visit.window_start,
        window_end=visit.window_end,
        starts_at=visit.starts_at,
        minutes=visit.minutes,
        services=visit.services,
        high_voltage=visit.high_voltage,
        missing=_missing(card, wanted, actor, at),
        outcome=card.outcome,
        readings=tuple(
            Limit(code=r.code, name=r.name, unit=r.unit, low=r.low, high=r.high)
            for r in card.readings
        ),
        parts=tuple(
            UsedPart(
                item_code=p.item_code,
                name=names.get(p.item_code, p.item_code),
                quantity=p.quantity,
            )
            for p in card.parts
        ),
        photos=sum(photo.purpose != "SIGNATURE" for photo in card.photos),
        signed=any(photo.purpose == "SIGNATURE" for photo in card.photos),
        runs=runs,
        offers=offers("JOB", known, runs, actor.org_id),
    )
