"""The billing run: plans become drafts, drafts become bills. Each step is one statement."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.events import BillsIssued, BillsRun, DraftsDiscarded
from panshi.billing.models import Bill, BillingRun, BillState, ChargePlan
from panshi.billing.services.issuing import issue
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger
from panshi.org import queries as org

DRAFT_HOURS: Final = 24

# The periods that may be billed on the cut-off day, several of a plan when it was not run for long.
_DUE: Final = """
CREATE TEMP TABLE billing_due AS
WITH waiting AS MATERIALIZED (
    SELECT * FROM billing_chargeplan WHERE next_bill_on <= %(cut_off)s
        AND (%(plan)s::uuid IS NULL OR id = %(plan)s) ORDER BY id FOR UPDATE
), spans AS (
    SELECT p.*, n, r.in_advance, r.lead_days, r.needs_vehicle, r.vat_code,
        COALESCE(p.ends_on <= p.starts_on, false) AS reversed,
        CASE p.alignment WHEN 'ANCHOR' THEN (p.anchor_on + make_interval(months => n))::date
            ELSE GREATEST(p.anchor_on,
                (date_trunc('month', p.anchor_on) + make_interval(months => n))::date) END AS opens,
        CASE p.alignment WHEN 'ANCHOR' THEN (p.anchor_on + make_interval(months => n + 1))::date
            ELSE (date_trunc('month', p.anchor_on) + make_interval(months => n + 1))::date
            END AS shuts
    FROM waiting p JOIN billing_product r ON r.code = p.product_id
    CROSS JOIN LATERAL generate_series(
        p.next_period,
        GREATEST(p.next_period, (
            (extract(year FROM %(cut_off)s::date + r.lead_days)
                - extract(year FROM p.anchor_on)) * 12
            + extract(month FROM %(cut_off)s::date + r.lead_days)
            - extract(month FROM p.anchor_on))::int)
    ) n
), clipped AS (
    SELECT *, GREATEST(opens, starts_on) AS span_from,
        LEAST(shuts, COALESCE(ends_on, shuts)) AS span_to
    FROM spans
)
SELECT ledger_new_id() AS bill_id, id AS plan_id, n, org_id, payer_id, product_id, basis, alignment,
    anchor_on, starts_on, ends_on, source_kind, source_id, city, in_advance, lead_days,
    needs_vehicle, vat_code, reversed,
    EXISTS (SELECT FROM billing_bill b WHERE b.plan_id = clipped.id AND b.period_from = span_from
        AND b.period_to = span_to AND b.kind = 'CHARGE' AND b.state <> 'DISCARDED') AS known,
    span_from, span_to, span_to - span_from AS days,
    CASE alignment WHEN 'ANCHOR' THEN shuts - opens
        ELSE shuts - date_trunc('month', opens)::date END AS whole_days,
    (SELECT v.rate FROM billing_vatrate v WHERE v.code = vat_code AND v.starts_on <= span_from
        AND (v.ends_on IS NULL OR v.ends_on > span_from)) AS vat_rate
FROM clipped
WHERE (reversed AND n = next_period)
    OR (NOT reversed AND span_from < span_to
        AND CASE WHEN in_advance THEN span_from ELSE span_to END - lead_days <= %(cut_off)s)
