"""Rivals for one vehicle: ours beside the constraint without its lock, and beside a mere look.

Each round asks at one moment, from as many threads and connections as there are rivals, for the
same vehicle and the same days. `overlaps` counts pairs of promises that stand at once.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db import DatabaseError, connection, connections
from psycopg import errors
from psycopg.types.range import TimestamptzRange

from panshi.bench import company
from panshi.bench.billing import bench_books
from panshi.bench.machine import machine
from panshi.crm import services as crm
from panshi.crm.services import NewCustomer
from panshi.fleet import services as fleet
from panshi.fleet.services import NewVehicle
from panshi.kit.clock import add_months, day_start
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, system_actor
from panshi.leasing import services as leasing

RIVALS: Final = 16
ROUNDS: Final = 25
AT: Final = datetime(2027, 3, 1, 4, tzinfo=UTC)
START: Final = AT.date()
SPAN: Final = TimestamptzRange(day_start(START), day_start(add_months(START, 12)))


def measure_lease_race(*, rivals: int = RIVALS, rounds: int = ROUNDS) -> dict[str, object]:
    """Let `rivals` draft a lease of one vehicle at once, again and again with new vehicles.

    `ours` is the verb itself. The baseline `no_lock` writes the same rows against the same
    constraint without the vehicle's lock; `look_first` looks for a promise, then writes one that no
    constraint guards. Needs a database of its own: what is written stays. Raises LookupError
    without a platform node.

    `cpu_ms` is what one rival costs this process. All rivals share one interpreter, so the last of
    them cannot be through before `floor_ms`, even if none ever waited for another; processes of a
    server have no such floor. A round before the clock runs fills caches.
    """
    with acting(hq_actor()):
        (org_id,) = bench_books(1)
        by = system_actor(org_id)
        customer_id = new_customer(org_id, by)
        vehicle_ids = new_vehicles(org_id, (rounds + 1) * 3, by)
    with _room_for(rivals + 2), ThreadPoolExecutor(rivals) as pool:
        _warm(pool, rivals)
        deeds = (
            _by_verb(customer_id, by),
            _by_constraint(org_id, customer_id),
            _by_looking(org_id, customer_id),
        )
        for number, deed in enumerate(deeds):
            _race(pool, rivals, [vehicle_ids[number]], deed)
        ours, no_lock, look_first = (
            _race(pool, rivals, vehicle_ids[3 + number * rounds :][:rounds], deed)
            for number, deed in enumerate(deeds)
        )
        list(pool.map(lambda _number: connections.close_all(), range(rivals)))
    return {
        "bench": "lease-race",
        "machine": machine(),
        "ours": {**ours, "rivals": rivals, "rounds": rounds},
        "baseline": {"no_lock": no_lock, "look_first": look_first},
        "ratio": {
            "no_lock.p99_ms": no_lock["p99_ms"] / max(ours["p99_ms"], 1e-9),
            "look_first.p99_ms": look_first["p99_ms"] / max(ours["p99_ms"], 1e-9),
        },
    }


Deed = Callable[[UUID], None]


def _by_verb(customer_id: UUID, by: Actor) -> Deed:
    def draft(vehicle_id: UUID) -> None:
        leasing.draft_lease(
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            product_code="RENT_MONTHLY",
            monthly_rent=Decimal(3000),
            deposit=Decimal(0),
            starts_on=START,
            months=12,
            actor=by,
            at=AT,
        )

    return draft


def _write(org_id: int, customer_id: UUID, vehicle_id: UUID, state: str) -> None:
    model: Any = apps.get_model
    lease = model("leasing", "Lease").objects.create(
        org_id=org_id,
        number=f"RACE-{uuid7().hex[-16:]}",
        customer_id=customer_id,
        product_code="RENT_MONTHLY",
        state="RESERVED",
        monthly_rent=Decimal(3000),
        deposit=Decimal(0),
        starts_on=START,
        months=12,
        ends_on=add_months(START, 12),
        city="杭州",
    )
    model("leasing", "Segment").objects.create(
        org_id=org_id,
        lease=lease,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        state=state,
        planned=SPAN,
    )


def _by_constraint(org_id: int, customer_id: UUID) -> Deed:
    def draft(vehicle_id: UUID) -> None:
        with acting(hq_actor(), to_write=True):
            _write(org_id, customer_id, vehicle_id, "RESERVED")

    return draft


def _by_looking(org_id: int, customer_id: UUID) -> Deed:
    """Promises in a state that no constraint guards, so that only the look keeps them apart."""

    def draft(vehicle_id: UUID) -> None:
        segments: Any = apps.get_model("leasing", "Segment")
        with acting(hq_actor(), to_write=True):
            if segments.objects.filter(vehicle_id=vehicle_id, planned__overlap=SPAN).exists():
                raise leasing.VehicleAlreadyLeased("")
            _write(org_id, customer_id, vehicle_id, "BACK")

    return draft


def _race(
    pool: ThreadPoolExecutor, rivals: int, vehicle_ids: list[UUID], deed: Deed
) -> dict[str, Any]:
    answers: Counter[str] = Counter()
    times: list[float] = []
    cpu = time.process_time()
    for vehicle_id in vehicle_ids:
        together = Barrier(rivals)

        def ask(vehicle_id: UUID = vehicle_id, together: Barrier = together) -> tuple[str, float]:
            together.wait()
            start = time.perf_counter()
            answer = _answer(deed, vehicle_id)
            return answer, (time.perf_counter() - start) * 1000

        for future in [pool.submit(ask) for _number in range(rivals)]:
            answer, took = future.result()
            answers[answer] += 1
            times.append(took)
    cpu_ms = (time.process_time() - cpu) * 1000 / len(times)
    times.sort()
    return {
        "cpu_ms": cpu_ms,
        "floor_ms": cpu_ms * rivals,
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[min(len(times) * 99 // 100, len(times) - 1)],
        "answers": dict(answers),
        "dead_locks": answers["dead-lock"],
        "overlaps": _overlaps(vehicle_ids),
    }


def _answer(deed: Deed, vehicle_id: UUID) -> str:
    try:
        deed(vehicle_id)
    except Refusal as refusal:
        return refusal.code
    except DatabaseError as error:
        if isinstance(error.__cause__, errors.DeadlockDetected):
            return "dead-lock"
        if isinstance(error.__cause__, errors.ExclusionViolation):
            return "constraint"
        raise
    return "done"


_OVERLAPS: Final = """
SELECT count(*) FROM leasing_segment a JOIN leasing_segment b
    ON a.vehicle_id = b.vehicle_id AND a.id < b.id AND a.planned && b.planned
