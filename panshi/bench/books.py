"""Leases of the page benchmark's company and 33 months of its money, as the runs would leave it.

Set-based SQL. Shorter than life in two places: a payment and its allocation share one entry, and
revenue is posted once a period instead of once a month of it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

from django.db import connection

from panshi.bench.company import NEW_ID, Company, Say, run
from panshi.kit.clock import add_months
from panshi.kit.tenancy import acting, hq_actor


def write_leases(company: Company, *, say: Say) -> None:
    """Leases with their segments, handovers and plans; their vehicles are on the road."""
    for words, statement in _LEASES:
        say(f"{run(company, statement)} {words}")


def write_books(company: Company, *, say: Say, shards: int) -> None:
    """Bills, payments and entries month by month.

    `shards` threads share the operators among them, each on a connection of its own.
    """
    if shards == 1:
        for month in _months(company):
            _bill(company, month, 1, 0)
            say(f"bills of {month:%Y-%m}")
        return
    with ThreadPoolExecutor(shards) as pool:
        for month in _months(company):
            jobs = [pool.submit(_bill, company, month, shards, n) for n in range(shards)]
            for job in jobs:
                job.result()
            say(f"bills of {month:%Y-%m}")
        for _ in range(shards):
            pool.submit(connection.close)


def _months(company: Company) -> Iterator[date]:
    month = company.first_month
    while month <= company.today:
        yield month
        month = add_months(month, 1)


def _bill(company: Company, month: date, shards: int, shard: int) -> None:
    values: dict[str, Any] = {
        "at": company.at,
        "today": company.today,
        "month": month,
        "next": add_months(month, 1),
        "shards": shards,
        "shard": shard,
    }
    with acting(hq_actor(company.platform_id)), connection.cursor() as cursor:
        for statement in _MONTH:
            cursor.execute(statement, values)


# A vehicle's second lease follows its first; every tenth vehicle stands idle after its first.
_LEASE: Final = f"""
INSERT INTO leasing_lease (id, created_at, org_id, customer_id, number, product_code, state,
    monthly_rent, deposit, starts_on, months, ends_on, city, signed_at, deposit_held_at,
    active_from, returned_at, plan_id)
WITH vehicles AS (
    SELECT v.*, row_number() OVER (ORDER BY v.vin) AS n,
        row_number() OVER (PARTITION BY v.org_id ORDER BY v.vin) AS place
    FROM fleet_vehicle v
), people AS (
    SELECT org_id, array_agg(id ORDER BY name) AS ids FROM crm_customer GROUP BY org_id
), spans AS (
    SELECT v.*, s.turn, s.months,
        (%(first)s::date + (v.n %% 28)::int + make_interval(months => s.after))::date AS starts_on,
        p.ids[1 + (v.place * 7 + s.turn) %% cardinality(p.ids)] AS payer_id
    FROM vehicles v JOIN people p ON p.org_id = v.org_id
    CROSS JOIN LATERAL (VALUES
        (1, 0, (1 + v.n %% (%(months)s - 1))::int),
        (2, (1 + v.n %% (%(months)s - 1))::int, 36)
    ) AS s(turn, after, months)
    WHERE s.turn = 1 OR v.n %% 10 > 0
)
SELECT {NEW_ID.format(at="s.starts_on::timestamptz")}, s.starts_on, s.org_id, s.payer_id,
    'L' || to_char(s.starts_on, 'YYYY') || '-' || lpad((s.place * 2 + s.turn)::text, 6, '0'),
    'RENT_MONTHLY', CASE WHEN s.turn = 1 THEN 'ENDED' WHEN s.n %% 40 = 1 THEN 'RETURNING'
        ELSE 'ACTIVE' END,
    1980 + s.n %% 60 * 50, 5000, s.starts_on, s.months,
    (s.starts_on + make_interval(months => s.months))::date, s.city, s.starts_on, s.starts_on,
    s.starts_on, CASE WHEN s.turn = 1 THEN s.starts_on + make_interval(months => s.months) END,
    gen_random_uuid()
