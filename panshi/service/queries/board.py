"""The dispatcher's questions: the board of a day, what a move would do, why this engineer."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.kit.clock import day_span, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.optimiser import match
from panshi.org import queries as org
from panshi.people import queries as people
from panshi.service import rules
from panshi.service.models import (
    MOVABLE,
    BookingState,
    OrderKind,
    PlanEvent,
    Visit,
    VisitCrew,
    VisitState,
)
from panshi.service.queries import planning
from panshi.service.queries.catalogue import nearest_items
from panshi.service.queries.fitness import certificates_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardVisit:
    """A visit as the board shows it."""

    id: UUID
    order_id: UUID | None
    number: str
    plate: str
    services: tuple[str, ...]
    state: VisitState
    kind: OrderKind
    starts_at: datetime | None
    ends_at: datetime | None
    window_start: datetime
    window_end: datetime
    minutes: int
    crew: int
    engineer_id: UUID | None
    at_risk: bool

    @property
    def movable(self) -> bool:
        """Whether it may still be given to somebody else, or another time."""
        return self.order_id is not None and self.state in MOVABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One engineer's day: shift and visits in order, as lead or helper."""

    engineer_id: UUID
    name: str
    skills: tuple[str, ...]
    shift_start: datetime | None
    shift_end: datetime | None
    visits: tuple[BoardVisit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    city: str
    day: date
    lanes: tuple[Lane, ...]
    unplaced: tuple[BoardVisit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerReason:
    """One engineer in the table of reasons: the cost, or the first rule that failed."""

    engineer_id: UUID
    name: str
    chosen: bool
    starts_at: datetime | None
    travel_minutes: int | None
    extra_minutes: int | None
    cost_minutes: int | None
    lost_by_minutes: int | None
    rule: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a visit stands where it stands, as it was decided."""

    decided_at: datetime
    kind: str
    sentence: str
    rows: tuple[EngineerReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a move would do; `rule` names the first rule it breaks, None when it can be done."""

    rule: str | None
    words: str
    promise_kept: bool
    window_start: datetime
    window_end: datetime
    travel_minutes: int
    extra_minutes: int
    tell_customer: bool
    tell_engineers: tuple[str, ...]
    plan_version: int
    station_id: UUID | None
    helpers: tuple[UUID, ...]
    parts: dict[str, int]
    table: dict[str, Any]


def rule_words(rule: str, missing: tuple[str, ...] = (), later_s: float | None = None) -> str:
    """A failed rule as a person reads it, with the smallest change that would help."""
    if rule == "certificate":
        missing = tuple(people.certificate_words(missing))
    words = {
        "skill": _("lacks a skill: %(missing)s"),
        "certificate": _("lacks a valid certificate: %(missing)s"),
        "part": _("part neither aboard nor at a station: %(missing)s"),
        "shift": _("is not on shift then"),
        "break": _("would lose the break"),
        "window": _("has no room in this window"),
        "range": _("the van's range does not suffice"),
    }.get(rule, rule) % {"missing": ", ".join(missing)}
    if later_s:
        words += " · " + _("possible %(minutes)d min later") % {"minutes": -(-later_s // 60)}
    return words


def _plates(visits: list[Visit], actor: Actor) -> dict[UUID, str]:
    ids = {v.order.vehicle_id for v in visits if v.order} | {
        v.booking.vehicle_id for v in visits if v.booking
    }
    refs = fleet.vehicle_refs(vehicle_ids=tuple(ids), actor=actor)
    return {vehicle_id: ref.plate or ref.vin for vehicle_id, ref in refs.items()}


@question
def board_day(*, city: str, day: date, actor: Actor, at: datetime) -> Board:
    """The lanes of a city's day, and the visits that nobody has yet."""
    running = (
        Visit.objects.visible_to(actor)
        .select_related("order", "booking")
        .filter(city=city)
        .exclude(state=VisitState.CANCELLED)
        .exclude(booking__state=BookingState.HELD, booking__held_until__lte=at)
    )
    placed = list(running.filter(day=day, engineer_id__isnull=False).order_by("starts_at"))
    waiting = running.filter(state=VisitState.PLANNED, engineer_id=None)
    unplaced = list(waiting.filter(window_start__lt=day_span(day)[1]).order_by("window_end"))
    crews: dict[UUID, list[UUID]] = defaultdict(list)
    for visit_id, engineer_id in (
        VisitCrew.objects.filter(visit__in=[v.id for v in placed])
        .filter(Q(binds=True) | Q(visit__state__in=[VisitState.DONE, VisitState.NOT_DONE]))
        .values_list("visit_id", "engineer_id")
    ):
        if visit_id not in crews[engineer_id]:
            crews[engineer_id].append(visit_id)
    shifts = people.engineers_of_days(city=city, first=day, last=day, actor=actor).get(day, ())
    names = org.names_of(user_ids=tuple(crews), actor=actor)
    plates = _plates([*placed, *unplaced], actor)
    cards = {v.id: _card(v, plates, at) for v in [*placed, *unplaced]}
    on_shift = {ref.user_id: ref for ref in shifts}
    lanes = []
    for engineer_id in sorted({*crews, *on_shift}, key=str):
        ref = on_shift.get(engineer_id)
        mine = [cards[v.id] for v in placed if v.id in crews[engineer_id]]
        lanes.append(
            Lane(
                engineer_id=engineer_id,
                name=ref.name if ref else names.get(engineer_id, ""),
                skills=tuple(sorted(ref.skills)) if ref else (),
                shift_start=ref.shift_start if ref else None,
                shift_end=ref.shift_end if ref else None,
                visits=tuple(mine),
            )
        )
    return Board(
        city=city,
        day=day,
        lanes=tuple(sorted(lanes, key=lambda lane: lane.name)),
        unplaced=tuple(cards[v.id] for v in unplaced),
    )


def _card(visit: Visit, plates: dict[UUID, str], at: datetime) -> BoardVisit:
    order, booking = visit.order, visit.booking
    vehicle_id = order.vehicle_id if order else booking.vehicle_id if booking else None
    waiting = visit.state in (VisitState.PLANNED, VisitState.PROMISED, VisitState.COMMITTED)
    late = waiting and (visit.starts_at is None or visit.starts_at < at)
    return BoardVisit(
        id=visit.id,
        order_id=order.id if order else None,
        number=order.number if order else "",
        plate=plates.get(vehicle_id, "") if vehicle_id else "",
        services=tuple(booking.item_codes) if booking else (),
        state=VisitState(visit.state),
        kind=OrderKind(order.kind) if order else OrderKind.PLANNED,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        window_start=visit.window_start,
        window_end=visit.window_end,
        minutes=visit.minutes,
        crew=visit.crew,
        engineer_id=visit.engineer_id,
        at_risk=late or (waiting and visit.window_end < at),
    )


def wish_of_visit(visit: Visit, actor: Actor, at: datetime) -> planning.Wish:
    """What a standing visit takes."""
    if visit.order is not None:
        codes = [item.item_code for item in visit.order.items.all()]
    else:
        codes = list(visit.booking.item_codes) if visit.booking else []
    by_code = nearest_items(visit.org_id, codes, released=False)
    items = [by_code[code] for code in codes if code in by_code]
    parts: dict[str, int] = defaultdict(int)
    for item in items:
        for code, pieces in item.parts.items():
            parts[code] += pieces
    return planning.Wish(
        org_id=visit.org_id,
        city=visit.city,
        place=match.Place(visit.lon or 0.0, visit.lat or 0.0),
        minutes=visit.minutes,
        crew=visit.crew,
        skills=frozenset(skill for item in items for skill in item.skills),
        certificates=certificates_of(
            org_id=visit.org_id, items=items, at=at, work_order_id=visit.order_id
        ),
        parts=dict(parts),
    )


@question
def move_consequences(
    *, visit_id: UUID, engineer_id: UUID, starts_at: datetime, actor: Actor, at: datetime
) -> Consequences:
    """What giving a visit to an engineer at a time would do, before anybody decides."""
    visit = Visit.objects.visible_to(actor).select_related("order", "booking").get(id=visit_id)
    day = local_day(starts_at)
    wish = wish_of_visit(visit, actor, at)
    plan = planning.days_of(
        org_id=visit.org_id,
        city=visit.city,
        first=day,
        last=day,
        actor=actor,
        at=at,
        without=visit.id,
    ).get(day, planning.Day(engineers=(), stations=()))
    answer = planning.ask(plan, wish, starts_at, starts_at, at)
    fit = next((f for f in answer.fits if f.engineer == str(engineer_id)), None)
    miss = next((m for m in answer.misses if m.engineer == str(engineer_id)), None)
    helpers = [f for f in answer.fits if f.engineer != str(engineer_id)][: wish.crew - 1]
    rule: str | None = None
    words = ""
    if visit.lon is None or visit.lat is None:
        rule, words = "place", _("The place of the vehicle is not known yet.")
    elif fit is None:
        rule = miss.rule if miss else "shift"
        missing, later = (miss.missing, miss.later) if miss else ((), None)
        words = rule_words(rule, missing, later)
    elif len(helpers) < wish.crew - 1:
        rule, words = "crew", _("Two people are needed, and no second one is free then.")
    elif starts_at < at:
        rule, words = "window", _("This time has passed.")
    promised = visit.state != VisitState.PLANNED
    kept = not promised or visit.window_start <= starts_at <= visit.window_end
    window = next(
        ((o, c) for o, c in rules.windows_of(day) if o <= starts_at < c), (starts_at, starts_at)
    )
    everybody = [*(f.engineer for f in answer.fits), *(m.engineer for m in answer.misses)]
    found = org.names_of(user_ids=tuple(UUID(one) for one in everybody), actor=actor)
    names = {str(user_id): name for user_id, name in found.items()}
    choice = planning.Choice(fits=(fit, *helpers), answer=answer) if fit else None
    told = {visit.engineer_id, engineer_id} if visit.engineer_id != engineer_id else set()
    return Consequences(
        rule=rule,
        words=words,
        promise_kept=kept,
        window_start=window[0],
        window_end=window[1],
        travel_minutes=round(fit.travel / 60) if fit else 0,
        extra_minutes=round(fit.extra / 60) if fit else 0,
        tell_customer=promised and visit.customer_id is not None and not kept,
        tell_engineers=tuple(names.get(str(user), "") for user in told if user is not None),
        plan_version=_version(visit, day),
        station_id=UUID(fit.station) if fit and fit.station else None,
        helpers=tuple(UUID(helper.engineer) for helper in helpers),
        parts=dict(wish.parts),
        table=planning.explained(choice, answer, names),
    )


def _version(visit: Visit, day: date) -> int:
    newest = (
        PlanEvent.objects.filter(org_id=visit.org_id, city=visit.city, day=day)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    return newest or 0


@question
def why_engineer(*, visit_id: UUID, actor: Actor) -> Why | None:
    """The decision that put a visit where it stands: each engineer's cost or first failing rule."""
    visit = Visit.objects.visible_to(actor).get(id=visit_id)
    event = (
        PlanEvent.objects.filter(visit=visit, kind__in=["JOB_ADDED", "MOVED_BY_HAND", "UNPLACED"])
        .order_by("-at", "-version")
        .first()
    )
    if event is None:
        return None
    rows = [_fit_row(row, event.answer) for row in event.answer.get("fits", [])]
    rows += [_miss_row(row) for row in event.answer.get("misses", [])]
    rows.sort(key=lambda row: (not row.chosen, bool(row.rule), row.cost_minutes or 0, row.name))
    return Why(
        decided_at=event.at, kind=event.kind, sentence=_sentence(event, rows), rows=tuple(rows)
    )


def _sentence(event: PlanEvent, rows: list[EngineerReason]) -> str:
    chosen = [row for row in rows if row.chosen]
    if not chosen:
        if event.answer.get("rule") == "place":
            return _("Nobody yet: the place of the vehicle is not known.")
        return _("Nobody could keep this visit; a dispatcher decides.")
    names = ", ".join(row.name for row in chosen)
    others = len(rows) - len(chosen)
    words = (
        _(
            "%(names)s: %(travel)d min of travel, %(extra)d min more for the day; "
            "%(others)d others were considered."
        )
        if others
        else _("%(names)s: %(travel)d min of travel, %(extra)d min more for the day.")
    )
    return words % {
        "names": names,
        "travel": chosen[0].travel_minutes or 0,
        "extra": chosen[0].extra_minutes or 0,
        "others": others,
    }


def _minutes(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds / 60)


def _fit_row(row: dict[str, Any], answer: dict[str, Any]) -> EngineerReason:
    chosen = row["engineer"] in answer.get("chosen", [])
    words = _("chosen") if chosen else _("possible, but costs more")
    if row.get("station"):
        words += " · " + _("picks parts up at a station")
    return EngineerReason(
        engineer_id=UUID(row["engineer"]),
        name=row["name"],
        chosen=chosen,
        starts_at=datetime.fromtimestamp(row["start"], rules.SHANGHAI),
        travel_minutes=_minutes(row["travel_s"]),
        extra_minutes=_minutes(row["extra_s"]),
        cost_minutes=_minutes(row["cost_s"]),
        lost_by_minutes=_minutes(row["lost_by_s"]),
        rule="",
        words=words,
    )


def _miss_row(row: dict[str, Any]) -> EngineerReason:
    return EngineerReason(
        engineer_id=UUID(row["engineer"]),
        name=row["name"],
        chosen=False,
        starts_at=None,
        travel_minutes=None,
        extra_minutes=None,
        cost_minutes=None,
        lost_by_minutes=None,
        rule=row["rule"],
        words=rule_words(row["rule"], tuple(row["missing"]), row["later_s"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlace:
    """Where and when a visit stands, for the form that moves it."""

    id: UUID
    order_id: UUID | None
    number: str
    city: str
    day: date
    minutes: int
    crew: int
    engineer_id: UUID | None
    starts_at: datetime | None
    window_start: datetime
    window_end: datetime


@question
def visit_place(*, visit_id: UUID, actor: Actor) -> VisitPlace:
    """One visit as it stands in the plan."""
    visit = Visit.objects.visible_to(actor).select_related("order").get(id=visit_id)
    return VisitPlace(
        id=visit.id,
        order_id=visit.order_id,
        number=visit.order.number if visit.order else "",
        city=visit.city,
        day=visit.day,
        minutes=visit.minutes,
        crew=visit.crew,
        engineer_id=visit.engineer_id,
        starts_at=visit.starts_at,
        window_start=visit.window_start,
        window_end=visit.window_end,
    )


@question
def service_cities(*, actor: Actor) -> list[str]:
    """Cities in which this actor's engineers or visits are, those with engineers first."""
    staffed = people.engineer_cities(actor=actor)
    visited = Visit.objects.visible_to(actor).order_by("city").values_list("city", flat=True)
    return [*staffed, *(city for city in visited.distinct() if city not in staffed)]
