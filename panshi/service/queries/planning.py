"""The running plan of a city as the matcher needs it, and what it answers for one visit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from panshi.kit.tenancy import Actor, acting
from panshi.optimiser import match
from panshi.people import queries as people
from panshi.service import rules
from panshi.service.models import (
    BookingState,
    ServiceItem,
    VisitCrew,
)
from panshi.service.queries.fitness import certificates_of
from panshi.supply import queries as supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A visit that somebody wants: where, how long, and what it takes."""

    org_id: int
    city: str
    place: match.Place
    minutes: int
    crew: int
    skills: frozenset[str]
    certificates: frozenset[str]
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where the matcher puts a visit: lead first, and what it thought of everybody."""

    fits: tuple[match.Fit, ...]
    answer: match.Answer

    @property
    def starts_at(self) -> datetime:
        return datetime.fromtimestamp(self.fits[0].start, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day of a city's plan."""

    engineers: tuple[match.Engineer, ...]
    stations: tuple[match.Station, ...]


def wish_of(
    *,
    org_id: int,
    city: str,
    lon: float,
    lat: float,
    items: Sequence[ServiceItem],
    model_code: str,
    at: datetime,
    two_person: bool = False,
) -> Wish:
    """What a visit with these services takes, all done in one go."""
    parts: dict[str, int] = defaultdict(int)
    for item in items:
        for code, pieces in item.parts.items():
            parts[code] += pieces
    return Wish(
        org_id=org_id,
        city=city,
        place=match.Place(lon, lat),
        minutes=sum(rules.minutes_of(i.minutes, i.minutes_by_model, model_code) for i in items),
        crew=max(2 if two_person else 1, *(item.crew for item in items)),
        skills=frozenset(skill for item in items for skill in item.skills),
        certificates=certificates_of(org_id=org_id, items=items, at=at),
        parts=dict(parts),
    )


def days_of(
    *,
    org_id: int,
    city: str,
    first: date,
    last: date,
    actor: Actor,
    at: datetime,
    without: UUID | None = None,
) -> dict[date, Day]:
    """The plan of an org in a city by local day, past holds left out, `without` one visit."""
    shifts = people.engineers_of_days(city=city, first=first, last=last, actor=actor)
    ours = {day: [ref for ref in refs if ref.org_id == org_id] for day, refs in shifts.items()}
    everyone = {ref.user_id for refs in ours.values() for ref in refs}
    with acting(actor):
        stops = _stops(everyone, first, last, at, without)
    aboard: dict[UUID, dict[str, int]] = {}
    stations: list[match.Station] = []
    for source in supply.part_sources(city=city, at=at, actor=actor):
        if source.keeper_id is not None:
            aboard[source.keeper_id] = source.free
        elif source.lon is not None and source.lat is not None:
            place = match.Place(source.lon, source.lat)
            stations.append(
                match.Station(id=str(source.location_id), place=place, parts=source.free)
            )
    return {
        day: Day(
            engineers=tuple(
                _engineer(ref, stops.get((ref.user_id, day), []), aboard.get(ref.user_id, {}))
                for ref in refs
            ),
            stations=tuple(stations),
        )
        for day, refs in ours.items()
    }


def _stops(
    engineers: Iterable[UUID], first: date, last: date, at: datetime, without: UUID | None
) -> dict[tuple[UUID, date], list[match.Stop]]:
    stale = Q(visit__booking__state=BookingState.HELD, visit__booking__held_until__lte=at)
    rows = (
        VisitCrew.objects.filter(
            engineer_id__in=engineers, binds=True, visit__day__range=(first, last)
        )
        .exclude(stale)
        .order_by("period")
        .values_list("engineer_id", "visit__day", "period", "lon", "lat", "visit_id")
    )
    stops: dict[tuple[UUID, date], list[match.Stop]] = defaultdict(list)
    for engineer_id, day, period, lon, lat, visit_id in rows:
        if visit_id == without:
            continue
        stops[engineer_id, day].append(
            match.Stop(
                start=period.lower.timestamp(),
                end=period.upper.timestamp(),
                place=match.Place(lon, lat),
                job=str(visit_id),
            )
        )
    return stops


