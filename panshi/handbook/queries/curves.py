"""Questions that compare cities: a new one's weeks beside mature ones, and where it lags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Min

from panshi.handbook import book, wording
from panshi.handbook.models import Case, CaseState, CityLaunch, EditionItem, Node
from panshi.handbook.queries import spans
from panshi.handbook.queries.spans import COUNTED, SUMS
from panshi.handbook.rules import curves
from panshi.handbook.rules.curves import WEEK, Band, Lag
from panshi.handbook.rules.measure import Tally
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

_IN_EDITION: Final = """
    (%(edition)s = ''
        OR d.edition_id IN (SELECT id FROM handbook_edition WHERE number = %(edition)s))
"""
_FIRST_DAYS: Final = """
SELECT d.city, min(d.day) FROM handbook_adherencecity d
WHERE (%(org)s::int IS NULL OR d.org_id = %(org)s) AND d.city <> '' AND d.expected > 0 GROUP BY 1
"""
_BY_NODE: Final = f"""
SELECT d.city, n.slug, {SUMS} FROM ({COUNTED}) d JOIN handbook_node n ON n.id = d.node_id
WHERE d.city <> '' AND (%(node)s = '' OR n.slug = %(node)s) AND {_IN_EDITION} GROUP BY 1, 2
"""


def _where(node: str) -> str:
    """Where days are added up: over all nodes they were already, of one they stand each."""
    tenant = "(%(org)s::int IS NULL OR d.org_id = %(org)s) AND d.city <> ''"
    if not node:
        return f"handbook_adherencecity d WHERE {tenant} AND {_IN_EDITION}"
    named = "d.node_id IN (SELECT id FROM handbook_node WHERE slug = %(node)s)"
    return f"handbook_adherenceday d WHERE {tenant} AND {named} AND {_IN_EDITION}"


_BACK: Final = f"""
SELECT d.city, (%(until)s - 1 - d.day) / 7, {SUMS} FROM {_where("")}
AND d.day >= %(since)s AND d.day < %(until)s GROUP BY 1, 2
"""


def _by_age(node: str) -> str:
    """The counts of each city by whole weeks since its launch."""
    return f"""
        SELECT d.city, (d.day - l.launched_on) / 7, {SUMS}
        FROM unnest(%(cities)s::text[], %(days)s::date[]) AS l (city, launched_on),
            LATERAL (SELECT * FROM {_where(node)}
                AND d.city = l.city AND d.day >= l.launched_on AND d.day < %(until)s) d
        GROUP BY 1, 2
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class CityRow:
    """One city: since when, whether that day was `noted` or is that of its first runs.

    `tally` is of the last twelve whole weeks, `steady` counts those among them with runs enough.
    """

    city: str
    launched_on: date
    noted: bool
    weeks: int
    mature: bool
    steady: int
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One whole week [since, until) of a city, and the mature cities when they were as old."""

    week: int
    since: date
    until: date
    tally: Tally
    same_age: Band | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachRow:
    """A node in which the city lags: how far, how often, and who shows how; `cases` are told."""

    slug: str
    code: str
    title: str
    lag: Lag
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CityCurve:
    """A city held against mature ones. `since` and `until` bound the twelve weeks compared.

    `few` names the nodes that have too few runs to be ranked.
    """

    cities: tuple[CityRow, ...]
    chosen: CityRow | None
    since: date
    until: date
    today: Band | None
    points: tuple[CurvePoint, ...]
    coaching: tuple[CoachRow, ...]
    few: tuple[tuple[str, str, Tally], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    node: str
    edition: str
    actor: Actor

    def sums(self, sql: str, **more: Any) -> dict[str, dict[Any, Tally]]:
        """The counts by city and the second column."""
        found: dict[str, dict[Any, Tally]] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                sql,
                {"node": self.node, "edition": self.edition, **spans.part(self.actor), **more},
            )
            for city, key, *counts in cursor.fetchall():
                found.setdefault(city, {})[key] = Tally(*map(int, counts))
        return found


def _launches(actor: Actor) -> dict[str, tuple[date, bool]]:
    """The day on which each city with runs was opened: as noted, else that of its first runs."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_DAYS, {"org": actor.single_org_id})
        found: dict[str, tuple[date, bool]] = {city: (day, False) for city, day in cursor}
    noted = CityLaunch.objects.filter(city__in=found).values_list("city")
    for city, day in noted.annotate(day=Min("launched_on")):
        found[city] = (day, True)
    return found


