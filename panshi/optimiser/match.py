"""Match one visit to an engineer: who can keep it, when, at what cost, and why not the others.

Plain arithmetic over a day that already runs: stops stand at fixed times, the new visit is put
between two of them. Times are seconds on one clock of the caller's choice, places WGS-84 degrees.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

EARTH_KM: Final = 6371.0088
PICK_UP_S: Final = 600.0
RULES: Final = ("skill", "certificate", "part", "shift", "break", "window", "range")


@dataclass(frozen=True, slots=True)
class Place:
    """Longitude and latitude in degrees, WGS-84."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class CrowFly:
    """Estimated seconds `fixed + per_km·d + per_root_km·√d` over the great circle d in km."""

    fixed: float = 120.0
    per_km: float = 95.0
    per_root_km: float = 130.0
    detour: float = 1.35

    def seconds(self, origin: Place, destination: Place) -> float:
        distance = kilometres(origin, destination)
        if distance < 0.05:
            return 0.0
        return self.fixed + self.per_km * distance + self.per_root_km * math.sqrt(distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A visit that stands in the plan: from `start` to `end` at a place."""

    start: float
    end: float
    place: Place
    job: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A rest of `length` seconds that begins between `earliest` and `latest`."""

    earliest: float
    latest: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Engineer:
    """One engineer's day: shift, ends, what it can do, what is aboard, and its stops in order."""

    id: str
    start: float
    end: float
    home: Place
    skills: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    parts: Mapping[str, int] = field(default_factory=dict)
    stops: Sequence[Stop] = ()
    breaks: Sequence[Break] = ()
    range_km: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A place where parts can be picked up on the way."""

    id: str
    place: Place
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A visit to be placed: `service` seconds, starting inside [opens, closes].

    Nobody drives towards it before `release`.
    """

    place: Place
    service: float
    opens: float
    closes: float
    release: float = -math.inf
    skills: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The engineer can keep the visit: it starts at `start`, the day's travel grows by `extra`."""

    engineer: str
    start: float
    travel: float
    extra: float
    scarce: float
    cost: float
    station: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """The first rule that fails, what is missing, and the seconds later at which it would hold."""

    engineer: str
    rule: str
    missing: tuple[str, ...] = ()
    later: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Every engineer once: fits by rising cost, then misses in the given order."""

    fits: tuple[Fit, ...]
    misses: tuple[Miss, ...]

    @property
    def best(self) -> Fit | None:
        return self.fits[0] if self.fits else None


def kilometres(origin: Place, destination: Place) -> float:
    """Great-circle distance."""
    a, b = math.radians(origin.lat), math.radians(destination.lat)
    half_lat = math.sin((b - a) / 2) ** 2
    half_lon = math.sin(math.radians(destination.lon - origin.lon) / 2) ** 2
    whole = half_lat + math.cos(a) * math.cos(b) * half_lon
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(whole)))


def match(
    *,
    job: Job,
    engineers: Sequence[Engineer],
    stations: Sequence[Station] = (),
    travel: CrowFly | None = None,
    scarcity: Mapping[str, float] | None = None,
) -> Answer:
    """Ask every engineer; the cheapest fit comes first, ties go to the smaller id.

    Cost is added travel in seconds, plus `scarcity` per second of service for each skill that the
    engineer has and the job does not need: generalists are kept for what only they can do.
    """
    road, weights = travel or CrowFly(), scarcity or {}
    fits: list[Fit] = []
    misses: list[Miss] = []
    for engineer in engineers:
        answer = _ask(job, engineer, stations, road, weights)
        if isinstance(answer, Fit):
            fits.append(answer)
        else:
            misses.append(answer)
    fits.sort(key=lambda fit: (fit.cost, fit.start, fit.engineer))
    return Answer(fits=tuple(fits), misses=tuple(misses))


def pair(
    *,
    job: Job,
    engineers: Sequence[Engineer],
    stations: Sequence[Station] = (),
    travel: CrowFly | None = None,
    scarcity: Mapping[str, float] | None = None,
    step: float = 900.0,
) -> tuple[Fit, Fit] | None:
    """Find two engineers who can begin together, at the earliest common step of the window.

    The parts need be aboard the first one's van only. Returns None when no two can.
    """
    start = job.opens
    while start <= job.closes:
        then = replace(job, opens=start, closes=start)
        led = match(
            job=then, engineers=engineers, stations=stations, travel=travel, scarcity=scarcity
        )
        if led.best is not None:
            others = [e for e in engineers if e.id != led.best.engineer]
            helped = match(
                job=replace(then, parts={}), engineers=others, travel=travel, scarcity=scarcity
            )
            if helped.best is not None:
                return led.best, helped.best
        start += step
    return None


def _ask(
    job: Job,
    engineer: Engineer,
    stations: Sequence[Station],
    road: CrowFly,
    scarcity: Mapping[str, float],
) -> Fit | Miss:
    def miss(rule: str, missing: Sequence[str] = (), later: float | None = None) -> Miss:
        return Miss(engineer=engineer.id, rule=rule, missing=tuple(missing), later=later)

    if lacking := sorted(job.skills - engineer.skills):
        return miss("skill", lacking)
    if lacking := sorted(job.certificates - engineer.certificates):
        return miss("certificate", lacking)
    short = {
        part: needed - engineer.parts.get(part, 0)
        for part, needed in job.parts.items()
        if engineer.parts.get(part, 0) < needed
    }
    sources = [s for s in stations if all(s.parts.get(p, 0) >= n for p, n in short.items())]
    if short and not sources:
        return miss("part", sorted(short))
    if job.closes < engineer.start or job.opens > engineer.end:
        return miss("shift", later=max(0.0, engineer.start - job.closes) or None)

    best: Fit | None = None
    earliest_miss: float | None = None
    tired = False
    surplus = sum(scarcity.get(skill, 0.0) for skill in engineer.skills - job.skills)
    for position in range(len(engineer.stops) + 1):
        before = engineer.stops[position - 1] if position else None
        after = engineer.stops[position] if position < len(engineer.stops) else None
        origin = before.place if before else engineer.home
        ready = before.end if before else engineer.start
        destination = after.place if after else engineer.home
        due = after.start if after else engineer.end
        leg, station = _leg(origin, job.place, sources if short else (), road)
        onward = road.seconds(job.place, destination)
        start = max(max(ready, job.release) + leg, job.opens)
        if start + job.service + onward > due:
            continue
        if start > job.closes:
            late = start - job.closes
            earliest_miss = late if earliest_miss is None else min(earliest_miss, late)
            continue
        stop = Stop(start=start, end=start + job.service, place=job.place)
        route = [*engineer.stops[:position], stop, *engineer.stops[position:]]
        if not _rests(engineer, route, road):
            tired = True
            continue
        if _kilometres_of(engineer, route) * road.detour > engineer.range_km:
            return miss("range")
        extra = leg + onward - road.seconds(origin, destination)
        scarce = surplus * job.service
        fit = Fit(
            engineer=engineer.id, start=start, travel=leg, extra=extra, scarce=scarce,
            cost=extra + scarce, station=station,
        )  # fmt: skip
        if best is None or fit.cost < best.cost:
            best = fit
    if best is not None:
        return best
    return miss("break") if tired else miss("window", later=earliest_miss)


def _leg(
    origin: Place, destination: Place, stations: Sequence[Station], road: CrowFly
) -> tuple[float, str | None]:
    """Seconds to the job, by way of the nearest station that has what is short, if any is."""
    if not stations:
        return road.seconds(origin, destination), None
    ways = (
        (road.seconds(origin, s.place) + PICK_UP_S + road.seconds(s.place, destination), s.id)
        for s in stations
    )
    seconds, station = min(ways)
    return seconds, station


def _rests(engineer: Engineer, route: Sequence[Stop], road: CrowFly) -> bool:
    """Whether each break finds a gap of its own between the stops of the day."""
    gaps: list[tuple[float, float]] = []
    place, ready = engineer.home, engineer.start
    for stop in route:
        gaps.append((ready, stop.start - road.seconds(place, stop.place)))
        place, ready = stop.place, stop.end
    gaps.append((ready, engineer.end - road.seconds(place, engineer.home)))
    for rest in engineer.breaks:
        for index, (opens, closes) in enumerate(gaps):
            begin = max(opens, rest.earliest)
            if begin <= rest.latest and begin + rest.length <= closes:
                gaps[index] = (begin + rest.length, closes)
                break
        else:
            return False
    return True


def _kilometres_of(engineer: Engineer, route: Sequence[Stop]) -> float:
    places = [engineer.home, *(stop.place for stop in route), engineer.home]
    return sum(kilometres(a, b) for a, b in pairwise(places))