"""
# A period falls into pieces wherever price, pause or vehicle changes; amounts are whole fen. Prices
# cut first, pauses within a price, vehicles within a pause, as the rules share amounts.
_PIECES: Final = """
CREATE TEMP TABLE billing_piece AS
WITH changes AS (
    SELECT plan_id, starts_on, ends_on, 1 AS level FROM billing_planprice
    UNION ALL SELECT plan_id, starts_on, ends_on, 2 FROM billing_planbreak
    UNION ALL SELECT plan_id, starts_on, ends_on, 3 FROM billing_planvehicle
), points AS (
    SELECT plan_id, n, span_from AS day, 1 AS level
    FROM billing_due WHERE NOT reversed AND NOT known
    UNION ALL
    SELECT d.plan_id, d.n, day, c.level FROM billing_due d JOIN changes c USING (plan_id)
    CROSS JOIN LATERAL (VALUES (c.starts_on), (c.ends_on)) AS v(day)
    WHERE NOT d.reversed AND NOT d.known AND day > d.span_from AND day < d.span_to
        AND (c.ends_on IS NULL OR c.ends_on > c.starts_on)
), cuts AS (
    SELECT plan_id, n, day, min(level) AS level FROM points GROUP BY plan_id, n, day
), pieces AS (
    SELECT d.*, q.day AS piece_from,
        row_number() OVER w AS position, lead(q.day, 1, d.span_to) OVER w AS piece_to,
        count(*) FILTER (WHERE q.level = 1) OVER w AS price_no,
        count(*) FILTER (WHERE q.level <= 2) OVER w AS break_no
    FROM cuts q JOIN billing_due d USING (plan_id, n)
    WINDOW w AS (PARTITION BY plan_id, n ORDER BY q.day)
), priced AS (
    SELECT s.plan_id, s.n, s.bill_id, s.position, s.price_no, s.break_no, s.piece_from, s.piece_to,
        s.piece_to - s.piece_from AS piece_days, s.basis, s.days, s.whole_days, s.needs_vehicle,
        s.vat_rate, x.price, (x.price * 100)::bigint AS fen, v.vehicle_id,
        COALESCE(k.relief, 0) AS relief
    FROM pieces s
    LEFT JOIN billing_planprice x ON x.plan_id = s.plan_id AND x.starts_on <= s.piece_from
        AND (x.ends_on IS NULL OR x.ends_on > s.piece_from)
    LEFT JOIN billing_planvehicle v ON v.plan_id = s.plan_id AND v.starts_on <= s.piece_from
        AND (v.ends_on IS NULL OR v.ends_on > s.piece_from)
    LEFT JOIN billing_planbreak k ON k.plan_id = s.plan_id AND k.starts_on <= s.piece_from
        AND (k.ends_on IS NULL OR k.ends_on > s.piece_from)
)
SELECT *,
    CASE WHEN basis = 'DAILY' THEN fen * days
        WHEN basis = 'WHOLE' OR days = whole_days THEN fen
        WHEN basis = 'THIRTY' THEN LEAST(fen, (2 * fen * days + 30) / 60)
        ELSE (2 * fen * days + whole_days) / (2 * whole_days) END AS whole_fen
