"""Verbs that fill the counted days: by fact, by night, by recount."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.cockpit.catalogue import COUNTED, Indicator
from panshi.cockpit.counts import VEHICLES, Count
from panshi.cockpit.events import (
    FiguresCounted,
    RecountDiffered,
    RecountTaken,
    VehicleDaysKept,
)
from panshi.cockpit.queries import recount
from panshi.fleet import queries as fleet
from panshi.fleet.queries import CityStates
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class ReasonMissing(Refusal):
    pass


_COUNT: Final = """
WITH added AS (
    INSERT INTO cockpit_countedfact (id, org_id, fact_id, what, indicator, part, subject_type,
        subject_id, city, day, at, numerator, denominator)
    SELECT gen_random_uuid(), w.org_id, %s, w.what, w.indicator, w.part, w.subject_type,
        w.subject_id, w.city, w.day, w.at, w.numerator, w.denominator
    FROM unnest(%s::int[], %s::text[], %s::date[], %s::timestamptz[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::uuid[], %s::numeric[], %s::numeric[])
        AS w(org_id, city, day, at, what, indicator, part, subject_type, subject_id, numerator,
            denominator)
    ON CONFLICT DO NOTHING
    RETURNING org_id, city, day, indicator, part, numerator, denominator
), cells AS (
    INSERT INTO cockpit_indicatorday
        (id, org_id, city, day, indicator, part, numerator, denominator)
    SELECT gen_random_uuid(), org_id, city, day, indicator, part,
        sum(numerator), sum(denominator)
    FROM added GROUP BY 2, 3, 4, 5, 6 ORDER BY 2, 3, 4, 5, 6
    ON CONFLICT ON CONSTRAINT one_cell_per_indicator_and_day DO UPDATE SET
        numerator = cockpit_indicatorday.numerator + EXCLUDED.numerator,
        denominator = cockpit_indicatorday.denominator + EXCLUDED.denominator
)
SELECT count(*) FROM added
"""


def _add(counts: Sequence[Count], fact_id: UUID | None) -> int:
    """Add counts to their cells; those counted before add nothing. Answers how many were new."""
    columns: list[list[Any]] = [
        [c.org_id for c in counts],
        [c.city for c in counts],
        [c.day for c in counts],
        [c.at for c in counts],
        [c.what for c in counts],
        [c.indicator for c in counts],
        [c.part for c in counts],
        [c.subject_type for c in counts],
        [c.subject_id for c in counts],
        [c.numerator for c in counts],
        [c.denominator for c in counts],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [fact_id, *columns])
        added: int = cursor.fetchone()[0]
    return added


@verb
def count_fact(
    *, org_id: int, fact_id: UUID, counts: Sequence[Count], actor: Actor, at: datetime
) -> FiguresCounted:
    """Add what a fact counts to its days; a fact that was counted before adds nothing."""
    actor.must("cockpit.count_fact", org_id)
    return FiguresCounted(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        indicators=tuple(sorted({str(c.indicator) for c in counts})),
        counted=_add(counts, fact_id),
    )


_KEEP: Final = """
INSERT INTO cockpit_indicatorday (id, org_id, city, day, indicator, part, numerator, denominator)
SELECT gen_random_uuid(), w.* FROM unnest(%s::int[], %s::text[], %s::date[], %s::text[],
    %s::text[], %s::numeric[], %s::numeric[])
    AS w(org_id, city, day, indicator, part, numerator, denominator)
ORDER BY 2, 3, 4, 5, 6
ON CONFLICT ON CONSTRAINT one_cell_per_indicator_and_day DO UPDATE SET
    numerator = EXCLUDED.numerator, denominator = EXCLUDED.denominator
"""

Cell = tuple[int, str, date, str, str, Decimal, Decimal]


def _vehicle_cells(states: Sequence[CityStates], day: date) -> list[Cell]:
    cells: list[Cell] = []
    for row in states:
        leased, idle, pool = Decimal(row.leased), Decimal(row.idle), Decimal(row.pool)
        where = (row.org_id, row.city, day)
        cells += [
            (*where, Indicator.UTILISATION, "", leased, pool),
            (*where, Indicator.IDLE_DAYS, "", idle, pool),
            (*where, Indicator.COMPLAINTS, VEHICLES, Decimal(0), leased / 30),
        ]
    return cells


@verb
def keep_vehicle_days(*, actor: Actor, at: datetime) -> VehicleDaysKept:
    """Keep how the vehicles stand as the state of the day; the last time on a day counts.

    Feeds utilisation, idle days and what complaints rest upon.
    """
    actor.must("cockpit.keep_vehicle_days", actor.org_id)
    day = local_day(at)
    states = fleet.city_states(actor=actor)
    cells = _vehicle_cells(states, day)
    if cells:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(column) for column in zip(*cells, strict=True)])
    return VehicleDaysKept(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        day=day,
        cells=len(cells),
        vehicles=sum(row.pool for row in states),
    )


_FORGET: Final = """
DELETE FROM cockpit_countedfact WHERE indicator = ANY(%s) AND day >= %s AND day < %s
"""
_EMPTY: Final = """
UPDATE cockpit_indicatorday SET numerator = 0, denominator = 0
WHERE indicator = ANY(%s) AND day >= %s AND day < %s AND part <> %s
"""


@verb
def take_recount(
    *, since: date, until: date, reason: str, actor: Actor, at: datetime
) -> RecountTaken:
    """Let the source rows of [since, until) replace what was counted there, with a reason.

    Takes over the history of an operator that moves in, and closes a difference that a check found.
    Raises ReasonMissing.
    """
    actor.must("cockpit.take_recount", actor.org_id)
    if not reason.strip():
        raise ReasonMissing(_("Say why the counted days are replaced."))
    differed = len(recount.check_indicators(since=since, until=until, actor=actor))
    rows = recount.source_counts(since=since, until=until, actor=actor)
    counted = sorted(COUNTED)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [counted, since, until])
        cursor.execute(_EMPTY, [counted, since, until, VEHICLES])
    added = _add(rows, None) if rows else 0
    return RecountTaken(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        since=since,
        until=until,
        rows=added,
        differed=differed,
        reason=reason.strip(),
    )


@verb
def report_differences(
    *, differences: Sequence[recount.Difference], actor: Actor, at: datetime
) -> RecountDiffered:
    """Tell that counted days and source rows disagree; `take_recount` closes the matter."""
    actor.must("cockpit.report_differences", actor.org_id)
    return RecountDiffered(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        indicators=tuple(sorted({row.indicator for row in differences})),
        cells=len(differences),
    )