FROM spans s
"""
_VEHICLE_OF: Final = """
WITH vehicles AS (
    SELECT id AS vehicle_id, org_id,
        row_number() OVER (PARTITION BY org_id ORDER BY vin) AS place
    FROM fleet_vehicle
), held AS (
    SELECT l.*, v.vehicle_id FROM leasing_lease l
    JOIN vehicles v ON v.org_id = l.org_id AND v.place = right(l.number, 6)::int / 2
        - CASE WHEN right(l.number, 6)::int %% 2 = 0 THEN 1 ELSE 0 END
)
"""
_SEGMENT: Final = f"""
INSERT INTO leasing_segment (id, created_at, org_id, lease_id, customer_id, vehicle_id, state,
    planned, held)
{_VEHICLE_OF}
SELECT {NEW_ID.format(at="starts_on::timestamptz")}, starts_on, org_id, id, customer_id, vehicle_id,
    CASE state WHEN 'ENDED' THEN 'BACK' ELSE 'OUT' END, tstzrange(starts_on, ends_on),
    tstzrange(active_from, returned_at)
FROM held
"""
_HANDOVER: Final = f"""
INSERT INTO leasing_handover (id, org_id, segment_id, kind, odometer_km, soc_pct, checklist,
    photo_ids, signed_by, by_id, completed_at)
SELECT {NEW_ID.format(at="s.created_at")}, s.org_id, s.id, k.kind, 1000, 90,
    '{{"BODY": "YES", "TYRES": "YES"}}', '[]', 'Bench', gen_random_uuid(), k.at
FROM leasing_segment s CROSS JOIN LATERAL (VALUES ('OUT', lower(s.held)), ('IN', upper(s.held)))
    AS k(kind, at)
WHERE k.at IS NOT NULL
"""
_DEPLOY: Final = """
INSERT INTO fleet_vehicleevent (org_id, vehicle_id, from_state, to_state, reason, actor_id, at)
SELECT org_id, vehicle_id, 'READY', 'LEASED', '', gen_random_uuid(), lower(held)
FROM leasing_segment WHERE state = 'OUT'
"""
_ON_THE_ROAD: Final = """
UPDATE fleet_vehicle v
SET state = 'LEASED', state_since = lower(s.held), customer_id = s.customer_id
FROM leasing_segment s WHERE s.vehicle_id = v.id AND s.state = 'OUT'
"""
_BOTH: Final = f"""
WITH deployed AS ({_DEPLOY}) {_ON_THE_ROAD}
"""
_PLAN: Final = """
INSERT INTO billing_chargeplan (id, created_at, org_id, product_id, payer_id, source_kind,
    source_id, anchor_on, alignment, basis, starts_on, ends_on, city, next_period, next_bill_on)
SELECT plan_id, starts_on, org_id, product_code, customer_id, 'leasing.Lease', id, starts_on,
    'ANCHOR', 'ACTUAL', starts_on, ends_on, city,
    LEAST(months, extract(year FROM age(%(today)s, starts_on)) * 12
        + extract(month FROM age(%(today)s, starts_on)) + 1),
    CASE WHEN state <> 'ENDED' THEN (starts_on + make_interval(months => (
        extract(year FROM age(%(today)s, starts_on)) * 12
        + extract(month FROM age(%(today)s, starts_on)) + 1)::int))::date END