FROM priced
"""
_FAULTS: Final = """
CREATE TEMP TABLE billing_fault AS
WITH pieces AS (
    SELECT plan_id, n, bool_or(price IS NULL) AS unpriced, bool_or(price < 0) AS negative,
        bool_or(needs_vehicle AND vehicle_id IS NULL) AS bare
    FROM billing_piece GROUP BY plan_id, n
), codes AS (
    SELECT d.plan_id, d.n, d.org_id, CASE
        WHEN d.reversed THEN 'PLAN_REVERSED'
        WHEN d.payer_id IS NULL THEN 'NO_PAYER'
        WHEN d.org_id = ANY(%(closed)s) THEN 'PERIOD_CLOSED'
        WHEN s.bare THEN 'NO_VEHICLE'
        WHEN s.unpriced THEN 'NO_PRICE'
        WHEN s.negative THEN 'NEGATIVE'
        WHEN d.vat_rate IS NULL THEN 'NO_VAT'
        WHEN EXISTS (
            SELECT FROM billing_bill b WHERE b.plan_id = d.plan_id AND b.kind = 'CHARGE'
            AND b.state <> 'DISCARDED' AND b.period_from < d.span_to AND b.period_to > d.span_from
        ) THEN 'OVERLAP' END AS code
    FROM billing_due d LEFT JOIN pieces s USING (plan_id, n) WHERE NOT d.known
)
SELECT DISTINCT ON (plan_id) plan_id, n, org_id, code FROM codes WHERE code IS NOT NULL
ORDER BY plan_id, n
"""
_SET_ASIDE: Final = """
INSERT INTO billing_billingexception (id, org_id, plan_id, period, code, found_at)
SELECT ledger_new_id(), org_id, plan_id, n, code, %(at)s FROM billing_fault
ON CONFLICT (plan_id, period) WHERE resolved_at IS NULL DO NOTHING
"""
# Only the periods of a plan before its first fault are billed.
_KEEP: Final = """
DELETE FROM billing_due d USING billing_fault f WHERE f.plan_id = d.plan_id AND d.n >= f.n
"""
# Each price's whole amount is split by days, the largest remainder first, ties to the earlier, and
# keeps its own part; that is shared among its pauses, their amount and relief among the vehicles.
_LINES: Final = """
CREATE TEMP TABLE billing_part AS
WITH prices AS (
    SELECT plan_id, n, price_no, min(whole_fen) AS whole_fen, min(days) AS days,
        sum(piece_days) AS price_days
    FROM billing_piece WHERE whole_fen >= 0 GROUP BY plan_id, n, price_no
), priced AS (
    SELECT s.plan_id, s.n, s.price_no, s.price_days, s.whole_fen * s.price_days / s.days
        + (count(*) FILTER (WHERE (s.whole_fen * o.price_days) %% s.days
                > (s.whole_fen * s.price_days) %% s.days
            OR ((s.whole_fen * o.price_days) %% s.days = (s.whole_fen * s.price_days) %% s.days
                AND o.price_no < s.price_no))
            < s.whole_fen - sum(s.whole_fen * o.price_days / s.days))::int AS price_fen
    FROM prices s JOIN prices o USING (plan_id, n)
    GROUP BY s.plan_id, s.n, s.price_no, s.price_days, s.whole_fen, s.days
), breaks AS (
    SELECT plan_id, n, price_no, break_no, min(relief) AS relief, sum(piece_days) AS break_days
    FROM billing_piece GROUP BY plan_id, n, price_no, break_no
), break_quotas AS (
    SELECT b.*, price_fen, price_fen * break_days / price_days AS floor_fen,
        (price_fen * break_days) %% price_days AS rest
    FROM breaks b JOIN priced USING (plan_id, n, price_no)
), broken AS (
    SELECT *, floor_fen + (row_number() OVER (w ORDER BY rest DESC, break_no)
        <= price_fen - sum(floor_fen) OVER w)::int AS break_fen
    FROM break_quotas WINDOW w AS (PARTITION BY plan_id, n, price_no)
), quotas AS (
    SELECT s.*, b.break_fen, round(b.break_fen * b.relief / 100)::bigint AS break_relief,
        b.break_fen * s.piece_days / b.break_days AS floor_fen,
        (b.break_fen * s.piece_days) %% b.break_days AS rest
    FROM broken b JOIN billing_piece s USING (plan_id, n, price_no, break_no)
), shares AS (
    SELECT *, floor_fen + (row_number() OVER (w ORDER BY rest DESC, position)
        <= break_fen - sum(floor_fen) OVER w)::int AS part_fen
    FROM quotas WINDOW w AS (PARTITION BY plan_id, n, price_no, break_no)
), reliefs AS (
    SELECT *, COALESCE(break_relief * part_fen / NULLIF(break_fen, 0), 0) AS floor_relief,
        COALESCE((break_relief * part_fen) %% NULLIF(break_fen, 0), 0) AS relief_rest
    FROM shares
), relieved AS (
    SELECT r.*, d.vat_rate AS rate,
        floor_relief + (row_number() OVER (w ORDER BY relief_rest DESC, position)
            <= break_relief - sum(floor_relief) OVER w)::int AS relieved_fen
    FROM reliefs r JOIN billing_due d USING (plan_id, n)
    WINDOW w AS (PARTITION BY plan_id, n, price_no, break_no)
)
SELECT *, part_fen - relieved_fen AS gross_fen,
    (2 * (part_fen - relieved_fen) * (rate * 10000)::bigint
        + 10000 + (rate * 10000)::bigint)
    / (2 * (10000 + (rate * 10000)::bigint)) AS vat_fen
FROM relieved
"""
_DRAFT: Final = """
INSERT INTO billing_bill
    (id, org_id, kind, state, customer_id, vehicle_id, source_kind, source_id, plan_id, period_from,
     period_to, sequence, due_on, total, city, drafted_at, reason)
SELECT d.bill_id, d.org_id, 'CHARGE', 'DRAFT', d.payer_id, t.vehicle_id, d.source_kind, d.source_id,
    d.plan_id, d.span_from, d.span_to, 0,
    CASE WHEN d.in_advance THEN d.span_from ELSE d.span_to END, t.fen / 100.0, d.city, %(at)s, ''
