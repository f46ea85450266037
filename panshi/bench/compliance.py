"""What falls due for a whole fleet: one statement beside one vehicle at a time, in the same run.

Everything happens in one transaction that is rolled back, so a database in use keeps nothing of it.
"""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction

from panshi.bench.billing import bench_books
from panshi.bench.company import vin
from panshi.bench.machine import machine
from panshi.fleet import services
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import acting, hq_actor, lineage
from panshi.org import services as org_services

SAMPLE: Final = 1000
VEHICLES_A_BOOK: Final = 150
AT: Final = datetime(2027, 5, 31, 4, tzinfo=UTC)
TODAY: Final = date(2027, 5, 31)
MODEL: Final = "BENCH"
PEOPLE: Final = ("OPERATIONS", "DECISION_MAKER")
KINDS: Final = ("INSPECTION", "COMPULSORY_INSURANCE", "COMMERCIAL_INSURANCE", "ROAD_PERMIT")

_VEHICLES: Final = """
INSERT INTO fleet_vehicle (id, org_id, vin, plate, plate_class, use, model_id, model_code,
    model_name, vehicle_class, battery_kwh, state, state_since, city, parking, odometer_km,
    awaits_lease, needs_check, motor_no, pack_no, funding, first_registered_on, serviced_on,
    serviced_km)
SELECT gen_random_uuid(), (%(books)s::int[])[1 + n %% cardinality(%(books)s::int[])], w.vin, '',
    '', 'LEASE', m.id, m.code, m.name, m.vehicle_class, m.battery_kwh, 'PROCURED', %(at)s, '杭州',
    '', n %% 40000, false, false, '', '', '', %(today)s::date - (n %% 4000)::int,
    %(today)s::date - 200, n %% 40000 - n %% 10000
FROM unnest(%(vins)s::text[]) WITH ORDINALITY AS w (vin, n)
CROSS JOIN (SELECT * FROM fleet_vehiclemodel WHERE code = 'BENCH') m
"""
_EVENTS: Final = """
INSERT INTO fleet_vehicleevent (org_id, vehicle_id, to_state, reason, actor_id, at)
SELECT org_id, id, state, '', gen_random_uuid(), %(at)s FROM fleet_vehicle
WHERE model_code = 'BENCH'
"""
_PAPERS: Final = """
INSERT INTO fleet_document (id, org_id, vehicle_id, kind, version, number, expires_on, sha256,
    current, filed_by_id, filed_at)
SELECT gen_random_uuid(), v.org_id, v.id, k.kind, 1, '',
    %(today)s::date + (abs(hashtext(v.vin || k.kind)) %% 365) - 3, '', true, gen_random_uuid(),
    %(at)s
FROM fleet_vehicle v CROSS JOIN unnest(%(kinds)s::text[]) AS k (kind)
WHERE v.model_code = 'BENCH'
"""


def measure_compliance(vehicles: int) -> dict[str, object]:
    """Compute what is due of `vehicles` vehicles with four papers each, and tell who is to know.

    `ours.compute_s` holds the items, the notices, the messages and the facts; `rerun_s` the same
    day again. The baseline `row_loop` does it one vehicle at a time through the ORM for at most
    1,000 of them, without notices, and is scaled up to `vehicles`. Raises LookupError without a
    platform node.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            books = _books(vehicles)
            _fill(books, vehicles)
            sample = min(vehicles, SAMPLE)
            with transaction.atomic():
                loop_s = _row_loop(sample)
                transaction.set_rollback(True)
            ours = _set_based()
        transaction.set_rollback(True)  # After the actor's context, which still asks something.
    scaled_s = loop_s * vehicles / sample
    return {
        "bench": "compliance",
        "machine": machine(),
        "ours": {**ours, "vehicles": vehicles, "books": len(books)},
        "baseline": {
            "row_loop": {
                "compute_s": scaled_s, "sample": sample, "sample_s": loop_s, "scaled": True,
            }
        },
        "ratio": {"row_loop.compute_s": scaled_s / max(ours["compute_s"], 1e-9)},
    }  # fmt: skip


def _books(vehicles: int) -> list[int]:
    """Operators for this run, each with a clerk and a lead, below a staffed region."""
    actor = hq_actor()
    books = bench_books(max(vehicles // VEHICLES_A_BOOK, 1))
    _operator, region, root = lineage(books[0])
    mark = uuid7().hex[-8:]
    services.publish_vehicle_model(
        org_id=root,
        code=MODEL,
        maker="青原",
        name=mark,
        vehicle_class="VAN",
        battery_kwh=Decimal("41.86"),
        gvw_kg=2510,
        range_km=265,
        service_km=10_000,
        actor=actor,
        at=AT,
    )
    for node in [*books, region]:
        for role in PEOPLE:
            org_services.create_user(
                org_id=node,
                username=f"{mark}-{node}-{role}",
                full_name="王芳",
                roles=[role],
                password=None,
                actor=actor,
                at=AT,
            )
    return books


def _fill(books: list[int], count: int) -> None:
    given: dict[str, Any] = {
        "books": books,
        "at": AT - timedelta(days=200),
        "today": TODAY,
        # Unlike those of a company that the same database may hold.
        "vins": [vin(number, maker="11111111011") for number in range(count)],
        "kinds": list(KINDS),
    }
    with connection.cursor() as cursor:
        for statement in (_VEHICLES, _EVENTS, _PAPERS):
            cursor.execute(statement, given)
        for table in ("vehicle", "document", "dueitem", "duenotice"):
            cursor.execute(f"ANALYZE fleet_{table}")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _set_based() -> dict[str, Any]:
    start = time.perf_counter()
    fact = services.compute_due_items(actor=hq_actor(), at=AT)
    done = time.perf_counter()
    again = services.compute_due_items(actor=hq_actor(), at=AT)
    rerun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM fleet_duenotice")
        (notices,) = cursor.fetchone()
    return {
        "compute_s": done - start,
        "rerun_s": rerun - done,
        "items": fact.items,
        "notices": notices,
        "messages": fact.messages,
        "rerun_items": again.items,
    }


def _row_loop(count: int) -> float:
    """One vehicle at a time through the ORM: what a loop over the register would do."""
    model: Any = apps.get_model
    vehicles = list(model("fleet", "Vehicle").objects.filter(model_code=MODEL)[:count])
    start = time.perf_counter()
    rules = {rule.kind: rule for rule in model("fleet", "ComplianceRule").objects.all()}
    for vehicle in vehicles:
        papers = model("fleet", "Document").objects.filter(vehicle=vehicle, current=True)
        for paper in papers:
            rule = rules[paper.kind]
            left = (paper.expires_on - TODAY).days
            reached = [rung for rung in rule.rungs if left <= rung]
            if reached:
                model("fleet", "DueItem").objects.update_or_create(
                    vehicle=vehicle,
                    kind=paper.kind,
                    state="OPEN",
                    defaults={
                        "org_id": vehicle.org_id,
                        "rule": rule,
                        "due_on": paper.expires_on,
                        "rung": min(reached),
                        "reminded_at": AT,
                    },
                )
    return time.perf_counter() - start