FROM leasing_lease
"""
_PLAN_PRICE: Final = f"""
INSERT INTO billing_planprice (id, org_id, plan_id, starts_on, price)
SELECT {NEW_ID.format(at="starts_on::timestamptz")}, org_id, plan_id, starts_on, monthly_rent
FROM leasing_lease
"""
_PLAN_VEHICLE: Final = f"""
INSERT INTO billing_planvehicle (id, org_id, plan_id, starts_on, vehicle_id)
{_VEHICLE_OF}
SELECT {NEW_ID.format(at="starts_on::timestamptz")}, org_id, plan_id, starts_on, vehicle_id
FROM held
"""
_LEASES: Final = (
    ("leases", _LEASE),
    ("segments", _SEGMENT),
    ("handovers", _HANDOVER),
    ("vehicles on the road", _BOTH),
    ("charge plans", _PLAN),
    ("prices", _PLAN_PRICE),
    ("vehicles of plans", _PLAN_VEHICLE),
)

# Rents and deposits that fall due in a month. One in 150 stays open for good, one in twelve of the
# last two months; what fell due yesterday or today is still a draft.
_DUE: Final = f"""
CREATE TEMP TABLE bench_due AS
WITH due AS (
    SELECT l.id AS lease_id, l.plan_id, l.org_id, l.customer_id, l.city, l.monthly_rent AS total,
        v.vehicle_id, 'CHARGE' AS kind, 'RENT_MONTHLY' AS product, d.due_on,
        (d.due_on + interval '1 month')::date AS until
    FROM leasing_lease l JOIN billing_planvehicle v ON v.plan_id = l.plan_id
    CROSS JOIN LATERAL (
        SELECT (%(month)s::date + extract(day FROM l.starts_on)::int - 1) AS due_on
    ) d
    WHERE d.due_on >= l.starts_on AND d.due_on < l.ends_on AND d.due_on <= %(today)s
        AND l.org_id %% %(shards)s = %(shard)s
    UNION ALL
    SELECT l.id, NULL, l.org_id, l.customer_id, l.city, l.deposit, v.vehicle_id, 'DEPOSIT',
        'DEPOSIT', l.starts_on, NULL
    FROM leasing_lease l JOIN billing_planvehicle v ON v.plan_id = l.plan_id
    WHERE l.starts_on >= %(month)s AND l.starts_on < %(next)s
        AND l.org_id %% %(shards)s = %(shard)s
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY org_id ORDER BY due_on, lease_id, kind) AS place,
        due_on::timestamptz + interval '4 hours' AS at,
        hashtext(lease_id::text || due_on) & 1048575 AS chance
    FROM due
)
SELECT *, {NEW_ID.format(at="at")} AS bill_id, {NEW_ID.format(at="at")} AS payment_id,
    'B' || to_char(due_on, 'YYYYMM') || '-' || lpad(place::text, 5, '0') AS number,
    CASE kind WHEN 'CHARGE' THEN round(total - total / 1.13, 2) ELSE 0 END AS vat,
    due_on > %(today)s::date - 2 AND kind = 'CHARGE' AS draft,
    kind = 'CHARGE' AND (chance %% 150 = 0 OR due_on > %(today)s::date - 60 AND chance %% 12 = 0
        OR due_on > %(today)s::date - 2) AS unpaid,
    LEAST(due_on + (chance %% 6)::int, %(today)s::date) AS paid_on
FROM numbered
"""
_BILL: Final = """
INSERT INTO billing_bill (id, created_at, org_id, kind, state, customer_id, vehicle_id, source_kind,
    source_id, period_from, period_to, sequence, due_on, total, city, drafted_at, reason, plan_id)
SELECT bill_id, at, org_id, kind, 'DRAFT', customer_id, vehicle_id, 'leasing.Lease', lease_id,
    CASE kind WHEN 'CHARGE' THEN due_on END, until, 0, due_on, total, city, at, '', plan_id
FROM bench_due ORDER BY due_on
"""
_LINE: Final = f"""
INSERT INTO billing_billline (id, created_at, org_id, bill_id, position, customer_id, words,
    product_id, vehicle_id, service_from, service_to, quantity, unit_price, relieved, gross,
    vat_code, vat_rate, vat, net)
SELECT {NEW_ID.format(at="at")}, at, org_id, bill_id, 1, customer_id, '', product, vehicle_id,
    CASE kind WHEN 'CHARGE' THEN due_on END, until, 1, total, 0, total,
    CASE kind WHEN 'CHARGE' THEN 'LEASING_13' ELSE 'NONE' END,
    CASE kind WHEN 'CHARGE' THEN 0.13 ELSE 0 END, vat, total - vat
FROM bench_due ORDER BY due_on
"""
_ISSUE: Final = """
UPDATE billing_bill b SET state = 'ISSUED', number = d.number, issued_on = d.due_on
FROM bench_due d WHERE d.bill_id = b.id AND NOT d.draft
"""
_BALANCE: Final = """
INSERT INTO billing_billbalance (bill_id, org_id, kind, customer_id, vehicle_id, source_kind,
    source_id, city, due_on, total, open_amount, settled_on)
SELECT bill_id, org_id, kind, customer_id, vehicle_id, 'leasing.Lease', lease_id, city, due_on,
    total, CASE WHEN unpaid THEN total ELSE 0 END, CASE WHEN NOT unpaid THEN paid_on END
FROM bench_due WHERE NOT draft ORDER BY due_on
"""
_PAYMENT: Final = """
INSERT INTO billing_payment (id, created_at, org_id, channel, merchant_no, customer_id, amount,
    allocated, state, started_at, received_at)
SELECT payment_id, paid_on, org_id, CASE chance %% 3 WHEN 0 THEN 'BANK' WHEN 1 THEN 'WECHAT'
        ELSE 'ALIPAY' END,
    'P' || org_id || number || kind, customer_id, total, total, 'SUCCEEDED', paid_on, paid_on