FROM billing_due d JOIN (
    SELECT plan_id, n, sum(gross_fen) AS fen,
        (array_agg(vehicle_id ORDER BY position DESC))[1] AS vehicle_id
    FROM billing_part GROUP BY plan_id, n
) t USING (plan_id, n)
"""
_DRAFT_LINES: Final = """
INSERT INTO billing_billline
    (id, org_id, bill_id, position, customer_id, product_id, words, vehicle_id, service_from,
     service_to, quantity, unit_price, relieved, gross, vat_code, vat_rate, vat, net)
SELECT ledger_new_id(), d.org_id, d.bill_id, s.position, d.payer_id, d.product_id, '', s.vehicle_id,
    s.piece_from, s.piece_to, CASE d.basis WHEN 'DAILY' THEN s.piece_days ELSE 1 END,
    CASE d.basis WHEN 'DAILY' THEN s.price ELSE s.part_fen / 100.0 END, s.relieved_fen / 100.0,
    s.gross_fen / 100.0, d.vat_code, d.vat_rate, s.vat_fen / 100.0,
    (s.gross_fen - s.vat_fen) / 100.0
FROM billing_part s JOIN billing_due d USING (plan_id, n)
"""
_MOVE_ON: Final = """
WITH billed AS (
    SELECT plan_id, max(n) + 1 AS n FROM billing_due GROUP BY plan_id
), spans AS (
    SELECT p.id, b.n, p.starts_on, p.ends_on, r.in_advance, r.lead_days,
        GREATEST(p.starts_on, CASE p.alignment
            WHEN 'ANCHOR' THEN (p.anchor_on + make_interval(months => b.n))::date
            ELSE (date_trunc('month', p.anchor_on) + make_interval(months => b.n))::date END)
            AS opens,
        LEAST(p.ends_on, CASE p.alignment
            WHEN 'ANCHOR' THEN (p.anchor_on + make_interval(months => b.n + 1))::date
            ELSE (date_trunc('month', p.anchor_on) + make_interval(months => b.n + 1))::date END)
            AS shuts
    FROM billed b JOIN billing_chargeplan p ON p.id = b.plan_id
    JOIN billing_product r ON r.code = p.product_id
)
UPDATE billing_chargeplan p SET next_period = s.n,
    next_bill_on = CASE WHEN s.opens < COALESCE(s.ends_on, 'infinity')
        THEN CASE WHEN s.in_advance THEN s.opens ELSE s.shuts END - s.lead_days END
