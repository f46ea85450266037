"""Service, handbook and telemetry of the page benchmark's company, by set-based SQL."""

from typing import Final

from panshi.bench.company import NEW_ID, Company, Say, run
from panshi.handbook import content_command, content_files
from panshi.kit.tenancy import hq_actor
from panshi.org import queries as org
from panshi.service import services as service
from panshi.supply import queries as supply_queries
from panshi.supply import services as supply
from panshi.supply.events import StockLine

STOCKED: Final = 20


def write_work(company: Company, *, say: Say) -> None:
    """Catalogue, stock and handbook by their verbs; then engineers, orders, findings, runs."""
    hq = hq_actor(company.platform_id)
    content_command.bring_in(content_files.SHIPPED, at=company.at)
    service.load_catalogue(org_id=company.platform_id, actor=hq, at=company.at)
    _stock(company)
    say("handbook, catalogue and stock")
    values = {
        "operators": list(company.operators),
        "orders": company.size.work_orders,
        "findings": company.size.findings,
        "runs": company.size.runs,
    }
    for words, statement in _STATEMENTS:
        say(f"{run(company, statement, **values)} {words}")


def _stock(company: Company) -> None:
    """A station with twenty kinds of parts for each operator."""
    cities = {node.id: node.city for node in org.nodes(actor=hq_actor(company.platform_id))}
    items = supply_queries.items(actor=hq_actor(company.platform_id))[:STOCKED]
    lines = [StockLine(item_code=item.code, quantity=12) for item in items]
    for org_id in company.operators:
        actor = hq_actor(org_id)
        place = supply.open_location(
            org_id=org_id,
            kind="STATION",
            name="Station",
            city=cities[org_id],
            lon=120.1,
            lat=30.2,
            actor=actor,
            at=company.at,
        ).location_id
        supply.receive_stock(
            location_id=place, lines=lines, document="Bench", actor=actor, at=company.at
        )


