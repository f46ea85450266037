"""The rows behind a figure; together they are the figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.billing.queries import earnings
from panshi.billing.queries import figures as billing
from panshi.billing.queries.earnings import EarnedRow
from panshi.cockpit import rules
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.counts import Order
from panshi.cockpit.models import CountedFact
from panshi.cockpit.queries import borrowed
from panshi.cockpit.rules import Period
from panshi.diagnosis import queries as diagnosis
from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.kit.wording import reads_chinese
from panshi.ledger import queries as ledger
from panshi.ledger.queries import PostingRow
from panshi.org import queries as org
from panshi.telematics import queries as telematics
from panshi.telematics.queries.figures import ONLINE_WITHIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindRow:
    """One row. `subject_type` and `subject_id` name the record to open, where there is one."""

    day: date | None
    what: str
    label: str
    city: str
    org_name: str
    numerator: Decimal
    denominator: Decimal
    subject_type: str = ""
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A page of rows; `total` counts all, and both sums are those of all rows."""

    rows: tuple[BehindRow, ...]
    total: int
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True)
class _Ask:
    code: Indicator
    span: Period
    city: str
    today: date
    at: datetime
    limit: int
    offset: int
    actor: Actor
    names: dict[int, str]


_ROWS: Final = """
SELECT day, what, subject_type, subject_id, city, org_id, numerator, denominator
FROM cockpit_countedfact
WHERE indicator = %(code)s AND day >= %(since)s AND day < %(until)s
  AND (%(city)s = '' OR city = %(city)s)
UNION ALL
SELECT day, 'VEHICLE_DAYS', '', NULL, city, org_id, numerator, denominator
FROM cockpit_indicatorday
WHERE indicator = %(code)s AND day >= %(since)s AND day < %(kept_until)s
  AND (part = 'VEHICLES' OR indicator = ANY(%(kept)s)) AND (%(city)s = '' OR city = %(city)s)
"""
_KEPT: Final = (Indicator.UTILISATION, Indicator.IDLE_DAYS)


def _counted(ask: _Ask) -> Behind:
    """Rows as they were counted, and vehicle-days as they were kept."""
    values: dict[str, Any] = {
        "code": ask.code, "since": ask.span.since, "until": ask.span.until, "city": ask.city,
        "kept": list(_KEPT),
        # Today's vehicles are asked now.
        "kept_until": ask.today if ask.code in _KEPT else ask.span.until,
    }  # fmt: skip
    now = _standing(ask) if ask.code in _KEPT else []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), COALESCE(sum(numerator), 0), COALESCE(sum(denominator), 0)"
            f" FROM ({_ROWS}) rows",
            values,
        )
        total, numerator, denominator = cursor.fetchone()
        shown = now[ask.offset : ask.offset + ask.limit]
        cursor.execute(
            f"SELECT * FROM ({_ROWS}) rows ORDER BY day DESC, subject_id, city, what"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {
                **values,
                "limit": ask.limit - len(shown),
                "offset": max(ask.offset - len(now), 0),
            },
        )
        rows = [
            BehindRow(
                day=day,
                what=what,
                label="",
                city=city,
                org_name=ask.names.get(org_id, ""),
                numerator=n,
                denominator=d,
                subject_type=subject_type,
                subject_id=subject_id,
            )
            for day, what, subject_type, subject_id, city, org_id, n, d in cursor.fetchall()
        ]
    return Behind(
        rows=(*shown, *rows),
        total=total + len(now),
        numerator=numerator + sum((row.numerator for row in now), Decimal(0)),
        denominator=denominator + sum((row.denominator for row in now), Decimal(0)),
    )


def _standing(ask: _Ask) -> list[BehindRow]:
    """Today's vehicle-days by city, as the vehicles stand now."""
    states = fleet.city_states(actor=ask.actor, city=ask.city)
    return [
        BehindRow(
            day=ask.today,
            what="VEHICLES_NOW",
            label="",
            city=row.city,
            org_name=ask.names.get(row.org_id, ""),
            numerator=Decimal(row.leased if ask.code is Indicator.UTILISATION else row.idle),
            denominator=Decimal(row.pool),
        )
        for row in states
        if row.pool
    ]


def _revenue(ask: _Ask) -> Behind:
    """What lines earned by their days, then the postings of all other income."""
    earned = earnings.earned_page(
        since=ask.span.since,
        until=ask.span.until,
        city=ask.city,
        actor=ask.actor,
        limit=ask.limit,
        offset=ask.offset,
    )
    posted = ledger.posting_page(
        accounts=rules.INCOME,
        but_kinds=earnings.BOOKED,
        since=ask.span.since,
        until=ask.span.until,
        city=ask.city,
        actor=ask.actor,
        limit=ask.limit - len(earned.rows),
        offset=max(ask.offset - earned.total, 0),
    )
    return Behind(
        rows=(
            *(_earned(row, ask) for row in earned.rows),
            *(_posted(row, ask) for row in posted.rows),
        ),
        total=earned.total + posted.total,
        numerator=earned.amount - posted.amount,
        denominator=Decimal(0),
    )