FROM spans s WHERE p.id = s.id
"""
_RESOLVE: Final = """
UPDATE billing_billingexception x SET resolved_at = %(at)s, resolved_by_id = %(actor)s
FROM billing_due d WHERE d.plan_id = x.plan_id AND d.n = x.period AND x.resolved_at IS NULL
"""
_TABLES: Final = ("billing_due", "billing_piece", "billing_fault", "billing_part")


@verb
def run_bills(
    *, cut_off: date, actor: Actor, at: datetime, plan_id: UUID | None = None
) -> BillsRun:
    """Draft a bill for each period of a plan that may be billed on the cut-off day.

    A plan with a fault becomes a row in the exceptions and holds up nobody else. Running again
    drafts nothing twice. For one node and below, or for the whole tree as headquarters; with
    `plan_id` for that plan alone.
    """
    actor.must("billing.run_bills", actor.org_id)
    values: dict[str, Any] = {
        "cut_off": cut_off,
        "plan": plan_id,
        "at": at,
        "actor": actor.id,
        "closed": sorted(ledger.books_closed_in(month=cut_off, actor=actor)),
    }
    drafted = lines = 0
    total = ZERO
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('billing-run', 13))")
        cursor.execute(_DUE, values)
        cursor.execute("ANALYZE billing_due")
        cursor.execute(_PIECES)
        cursor.execute("ANALYZE billing_piece")
        cursor.execute(_FAULTS, values)
        cursor.execute(_SET_ASIDE, values)
        exceptions = cursor.rowcount
        cursor.execute(_KEEP)
        cursor.execute("ANALYZE billing_due")
        cursor.execute(_LINES, values)
        cursor.execute("ANALYZE billing_part")
        cursor.execute(_DRAFT, values)
        drafted = cursor.rowcount
        cursor.execute(_DRAFT_LINES)
        lines = cursor.rowcount
        cursor.execute("SELECT COALESCE(sum(gross_fen), 0) / 100.0 FROM billing_part")
        total = cursor.fetchone()[0].quantize(ZERO)
        cursor.execute(_MOVE_ON)
        cursor.execute(_RESOLVE, values)
        cursor.execute(f"DROP TABLE {', '.join(_TABLES)}")
    run_id = UUID(int=0)
    if drafted or exceptions:
        run_id = BillingRun.objects.create(
            org_id=actor.org_id or org.nodes(actor=actor)[0].id,
            cut_off=cut_off,
            at=at,
            drafted=drafted,
            lines=lines,
            total=total,
            exceptions=exceptions,
        ).id
    return BillsRun(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run_id,
        cut_off=cut_off,
        drafted=drafted,
        lines=lines,
        total=total,
        exceptions=exceptions,
    )


@verb
def issue_bills(
    *, actor: Actor, at: datetime, draft_hours: int = DRAFT_HOURS, plan_id: UUID | None = None
) -> BillsIssued:
    """Issue the drafts that are older than the draft window: number, entry, postings, balance.

    With `plan_id` the drafts of that plan alone, at once. Drafts of an organisation whose book is
    closed for this month stay drafts.
    """
    actor.must("billing.issue_bills", actor.org_id)
    on = local_day(at)
    issued = issue(
        which=("drafted_at <= %(before)s" if plan_id is None else "plan_id = %(plan)s")
        + " AND org_id <> ALL(%(closed)s)",
        values={
            "plan": plan_id,
            "before": at - timedelta(hours=draft_hours),
            "closed": sorted(ledger.books_closed_in(month=on, actor=actor)),
        },
        on=on,
    )
    return BillsIssued(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        bills=issued.bills,
        total=issued.total,
        entries=issued.entries,
        postings=issued.postings,
    )


@verb
def discard_drafts(*, bill_ids: Sequence[UUID], actor: Actor, at: datetime) -> DraftsDiscarded:
    """Drop drafts and let the next run draw them anew; an issued bill stays what it is."""
    drafts = Bill.objects.visible_to(actor).filter(
        id__in=list(bill_ids), state=BillState.DRAFT, plan__isnull=False
    )
    for org_id in sorted(set(drafts.values_list("org_id", flat=True))):
        actor.must("billing.discard_drafts", org_id)
    plan_ids = sorted(set(drafts.values_list("plan_id", flat=True)))
    list(ChargePlan.objects.filter(id__in=plan_ids).order_by("id").select_for_update())
    discarded = drafts.update(state=BillState.DISCARDED)
    with connection.cursor() as cursor:
        cursor.execute(_BACK, {"plans": plan_ids})
    return DraftsDiscarded(org_id=actor.org_id, actor_id=actor.id, at=at, bills=discarded)


# The first period without a bill comes next again; its predecessors' bills stand.
_BACK: Final = """
UPDATE billing_chargeplan p SET next_bill_on = first.period_from - r.lead_days,
    next_period = m.n - (p.alignment = 'ANCHOR'
        AND (p.anchor_on + make_interval(months => m.n))::date > first.period_from)::int
FROM (
    SELECT b.plan_id, min(b.period_from) AS period_from
    FROM billing_bill b WHERE b.plan_id = ANY(%(plans)s) AND b.state = 'DISCARDED' AND NOT EXISTS (
        SELECT FROM billing_bill o WHERE o.plan_id = b.plan_id AND o.state <> 'DISCARDED'
        AND o.kind = 'CHARGE' AND o.period_from = b.period_from)
    GROUP BY b.plan_id
) first
JOIN billing_chargeplan q ON q.id = first.plan_id JOIN billing_product r ON r.code = q.product_id
CROSS JOIN LATERAL (
    SELECT ((extract(year FROM first.period_from) - extract(year FROM q.anchor_on)) * 12
        + extract(month FROM first.period_from) - extract(month FROM q.anchor_on))::int AS n
) m
WHERE first.plan_id = p.id
"""