_MOMENT: Final = "%(at)s - n * interval '30 months' / %(orders)s"
_USERS: Final = f"""
INSERT INTO org_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,
    is_active, date_joined, full_name, roles, language, must_use_second_factor, org_id)
SELECT {NEW_ID.format(at="%(at)s")}, '!', false, 'bench-engineer-' || o.id || '-' || n, '', '', '',
    false, true, %(at)s, 'Engineer ' || n, '{{ENGINEER}}', '', false, o.id
FROM org_orgnode o CROSS JOIN generate_series(1, 3) AS n WHERE o.id = ANY(%(operators)s)
"""
_ENGINEERS: Final = f"""
INSERT INTO people_engineer (id, org_id, user_id, city, lon, lat, state)
SELECT {NEW_ID.format(at="%(at)s")}, u.org_id, u.id, o.city, 120.1, 30.2, 'ACTIVE'
FROM org_user u JOIN org_orgnode o ON o.id = u.org_id WHERE u.username LIKE 'bench-engineer-%%'
"""
_SKILLS: Final = f"""
INSERT INTO people_skillgrant (id, org_id, engineer_id, skill, level, during)
SELECT {NEW_ID.format(at="%(at)s")}, org_id, id, s, 2, daterange(%(today)s, NULL)
FROM people_engineer CROSS JOIN unnest('{{GENERAL,HV,BODY}}'::text[]) AS s
"""
_SHIFTS: Final = f"""
INSERT INTO people_shift (id, org_id, engineer_id, lon, lat, period)
SELECT {NEW_ID.format(at="%(at)s")}, org_id, id, lon, lat, tstzrange(
    (%(today)s::date + d)::timestamptz - interval '1 hour',
    (%(today)s::date + d)::timestamptz + interval '11 hours')
FROM people_engineer CROSS JOIN generate_series(-7, 13) AS d
"""
_ORDERS: Final = f"""
INSERT INTO service_workorder (id, org_id, number, kind, state, customer_id, vehicle_id, city,
    address, lon, lat, high_voltage, total, fault_cause, diagnosis_note, outcome, steps_done,
    steps_required, steps_blocked, open_steps, opened_at, scheduled_at, arrived_at, done_at,
    readings, self_checked_at, self_checked_by_id, released_at, released_by_id, bill_number,
    closed_at)
WITH vehicles AS (
    SELECT v.*, row_number() OVER (ORDER BY v.vin) - 1 AS place FROM fleet_vehicle v
), orders AS (
    SELECT v.*, n, {_MOMENT} AS moment, n <= %(orders)s / 20 AS running
    FROM generate_series(1, %(orders)s) AS n
    JOIN vehicles v ON v.place = n * 7919::bigint %% (SELECT count(*) FROM fleet_vehicle)
)
SELECT {NEW_ID.format(at="moment")}, org_id, 'W' || to_char(moment, 'YYMM') || '-'
    || lpad(n::text, 7, '0'),
    (ARRAY['PLANNED', 'PLANNED', 'PLANNED', 'URGENT', 'RESCUE'])[1 + n %% 5],
    CASE WHEN running THEN (ARRAY['OPEN', 'SCHEDULED', 'IN_WORK', 'WAITING', 'QUOTED'])[1 + n %% 5]
        WHEN n %% 30 = 0 THEN 'CANCELLED' ELSE 'CLOSED' END,
    customer_id, id, city, city || '路 ' || n, 120.1, 30.2, n %% 9 = 0, n %% 900, '', '', '',
    5, 5, 0, '{{}}', moment, moment + interval '3 hours',
    CASE WHEN NOT running THEN moment + interval '1 day' END,
    CASE WHEN NOT running THEN moment + interval '26 hours' END, '{{}}',
    CASE WHEN NOT running THEN moment + interval '26 hours' END,
    CASE WHEN NOT running THEN gen_random_uuid() END,
    CASE WHEN NOT running THEN moment + interval '27 hours' END,
    CASE WHEN NOT running THEN gen_random_uuid() END, '',
    CASE WHEN NOT running THEN moment + interval '28 hours' END
FROM orders ORDER BY moment
"""
_ORDER_ITEMS: Final = """
INSERT INTO service_orderitem (id, org_id, order_id, item_code, minutes, vehicle_id, kind, is_open)
SELECT w.id, w.org_id, w.id, i.code, i.minutes, w.vehicle_id, w.kind,
    w.state NOT IN ('CLOSED', 'CANCELLED')
FROM service_workorder w JOIN (
    SELECT code, minutes, row_number() OVER (ORDER BY code) - 1 AS place FROM service_serviceitem
) i ON i.place = right(w.number, 7)::int %% (SELECT count(*) FROM service_serviceitem)
ON CONFLICT DO NOTHING
"""
# The last three hundredths are spread over a week around today, each with an engineer of its city.
_VISITS: Final = f"""
INSERT INTO service_visit (id, org_id, customer_id, city, day, lon, lat, minutes, crew, engineer_id,
    window_start, window_end, starts_at, ends_at, state, end_reason, order_id)
WITH crews AS (
    SELECT org_id, array_agg(user_id ORDER BY user_id) AS ids FROM people_engineer GROUP BY org_id
), visits AS (
    SELECT w.*, right(w.number, 7)::int AS n, c.ids,
        CASE WHEN w.state IN ('CLOSED', 'CANCELLED') THEN w.arrived_at
            ELSE %(today)s::timestamptz + (right(w.number, 7)::int %% 7 - 2) * interval '1 day'
                + (right(w.number, 7)::int %% 9) * interval '1 hour' END AS starts
    FROM service_workorder w JOIN crews c ON c.org_id = w.org_id WHERE w.state <> 'OPEN'
)
SELECT {NEW_ID.format(at="starts")}, org_id, customer_id, city,
    (starts AT TIME ZONE 'Asia/Shanghai')::date, lon, lat, 60, 1,
    ids[1 + n %% cardinality(ids)], starts, starts + interval '2 hours', starts,
    starts + interval '1 hour',
    CASE state WHEN 'CLOSED' THEN 'DONE' WHEN 'CANCELLED' THEN 'CANCELLED' ELSE 'PROMISED' END,
    '', id
FROM visits
"""
_FINDINGS: Final = f"""
INSERT INTO diagnosis_finding (id, org_id, vehicle_id, rule, "group", location, severity,
    sent_level, state, first_at, raised_at, last_at, times, evidence)
WITH vehicles AS (
    SELECT id, org_id, row_number() OVER (ORDER BY vin) - 1 AS place FROM fleet_vehicle
)
SELECT {NEW_ID.format(at="m.moment")}, v.org_id, v.id, 
    (ARRAY['INSULATION_LOW', 'PACK_TEMPERATURE', 'DRIVE_TEMPERATURE', 'PACK_VOLTAGE'])[1 + n %% 4],
    (ARRAY['insulation', 'thermal', 'thermal', 'voltage'])[1 + n %% 4], n::text, 1 + n %% 4, 1,
    CASE WHEN n %% 3 = 0 THEN (ARRAY['OPEN', 'ACKNOWLEDGED', 'PLANNED'])[1 + n %% 7 %% 3]
        ELSE 'CLOSED' END, m.moment, m.moment, m.moment + interval '1 hour', 2, '{{}}'
FROM generate_series(1, %(findings)s) AS n
CROSS JOIN LATERAL (SELECT %(at)s - n * interval '200 days' / %(findings)s AS moment) m
JOIN vehicles v ON v.place = n * 7919::bigint %% (SELECT count(*) FROM fleet_vehicle)
"""
_RUNS: Final = f"""
INSERT INTO handbook_run (id, org_id, city, subject_type, subject_id, fact_name, fact,
    occurrence_key, by_hand, reason, owner_role, roles, state, started_at, take_by, due_at,
    taken_at, closed_at, closed_by_fact_id, listens, next_rung, round, steps_due, steps_done,
    evidence_due, evidence_valid, job_required, job_done, edition_id, node_id, revision_id,
    params, beside_job)
WITH texts AS (
    SELECT i.edition_id, i.node_id, i.revision_id, d.owner_role, row_number() OVER (ORDER BY d.slug)
        - 1 AS place, count(*) OVER () AS texts
    FROM handbook_editionitem i JOIN handbook_edition e ON e.id = i.edition_id
    JOIN handbook_node d ON d.id = i.node_id WHERE e.state = 'RELEASED' AND d.owner_role <> ''
), vehicles AS (
    SELECT id, org_id, city, row_number() OVER (ORDER BY vin) - 1 AS place FROM fleet_vehicle
)
SELECT {NEW_ID.format(at="m.moment")}, v.org_id, v.city, 'fleet.Vehicle', v.id::text, '', '{{}}',
    'bench:' || n, false, '', t.owner_role, ARRAY[t.owner_role],
    CASE WHEN n %% 4 > 0 THEN 'CLOSED' WHEN n %% 8 = 0 THEN 'WAITING' ELSE 'TAKEN' END,
    m.moment, m.moment + interval '4 hours', m.moment + interval '2 days',
    CASE WHEN n %% 8 > 0 THEN m.moment + interval '1 hour' END,
    CASE WHEN n %% 4 > 0 THEN m.moment + interval '1 day' END,
    CASE WHEN n %% 4 > 0 THEN gen_random_uuid() END, '{{}}', 0, 0, 5,
    CASE WHEN n %% 4 > 0 THEN 5 ELSE 2 END, 2, 1, 0, 0, t.edition_id, t.node_id, t.revision_id,
    '{{}}', false
FROM generate_series(1, %(runs)s) AS n
CROSS JOIN LATERAL (SELECT %(at)s - n * interval '120 days' / %(runs)s AS moment) m
JOIN vehicles v ON v.place = n * 7919::bigint %% (SELECT count(*) FROM fleet_vehicle)
JOIN texts t ON t.place = n %% t.texts
"""
_DEVICES: Final = f"""
INSERT INTO telematics_device (id, org_id, protocol, identity, iccid, terminal_id, code_generation,
    state, first_report_at)
SELECT {NEW_ID.format(at="created_at")}, org_id, 'GB32960', vin, '', '', 1, 'ACTIVE', %(at)s
FROM fleet_vehicle
"""
_FITTINGS: Final = f"""
INSERT INTO telematics_fitting (id, org_id, device_id, vehicle_id, slot, during)
SELECT {NEW_ID.format(at="d.created_at")}, d.org_id, d.id, v.id, 'GB', tstzrange(NULL, NULL)
FROM telematics_device d JOIN fleet_vehicle v ON v.vin = d.identity
"""
_LIVE: Final = """
INSERT INTO telematics_livestate (id, org_id, customer_id, vehicle_id, vin, series, gateway,
    received_at, offline_told, place_at, place_position, lon_e6, lat_e6, motion_at, motion_position,
    speed_tenths, energy_at, energy_position, soc_pct, odometer_at, odometer_position,
    odometer_tenths)
SELECT id, org_id, customer_id, id, vin, place, 1, moment, 0, moment, place,
    118000000 + place * 7919 %% 4000000, 28000000 + place * 104729 %% 4000000, moment, place,
    place %% 3 * 200, moment, place, 20 + place %% 80, moment, place, 100000 + place
FROM (
    SELECT v.*, row_number() OVER (ORDER BY vin) AS place,
        %(at)s - CASE WHEN ascii(right(vin, 1)) %% 5 = 0 THEN interval '3 hours'
            ELSE interval '20 seconds' END AS moment
    FROM fleet_vehicle v
) v
"""
_ALARMS: Final = f"""
INSERT INTO telematics_alarmepisode (id, org_id, vehicle_id, source, code, bit, level, opened_at,
    closed_at)
SELECT {NEW_ID.format(at="f.first_at")}, f.org_id, f.vehicle_id, 'GB', f.rule || f.location, 1, 2,
    f.first_at, CASE WHEN f.state = 'CLOSED' THEN f.last_at END
FROM diagnosis_finding f
"""
_DAYS: Final = f"""
INSERT INTO cockpit_indicatorday (id, org_id, city, day, indicator, part, numerator, denominator)
SELECT {NEW_ID.format(at="d::timestamptz")}, o.id, o.city, d::date, i.code, i.part, i.numerator,
    i.denominator
FROM org_orgnode o
CROSS JOIN generate_series(%(today)s::date - 120, %(today)s::date - 1, interval '1 day') AS d
CROSS JOIN (VALUES ('UTILISATION', 'VEHICLES', 120, 136), ('IDLE_DAYS', 'VEHICLES', 12, 136),
    ('SATISFACTION', '', 14, 3), ('COMPLAINTS', 'COMPLAINTS', 1, 0), ('COMPLAINTS', 'ORDERS', 0, 6),
    ('SERVICE_TIME', '', 400, 6), ('COMPLETION', '', 6, 6)
) AS i(code, part, numerator, denominator)
WHERE o.id = ANY(%(operators)s)
"""
_COMPLAINTS: Final = f"""
INSERT INTO crm_complaint (id, org_id, customer_id, subject, text, source_kind, state, filed_by_id,
    filed_at, due_at, answer, answered_at, answered_by_id, closed_at)
SELECT {NEW_ID.format(at="%(at)s")}, org_id, id, 'SERVICE', 'Late', '',
    CASE WHEN n %% 100 = 0 THEN 'OPEN' ELSE 'CLOSED' END, gen_random_uuid(),
    %(at)s - n %% 400 * interval '1 day', %(at)s - (n %% 400 - 3) * interval '1 day', 
    CASE WHEN n %% 100 > 0 THEN 'Sorry' ELSE '' END, CASE WHEN n %% 100 > 0 THEN %(at)s END,
    CASE WHEN n %% 100 > 0 THEN gen_random_uuid() END, CASE WHEN n %% 100 > 0 THEN %(at)s END
FROM (SELECT c.*, row_number() OVER (ORDER BY name) AS n FROM crm_customer c) c WHERE n %% 10 = 0
"""
_NONCONFORMITIES: Final = f"""
INSERT INTO quality_nonconformity (id, org_id, number, source_kind, source_id, node_slug, city,
    grade, words, state, opened_at, cause, correction, closed_at, closed_by_id)
SELECT {NEW_ID.format(at="w.opened_at")}, w.org_id, 'N' || w.number, 'WORK_ORDER', w.id, '', w.city,
    'MINOR', 'A reading is missing.', CASE WHEN n %% 4 = 0 THEN 'OPEN' ELSE 'CLOSED' END,
    w.opened_at, 'Haste', 'Taken again', CASE WHEN n %% 4 > 0 THEN w.closed_at END, NULL
FROM (SELECT *, right(number, 7)::int / 30 AS n FROM service_workorder
    WHERE state = 'CLOSED' AND right(number, 7)::int %% 30 = 1) w
"""
_STATEMENTS: Final = (
    ("people", _USERS),
    ("engineers", _ENGINEERS),
    ("skills", _SKILLS),
    ("shifts", _SHIFTS),
    ("work orders", _ORDERS),
    ("services of orders", _ORDER_ITEMS),
    ("visits", _VISITS),
    ("findings", _FINDINGS),
    ("handbook runs", _RUNS),
    ("terminals", _DEVICES),
    ("fittings", _FITTINGS),
    ("live states", _LIVE),
    ("alarms", _ALARMS),
    ("counted days", _DAYS),
    ("complaints", _COMPLAINTS),
    ("nonconformities", _NONCONFORMITIES),
)
