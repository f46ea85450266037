"""What stands on the ground of the demo company: lots, keys, upkeep, a standard of fair wear."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from panshi.demo import world
from panshi.demo.founding import Company, Operator, Say, somebody_else
from panshi.fleet import queries
from panshi.fleet import services as fleet
from panshi.kit.clock import local_day
from panshi.kit.tenancy import hq_actor

LOTS = ("一号场站", "二号场站")


def furnish(operator: Operator, random: Random, at: datetime, say: Say) -> None:
    """Two lots with the vehicles that are not out, maintenance on record, tasks of upkeep."""
    actor, city, today = operator.actor, operator.plan.city, local_day(at)
    refs = queries.vehicle_refs(vehicle_ids=tuple(v for v, _m in operator.vehicles), actor=actor)
    fleet.record_maintenance(
        records=[
            fleet.MaintenanceDone(
                vehicle_id=ref.id,
                on=today - timedelta(days=random.randrange(5, 355)),
                odometer_km=max(ref.odometer_km - random.randrange(200, 9_600), Decimal(0)),
            )
            for ref in refs.values()
        ],
        actor=actor,
        at=at,
    )
    standing = sorted(ref.id for ref in refs.values() if ref.state in ("READY", "IDLE"))
    places = []
    for number, name in enumerate(LOTS):
        lon, lat = world.near(random, city, km=6)
        lot = fleet.open_lot(
            org_id=operator.org_id,
            name=f"{city.name}{name}",
            city=city.name,
            bays=max(12, len(standing)),
            lon=lon,
            lat=lat,
            actor=actor,
            at=at,
        ).lot_id
        fleet.park_vehicles(lot_id=lot, vehicle_ids=standing[number::2], actor=actor, at=at)
        places += [(vehicle_id, lon, lat) for vehicle_id in standing[number::2]]
    for vehicle_id in standing[:2]:
        fleet.lend_key(
            vehicle_id=vehicle_id,
            key_no=1,
            holder=world.person(random),
            reason="挪车",
            due_back_at=at + timedelta(hours=random.choice((-3, 6))),
            actor=actor,
            at=at - timedelta(hours=4),
        )
    for days in (4, 0):
        fleet.plan_upkeep(
            levels=[
                fleet.LevelNow(
                    vehicle_id=vehicle_id,
                    soc_pct=Decimal(30 if place % 5 == 0 else 62),
                    soc_at=at,
                    lon=lon,
                    lat=lat,
                    place_at=at,
                )
                for place, (vehicle_id, lon, lat) in enumerate(places)
            ],
            actor=actor,
            at=at - timedelta(days=days),
        )
    say(f"{operator.plan.name}: {len(LOTS)} lots, {len(standing)} vehicles stand there")


def write_standard(company: Company, at: datetime) -> None:
    """The platform's standard of fair wear: drafted by one person, published by another."""
    drafter = hq_actor(company.platform_id)
    drafted = fleet.draft_wear_standard(
        org_id=company.platform_id,
        name="磐石车况标准",
        starts_on=date(local_day(at).year - 1, 1, 1),
        actor=drafter,
        at=at,
    )
    fleet.publish_wear_standard(
        standard_id=drafted.standard_id, actor=somebody_else(drafter), at=at
    )


def find_what_is_due(company: Company, at: datetime) -> None:
    """The morning's run: what falls due, and who is told."""
    fleet.compute_due_items(actor=hq_actor(company.platform_id), at=at)