def _engineer(
    ref: people.EngineerRef, stops: Sequence[match.Stop], aboard: Mapping[str, int]
) -> match.Engineer:
    return match.Engineer(
        id=str(ref.user_id),
        start=ref.shift_start.timestamp(),
        end=ref.shift_end.timestamp(),
        home=match.Place(ref.lon, ref.lat),
        skills=ref.skills,
        certificates=ref.certificates,
        parts=aboard,
        stops=stops,
        breaks=[
            match.Break(
                earliest=rest.earliest.timestamp(),
                latest=rest.latest.timestamp(),
                length=rest.minutes * 60.0,
            )
            for rest in ref.breaks
        ],
    )


def job_of(wish: Wish, opens: datetime, closes: datetime, at: datetime) -> match.Job:
    return match.Job(
        place=wish.place,
        service=wish.minutes * 60.0,
        opens=max(opens, at).timestamp(),
        closes=closes.timestamp(),
        release=at.timestamp(),
        skills=wish.skills,
        certificates=wish.certificates,
        parts=wish.parts,
    )


def scarcity(engineers: Sequence[match.Engineer]) -> dict[str, float]:
    """Weight per skill: 0 when everybody has it, towards 0.2 s per second for the rarest."""
    if not engineers:
        return {}
    count: dict[str, int] = defaultdict(int)
    for engineer in engineers:
        for skill in engineer.skills:
            count[skill] += 1
    return {skill: 0.2 * (1 - have / len(engineers)) for skill, have in count.items()}


def choose(day: Day, wish: Wish, opens: datetime, closes: datetime, at: datetime) -> Choice | None:
    """The cheapest engineer, or pair, that can keep the window; None when nobody can."""
    answer = ask(day, wish, opens, closes, at)
    if not answer.fits:
        return None
    if wish.crew == 1:
        return Choice(fits=answer.fits[:1], answer=answer)
    two = match.pair(
        job=job_of(wish, opens, closes, at),
        engineers=day.engineers,
        stations=day.stations,
        scarcity=scarcity(day.engineers),
    )
    return Choice(fits=two, answer=answer) if two else None


def ask(day: Day, wish: Wish, opens: datetime, closes: datetime, at: datetime) -> match.Answer:
    """What every engineer of the day would cost, or the first rule that forbids it."""
    return match.match(
        job=job_of(wish, opens, closes, at),
        engineers=day.engineers,
        stations=day.stations,
        scarcity=scarcity(day.engineers),
    )


def earliest(
    *, wish: Wish, days: Mapping[date, Day], first: date, last: date, at: datetime, lead: timedelta
) -> tuple[Choice, datetime, datetime] | None:
    """The first window from `at + lead` on that can be kept: choice and window."""
    day = first
    while day <= last:
        plan = days.get(day)
        if plan is not None:
            for opens, closes in rules.windows_of(day):
                if closes <= at + lead:
                    continue
                choice = choose(plan, wish, max(opens, at + lead), closes, at)
                if choice is not None:
                    return choice, opens, closes
        day += timedelta(days=1)
    return None


def explained(
    choice: Choice | None, answer: match.Answer, names: Mapping[str, str]
) -> dict[str, Any]:
    """The table behind a decision, as it is kept with the plan event."""
    chosen = [fit.engineer for fit in choice.fits] if choice else []
    best = choice.fits[0].cost if choice else None
    return {
        "chosen": chosen,
        "fits": [
            {
                "engineer": fit.engineer,
                "name": names.get(fit.engineer, ""),
                "start": fit.start,
                "travel_s": round(fit.travel),
                "extra_s": round(fit.extra),
                "scarce_s": round(fit.scarce),
                "cost_s": round(fit.cost),
                "lost_by_s": None if best is None else round(fit.cost - best),
                "station": fit.station,
            }
            for fit in answer.fits
        ],
        "misses": [
            {
                "engineer": miss.engineer,
                "name": names.get(miss.engineer, ""),
                "rule": miss.rule,
                "missing": list(miss.missing),
                "later_s": None if miss.later is None else round(miss.later),
            }
            for miss in answer.misses
        ],
    }