def _earned(row: EarnedRow, ask: _Ask) -> BehindRow:
    return BehindRow(
        day=row.day,
        what=rules.SOURCE_OF[row.account],
        label=_("%(number)s · days of service: %(days)d")
        % {"number": row.number, "days": row.days},
        city=row.city,
        org_name=ask.names.get(row.org_id, ""),
        numerator=row.amount,
        denominator=Decimal(0),
        subject_type="BILL",
        subject_id=row.bill_id,
    )


def _posted(row: PostingRow, ask: _Ask) -> BehindRow:
    return BehindRow(
        day=row.day,
        what=rules.SOURCE_OF[row.account],
        label=row.kind,
        city=row.city,
        org_name=ask.names.get(row.org_id, ""),
        numerator=-row.amount,
        denominator=Decimal(0),
        subject_type="BILL" if row.source_kind == "billing.Bill" else "ENTRY",
        subject_id=row.source_id,
    )


def _sliced(ask: _Ask, rows: Sequence[BehindRow]) -> Behind:
    return Behind(
        rows=tuple(rows[ask.offset : ask.offset + ask.limit]),
        total=len(rows),
        numerator=sum((row.numerator for row in rows), Decimal(0)),
        denominator=sum((row.denominator for row in rows), Decimal(0)),
    )


def _findings(ask: _Ask) -> Behind:
    lines = diagnosis.open_findings(actor=ask.actor, limit=borrowed.EVERY)
    return _sliced(
        ask,
        [
            BehindRow(
                day=local_day(line.raised_at),
                what=f"SEVERITY_{line.severity}",
                label=line.plate,
                city=line.city,
                org_name="",
                numerator=Decimal(1),
                denominator=Decimal(0),
                subject_type="FINDING",
                subject_id=line.id,
            )
            for line in lines
        ],
    )


def _dues(ask: _Ask) -> Behind:
    page = billing.due_page(
        since=ask.span.since,
        until=ask.span.until,
        city=ask.city,
        actor=ask.actor,
        limit=ask.limit,
        offset=ask.offset,
    )
    return Behind(
        rows=tuple(
            BehindRow(
                day=row.due_on,
                what="DUE",
                label=row.number,
                city=row.city,
                org_name=ask.names.get(row.org_id, ""),
                numerator=row.paid,
                denominator=row.due,
                subject_type="BILL",
                subject_id=row.bill_id,
            )
            for row in page.rows
        ),
        total=page.total,
        numerator=page.paid,
        denominator=page.due,
    )


def _runs(ask: _Ask) -> Behind:
    """Runs on time over runs due; steps and evidence, the other two pairs, stand beside each."""
    runs = borrowed.adherence(
        since=ask.span.since, until=ask.span.until, actor=ask.actor, at=ask.at, city=ask.city
    )
    english = not reads_chinese()
    return _sliced(
        ask,
        [
            BehindRow(
                day=cell.day,
                what="RUNS",
                label=_("%(node)s · steps %(done)d of %(due)d · evidence %(valid)d of %(wanted)d")
                % {
                    "node": cell.en if english else cell.zh,
                    "done": cell.tally.steps_done,
                    "due": cell.tally.steps_due,
                    "valid": cell.tally.evidence_valid,
                    "wanted": cell.tally.evidence_due,
                },
                city=cell.city,
                org_name=ask.names.get(cell.org_id, ""),
                numerator=Decimal(cell.tally.on_time),
                denominator=Decimal(cell.tally.expected),
            )
            for cell in runs.cells
        ],
    )


def _connected(ask: _Ask) -> Behind:
    rows = telematics.live_board(actor=ask.actor, at=ask.at, city=ask.city)
    return _sliced(
        ask,
        [
            BehindRow(
                day=local_day(row.received_at),
                what=row.state,
                label=row.plate,
                city=row.city,
                org_name="",
                numerator=Decimal(row.age_s < ONLINE_WITHIN_S),
                denominator=Decimal(1),
                subject_type="VEHICLE",
                subject_id=row.vehicle_id,
            )
            for row in rows
        ],
    )


_ASKED: Final[dict[Indicator, Callable[[_Ask], Behind]]] = {
    Indicator.REVENUE: _revenue,
    Indicator.COLLECTION: _dues,
    Indicator.ADHERENCE: _runs,
    Indicator.FINDINGS: _findings,
    Indicator.ONLINE: _connected,
}


@question
def rows_behind(
    *,
    indicator: str,
    actor: Actor,
    at: datetime,
    period: str = "MONTH",
    city: str = "",
    limit: int = 20,
    offset: int = 0,
) -> Behind:
    """A page of the rows behind a figure, newest first; they add up to its two sums."""
    code, today = Indicator(indicator), local_day(at)
    ask = _Ask(
        code=code,
        span=rules.period(period, today),
        city=city,
        today=today,
        at=at,
        limit=limit,
        offset=offset,
        actor=actor,
        names={node.id: node.name for node in org.nodes(actor=actor)},
    )
    return _ASKED.get(code, _counted)(ask)


@question
def promised_order(*, work_order_id: UUID, actor: Actor) -> Order | None:
    """A work order as it was counted when it was opened, or None when that was never heard."""
    row = (
        CountedFact.objects.visible_to(actor)
        .filter(subject_id=work_order_id, indicator=Indicator.COMPLETION, what="OPENED")
        .first()
    )
    if row is None:
        return None
    return Order(id=work_order_id, org_id=row.org_id, city=row.city, day=row.day)