FROM bench_due WHERE NOT unpaid ORDER BY due_on
"""
_ALLOCATION: Final = f"""
INSERT INTO billing_allocation (id, created_at, org_id, customer_id, amount, "on", bill_id,
    payment_id)
SELECT {NEW_ID.format(at="at")}, paid_on, org_id, customer_id, total, paid_on, bill_id, payment_id
FROM bench_due WHERE NOT unpaid ORDER BY due_on
"""
_DEPOSIT: Final = f"""
INSERT INTO billing_deposit (id, created_at, org_id, source_kind, source_id, customer_id,
    vehicle_id, channel, amount, held, reserved, applied, returned, state, bill_id)
SELECT {NEW_ID.format(at="at")}, at, d.org_id, 'leasing.Lease', lease_id, d.customer_id, vehicle_id,
    'BANK', total, CASE l.state WHEN 'ENDED' THEN 0 ELSE total END, 0, 0,
    CASE l.state WHEN 'ENDED' THEN total ELSE 0 END,
    CASE l.state WHEN 'ENDED' THEN 'RETURNED' ELSE 'HELD' END, bill_id
FROM bench_due d JOIN leasing_lease l ON l.id = d.lease_id WHERE d.kind = 'DEPOSIT'
"""
_LEGS: Final = f"""
CREATE TEMP TABLE bench_leg AS
WITH entries AS (
    SELECT {NEW_ID.format(at="at")} AS id, CASE kind WHEN 'CHARGE' THEN 'BILL_ISSUED'
            ELSE 'DEPOSIT_DEMANDED' END AS entry_kind,
        'billing.Bill' AS source_kind, bill_id AS source_id, due_on AS day, d.*
    FROM bench_due d WHERE NOT draft
    UNION ALL
    SELECT {NEW_ID.format(at="at")}, 'PAYMENT_ALLOCATED', 'billing.Payment', payment_id, paid_on,
        d.*
    FROM bench_due d WHERE NOT unpaid
    UNION ALL
    SELECT {NEW_ID.format(at="at")}, 'REVENUE_RECOGNISED', 'billing.Bill', bill_id, until - 1, d.*
    FROM bench_due d WHERE kind = 'CHARGE' AND until <= date_trunc('month', %(today)s::date)
)
SELECT e.id, e.org_id, e.entry_kind, e.source_kind, e.source_id, e.day, e.vehicle_id,
    e.customer_id, e.city, v.leg, v.account, v.amount
FROM entries e CROSS JOIN LATERAL (VALUES
    ('BILL_ISSUED', 1, '1122', e.total), ('BILL_ISSUED', 2, '2205', e.vat - e.total),
    ('BILL_ISSUED', 3, '2221.01', -e.vat),
    ('DEPOSIT_DEMANDED', 1, '1122.02', e.total), ('DEPOSIT_DEMANDED', 2, '2241.02', -e.total),
    ('PAYMENT_ALLOCATED', 1, '1002', e.total),
    ('PAYMENT_ALLOCATED', 2, CASE e.kind WHEN 'CHARGE' THEN '1122' ELSE '1122.02' END, -e.total),
    ('REVENUE_RECOGNISED', 1, '2205', e.total - e.vat),
    ('REVENUE_RECOGNISED', 2, '6001.rental', e.vat - e.total)
) AS v(kind, leg, account, amount) WHERE v.kind = e.entry_kind
"""
_ENTRY: Final = """
INSERT INTO ledger_entry (id, created_at, org_id, kind, source_kind, source_id, occurred_on, legs)
SELECT id, day, org_id, entry_kind, source_kind, source_id, day, count(*) FROM bench_leg
GROUP BY id, day, org_id, entry_kind, source_kind, source_id ORDER BY day
"""
_POSTING: Final = """
INSERT INTO ledger_posting (entry_id, leg, org_id, occurred_on, account_id, amount, vehicle_id,
    customer_id, city)
SELECT id, leg, org_id, day, account, amount, vehicle_id, customer_id, city FROM bench_leg
ORDER BY day
"""
_MONTH: Final = (
    _DUE, _BILL, _LINE, _ISSUE, _BALANCE, _PAYMENT, _ALLOCATION, _DEPOSIT, _LEGS, _ENTRY, _POSTING,
    "DROP TABLE bench_due, bench_leg",
)  # fmt: skip
