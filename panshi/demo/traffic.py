"""Sixty vehicles on the road: each drives, reports and signs in again through the real gateway."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final
from uuid import UUID

from panshi.demo import world
from panshi.demo.driving import FAULTY_KOHM, FIRM_KOHM, Driver
from panshi.fleet import queries as fleet
from panshi.fleet.queries import VehicleRow
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.org import queries as org
from panshi.telematics import queries as telematics
from panshi.wire import gb32960
from panshi.wire.client import SignInRefused, Terminal
from panshi.wire.clock import wire_time
from panshi.wire.errors import WireError

_log = logging.getLogger(__name__)
VEHICLES: Final = 60
REPORT_S: Final = 10.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
FAREWELL_S: Final = 2.0
FAULT_EVERY_S: Final = 20 * 60.0
FAULT_LASTS_S: Final = 8 * 60.0
_MODELS: Final = {model.code: model for model in world.MODELS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """Where the gateway listens and how often vehicles report, in seconds."""

    host: str = "127.0.0.1"
    port: int = 32960
    report_s: float = REPORT_S
    first_pause_s: float = FIRST_PAUSE_S


@dataclass(slots=True)
class Car:
    """A driver with its vehicle; `online` while its terminal is signed in."""

    vehicle_id: UUID
    org_id: int
    leased: bool
    driver: Driver
    online: bool = False


def quotas(sizes: Sequence[int], total: int) -> list[int]:
    """Split `total` by sizes, no share above its size; the largest remainders round up."""
    whole = sum(sizes)
    if whole <= total:
        return list(sizes)
    exact = [total * size / whole for size in sizes]
    shares = [int(share) for share in exact]
    order = sorted(range(len(sizes)), key=lambda i: (shares[i] - exact[i], i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def cars(*, random: Random, at: datetime, wanted: int = VEHICLES) -> list[Car]:
    """The vehicles that drive: leased ones first, then ready ones, spread over the operators."""
    city_of = {plan.city.name: plan.city for _n, _c, plans in world.REGIONS for plan in plans}
    found: list[list[VehicleRow]] = []
    for operator in org.operators(actor=hq_actor()):
        rows: list[VehicleRow] = []
        for state in ("LEASED", "READY"):
            rows += fleet.vehicle_list(
                actor=system_actor(operator.id), state=state, use="LEASE", limit=wanted
            ).rows
        found.append([r for r in rows if r.model_code in _MODELS and r.city in city_of])
    chosen: list[Car] = []
    for rows, share in zip(found, quotas([len(rows) for rows in found], wanted), strict=True):
        chosen += [
            _car(row, city_of[row.city], Random(random.random()), at) for row in rows[:share]
        ]
    return chosen


def _car(row: VehicleRow, city: world.City, random: Random, at: datetime) -> Car:
    """Go on where the vehicle last stood; one that never reported starts in its city."""
    lon, lat = world.near(random, city, km=6)
    soc, odometer = random.uniform(35, 95), float(row.odometer_km)
    now = telematics.vehicle_now(vehicle_id=row.id, actor=system_actor(row.org_id), at=at)
    if now is not None:
        if now.lon is not None and now.lat is not None:
            lon, lat = now.lon, now.lat
        soc = float(now.soc_pct) if now.soc_pct else soc
        odometer = max(odometer, now.odometer_km or 0.0)
    driver = Driver(
        vin=row.vin,
        city=city,
        model=_MODELS[row.model_code],
        random=random,
        lon=lon,
        lat=lat,
        soc=soc,
        odometer_km=odometer,
        heading=random.uniform(0, 360),
    )
    return Car(row.id, row.org_id, row.state == "LEASED", driver)


async def drive_all(
    fleet_on_road: Sequence[Car],
    *,
    road: Road,
    stopping: asyncio.Event,
    first_fault_s: float,
    first_org_id: int | None,
    random: Random,
) -> None:
    """Let every vehicle drive until `stopping`; the first fault comes to `first_org_id`."""
    async with asyncio.TaskGroup() as tasks:
        for number, car in enumerate(fleet_on_road):
            stagger = road.report_s * number / len(fleet_on_road)
            tasks.create_task(drive(car, road=road, stopping=stopping, after_s=stagger))
        tasks.create_task(
            misfortunes(
                fleet_on_road,
                stopping=stopping,
                first_s=first_fault_s,
                first_org_id=first_org_id,
                random=random,
            )
        )


async def drive(car: Car, *, road: Road, stopping: asyncio.Event, after_s: float = 0.0) -> None:
    """One vehicle: connect, sign in, report; with longer and longer pauses while nobody answers."""
    await rest(stopping, after_s)
    pause = road.first_pause_s
    while not stopping.is_set():
        try:
            terminal = await Terminal.connect(
                host=road.host, port=road.port, identity=car.driver.vin
            )
            try:
                await terminal.login()
                pause = road.first_pause_s
                await _report(car, terminal, road, stopping)
            finally:
                car.online = False
                terminal.close()
        except (OSError, TimeoutError, SignInRefused, WireError) as error:
            _log.debug("%s is off the line: %s", car.driver.vin, error)
            await rest(stopping, pause * car.driver.random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE_S)


async def _report(car: Car, terminal: Terminal, road: Road, stopping: asyncio.Event) -> None:
    """Report until told to stop, then sign out. Raises OSError, TimeoutError when the line dies."""
    car.online = True
    while not stopping.is_set():
        car.driver.step(road.report_s)
        await terminal.report(car.driver.report(datetime.now(UTC)))
        await rest(stopping, road.report_s)
    farewell = terminal.frame(
        gb32960.LOGOUT, {"time": wire_time(at=datetime.now(UTC)), "serial": 1}
    )
    await terminal.ask(farewell, within_s=FAREWELL_S)


async def misfortunes(
    fleet_on_road: Sequence[Car],
    *,
    stopping: asyncio.Event,
    first_s: float,
    random: Random,
    first_org_id: int | None = None,
    every_s: float = FAULT_EVERY_S,
    lasts_s: float = FAULT_LASTS_S,
) -> None:
    """Give one vehicle poor insulation after `first_s`, and another about every `every_s`."""
    org_id, pause = first_org_id, first_s
    while not stopping.is_set():
        await rest(stopping, pause)
        car = unlucky(fleet_on_road, random, org_id)
        if stopping.is_set() or car is None:
            pause = min(first_s, REPORT_S)
            continue
        _log.info("%s gets poor insulation", car.driver.vin)
        org_id = None
        car.driver.insulation_kohm = FAULTY_KOHM
        await rest(stopping, lasts_s)
        car.driver.insulation_kohm = FIRM_KOHM
        pause = max(0.0, every_s * random.uniform(0.8, 1.2) - lasts_s)


def unlucky(fleet_on_road: Sequence[Car], random: Random, org_id: int | None) -> Car | None:
    """A leased vehicle that is on the line, of one org when given; None when there is none."""
    able = [car for car in fleet_on_road if car.online and car.leased]
    own = [car for car in able if car.org_id == org_id]
    return random.choice(own or able) if able else None


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until `stopping`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await stopping.wait()
