"""Figures that other rooms own: asked there when a page is drawn, never defined twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from panshi.billing.queries import earnings, money
from panshi.billing.queries import figures as billing
from panshi.cockpit import rules
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.rules import Period, Tally
from panshi.diagnosis import queries as diagnosis
from panshi.fleet import queries as fleet
from panshi.handbook.queries import figures as handbook
from panshi.handbook.queries.figures import AdherenceCell
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.ledger import queries as ledger
from panshi.telematics.queries import figures as telematics

_SHARE: Final = Decimal("0.000001")
EVERY: Final = 1_000_000
"""No limit: the rows behind a figure are all of them."""


@dataclass(frozen=True, slots=True)
class Revenue:
    """Net revenue by day and source, and what was billed gross by day, in CNY."""

    net: Mapping[tuple[date, str], Decimal]
    gross: Mapping[date, Decimal]

    def net_between(self, first: date, last: date) -> Decimal:
        """Both days included."""
        return sum((n for (day, _s), n in self.net.items() if first <= day <= last), ZERO)

    def gross_between(self, first: date, last: date) -> Decimal:
        return sum((n for day, n in self.gross.items() if first <= day <= last), ZERO)

    def by_source(self, first: date, last: date) -> tuple[tuple[str, Decimal], ...]:
        sums = dict.fromkeys((rules.RENTAL, rules.SERVICE, rules.OTHER), ZERO)
        for (day, source), amount in self.net.items():
            if first <= day <= last:
                sums[source] += amount
        return tuple(sums.items())

    def tallies(self) -> dict[date, Tally]:
        days: dict[date, Tally] = {}
        for (day, _source), amount in self.net.items():
            days[day] = days.get(day, Tally()) + Tally(amount)
        return days


def revenue(*, since: date, until: date, actor: Actor, city: str) -> Revenue:
    """Net from the income accounts, gross from what bills and credit notes put on customers.

    What was billed in advance counts on the days that earned it, booked or not yet.
    """
    net: defaultdict[tuple[date, str], Decimal] = defaultdict(lambda: ZERO)
    for posted in ledger.daily_sums(
        accounts=rules.INCOME,
        but_kinds=earnings.BOOKED,
        since=since,
        until=until,
        city=city,
        actor=actor,
    ):
        net[posted.day, rules.SOURCE_OF[posted.account]] -= posted.amount
    for earned in earnings.earned_by_day(since=since, until=until, city=city, actor=actor):
        net[earned.day, rules.SOURCE_OF[earned.account]] += earned.amount
    billed = ledger.daily_sums(
        accounts=(rules.RECEIVABLE,),
        kinds=rules.BILL_KINDS,
        since=since,
        until=until,
        city=city,
        actor=actor,
    )
    return Revenue(net, {row.day: row.amount for row in billed})


def receivable(*, actor: Actor, on: date, city: str) -> Decimal:
    """What customers owe at the end of a day, deposits aside."""
    rows = money.receivables_before(until=on + timedelta(1), actor=actor)
    return sum((owed for (_org, place), owed in rows.items() if not city or place == city), ZERO)


def vehicles_now(*, actor: Actor, city: str) -> dict[Indicator, Tally]:
    """Today's vehicle-days, as the vehicles stand now."""
    states = fleet.city_states(actor=actor, city=city)
    pool = Decimal(sum(row.pool for row in states))
    return {
        Indicator.UTILISATION: Tally(Decimal(sum(row.leased for row in states)), pool),
        Indicator.IDLE_DAYS: Tally(Decimal(sum(row.idle for row in states)), pool),
    }


def severities(*, actor: Actor) -> dict[int, int]:
    """Open findings by severity, 4 the gravest."""
    return diagnosis.finding_counts(actor=actor)


def online(*, actor: Actor, at: datetime, city: str) -> Tally:
    """Vehicles that report now, of those that ever did."""
    counted = telematics.connected(actor=actor, at=at, city=city)
    return Tally(Decimal(counted.online), Decimal(counted.known))


def dues(*, span: Period, actor: Actor, city: str) -> dict[date, Tally]:
    """Paid over due by the day bills fell due."""
    days = billing.dues_by_day(since=span.since, until=span.until, city=city, actor=actor)
    return {row.day: Tally(row.paid, row.due) for row in days}


@dataclass(frozen=True, slots=True)
class Runs:
    """How the handbook was followed; its three pairs are added before they are multiplied."""

    cells: Sequence[AdherenceCell]

    def between(self, span: Period) -> Tally:
        return _product([cell for cell in self.cells if span.since <= cell.day < span.until])

    @property
    def days(self) -> dict[date, Tally]:
        by_day: dict[date, list[AdherenceCell]] = {}
        for cell in self.cells:
            by_day.setdefault(cell.day, []).append(cell)
        return {day: _product(cells) for day, cells in by_day.items()}


def _product(cells: Sequence[AdherenceCell]) -> Tally:
    """Adherence as a numerator over the runs expected."""
    if not cells:
        return Tally()
    tally = cells[0].tally
    for cell in cells[1:]:
        tally += cell.tally
    share = Decimal(tally.adherence or 0).quantize(_SHARE)
    return Tally(share * tally.expected, Decimal(tally.expected))


def adherence(*, since: date, until: date, actor: Actor, at: datetime, city: str) -> Runs:
    return Runs(handbook.adherence_cells(since=since, until=until, city=city, actor=actor, at=at))