def _cities(actor: Actor, today: date) -> tuple[CityRow, ...]:
    """Every city with runs by the day of its launch; maturity counts all that was expected."""
    since, until = curves.window(today)
    every = _Asked(node="", edition="", actor=actor).sums(_BACK, since=since, until=until)
    rows = []
    for city, (launched_on, noted) in _launches(actor).items():
        weeks = every.get(city, {})
        counts = [tally.expected for tally in weeks.values()]
        rows.append(
            CityRow(
                city=city,
                launched_on=launched_on,
                noted=noted,
                weeks=max(curves.weeks_since(launched_on, today), 0),
                mature=curves.is_mature(launched_on, today, counts),
                steady=sum(tally.enough for tally in weeks.values()),
                tally=sum(weeks.values(), Tally()),
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.launched_on, row.city)))


def _chosen(cities: tuple[CityRow, ...], city: str) -> CityRow | None:
    """The city asked for; without one the youngest that is not mature yet, else the youngest."""
    if city:
        return next((row for row in cities if row.city == city), None)
    return next(iter(sorted(cities, key=lambda row: (row.mature, -row.launched_on.toordinal()))),
                None)  # fmt: skip


def _points(
    chosen: CityRow, ages: Mapping[str, Mapping[int, Tally]], mature: list[str], today: date
) -> tuple[CurvePoint, ...]:
    points = []
    for week in range(curves.weeks_since(chosen.launched_on, today)):
        since = chosen.launched_on + timedelta(days=WEEK * week)
        alike = [ages.get(city, {}).get(week, Tally()) for city in mature]
        points.append(
            CurvePoint(
                week=week,
                since=since,
                until=since + timedelta(days=WEEK),
                tally=ages.get(chosen.city, {}).get(week, Tally()),
                same_age=curves.band(alike),
            )
        )
    return tuple(points)


def _told(slugs: list[str], actor: Actor, at: datetime) -> dict[str, int]:
    """How many cases a person finds at each node: those of the book, and published ones."""
    own = Case.objects.visible_to(actor).filter(node__slug__in=slugs, state=CaseState.PUBLISHED)
    found = dict.fromkeys(slugs, 0)
    found |= dict(own.values_list("node__slug").annotate(n=Count("id")))
    edition = book.book_at(at)
    if edition is None:
        return found
    items = EditionItem.objects.filter(edition_id=edition.id, node__slug__in=slugs)
    for slug, files in items.values_list("node__slug", "revision__files"):
        found[slug] += sum(name.startswith("cases/") for name in files)
    return found


def mature_cities(actor: Actor, today: date, but: str) -> list[str]:
    """The mature cities that this actor sees, without the one that is held against them."""
    return [row.city for row in _cities(actor, today) if row.mature and row.city != but]


@question
def city_curve(
    *, actor: Actor, at: datetime, city: str = "", node: str = "", edition: str = ""
) -> CityCurve:
    """Hold a city's weekly adherence against the cities that are mature, by weeks since launch.

    Without a city the youngest is shown; with a node or an edition (by slug and number) only what
    was done by these counts. The coaching list compares the last twelve whole weeks.
    """
    today = local_day(at)
    since, until = curves.window(today)
    cities = _cities(actor, today)
    chosen = _chosen(cities, city)
    if chosen is None:
        return CityCurve(
            cities=cities, chosen=None, since=since, until=until, today=None, points=(),
            coaching=(), few=(),
        )  # fmt: skip
    asked = _Asked(node=node, edition=edition, actor=actor)
    mature = [row.city for row in cities if row.mature and row.city != chosen.city]
    ages = asked.sums(
        _by_age(node),
        until=until,
        cities=[row.city for row in cities],
        days=[row.launched_on for row in cities],
    )
    by_node = asked.sums(_BY_NODE, since=since, until=until)
    return CityCurve(
        cities=cities,
        chosen=chosen,
        since=since,
        until=until,
        today=curves.band([sum(by_node.get(c, {}).values(), Tally()) for c in mature]),
        points=_points(chosen, ages, mature, today),
        **_compared(by_node, chosen.city, mature, actor, at),
    )


def _compared(
    by_node: Mapping[str, Mapping[str, Tally]],
    city: str,
    mature: list[str],
    actor: Actor,
    at: datetime,
) -> dict[str, Any]:
    own = {slug: tally for slug, tally in by_node.get(city, {}).items() if tally.expected}
    others: dict[str, dict[str, Tally]] = {}
    for name in mature:
        for slug, tally in by_node.get(name, {}).items():
            others.setdefault(slug, {})[name] = tally
    found = curves.coaching(own, others)
    names = {
        n.slug: (n.code, wording.spoken(n.zh, n.en))
        for n in Node.objects.filter(slug__in=own).only("slug", "code", "zh", "en")
    }
    told = _told([one.key for one in found], actor, at)
    return {
        "coaching": tuple(
            CoachRow(
                slug=one.key,
                code=names[one.key][0],
                title=names[one.key][1],
                lag=one,
                cases=told[one.key],
            )
            for one in found
        ),
        "few": tuple(
            (slug, names[slug][1], tally)
            for slug, tally in sorted(own.items(), key=lambda pair: names[pair[0]][0])
            if not tally.enough
        ),
    }