WHERE a.vehicle_id = ANY(%s) AND a.state <> 'VOID' AND b.state <> 'VOID'
"""


def _overlaps(vehicle_ids: list[UUID]) -> int:
    with acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(_OVERLAPS, [vehicle_ids])
        return int(cursor.fetchone()[0])


@contextmanager
def _room_for(connections_wanted: int) -> Iterator[None]:
    """Let the pool of connections hold one for each rival."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    before = pool["max_size"]
    connection.close()
    _close_pool()
    pool["max_size"] = max(before, connections_wanted)
    try:
        yield
    finally:
        connection.close()
        _close_pool()
        pool["max_size"] = before


def _close_pool() -> None:
    backend: Any = connection
    backend.close_pool()


def _warm(pool: ThreadPoolExecutor, rivals: int) -> None:
    """Open each rival's connection before the clock runs."""
    together = Barrier(rivals)

    def ask() -> None:
        with acting(hq_actor()), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        together.wait()

    for future in [pool.submit(ask) for _number in range(rivals)]:
        future.result()


def new_customer(org_id: int, by: Actor) -> UUID:
    """A customer of a node, invented."""
    new = NewCustomer(org_id=org_id, kind="PERSON", name="王芳", phone="13900000001", city="杭州")
    return crm.register_customers(customers=[new], actor=by, at=AT).customer_ids[0]


def new_vehicles(org_id: int, count: int, by: Actor) -> list[UUID]:
    """Vehicles of a node and a model of its own, with numbers that no register has."""
    code = f"RACE{uuid7().hex[-8:].upper()}"
    fleet.publish_vehicle_model(
        org_id=org_id,
        code=code,
        maker="bench",
        name="Van",
        vehicle_class="VAN",
        battery_kwh=Decimal("41.86"),
        gvw_kg=2510,
        range_km=265,
        service_km=10_000,
        actor=by,
        at=AT,
    )
    first = int(uuid7().hex[-5:], 16) % (900_000 - count)
    made = fleet.receive_vehicles(
        vehicles=[
            NewVehicle(
                org_id=org_id,
                vin=company.vin(first + number),
                model_code=code,
                city="杭州",
                plate="",
                state="PROCURED",
            )
            for number in range(count)
        ],
        actor=by,
        at=AT,
    )
    return list(made.vehicle_ids)
