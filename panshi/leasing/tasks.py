"""What leasing does by the clock, for the whole tree."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from panshi.fleet import queries as fleet_queries
from panshi.fleet import services as fleet
from panshi.fleet.services import LevelNow
from panshi.kit.clock import local_day
from panshi.kit.schedule import every
from panshi.kit.tenancy import Actor, hq_actor
from panshi.leasing import queries, services
from panshi.org import queries as org
from panshi.telematics import queries as telematics


@every("5 16 * * *")
def advance_leases(at: datetime) -> None:
    """At five past midnight in Shanghai: ends draw near, pauses begin and end, offers lapse."""
    platform = org.platform_id()
    if platform is not None:
        services.advance_leases(on=local_day(at), actor=hq_actor(platform), at=at)
        services.lapse_buy_outs(on=local_day(at), actor=hq_actor(platform), at=at)


@every("20 16 * * *")
def advance_violations(at: datetime) -> None:
    """At twenty past midnight in Shanghai: overdue violations, what was kept back goes back."""
    platform = org.platform_id()
    if platform is not None:
        services.advance_violations(on=local_day(at), actor=hq_actor(platform), at=at)


@every("*/10 * * * *")
def advance_quotes(at: datetime) -> None:
    """Every ten minutes: holds and quotes whose time is over free their vehicles."""
    platform = org.platform_id()
    if platform is not None:
        services.advance_quotes(actor=hq_actor(platform), at=at)


@every("*/5 * * * *")
def plan_upkeep(at: datetime) -> None:
    """Every five minutes: what terminals say of watched vehicles, and the upkeep that follows."""
    platform = org.platform_id()
    if platform is not None:
        hq = hq_actor(platform)
        fleet.plan_upkeep(levels=list(levels(actor=hq, at=at)), actor=hq, at=at)


def levels(*, actor: Actor, at: datetime) -> Iterator[LevelNow]:
    """What is known above the fleet of each vehicle that it watches: readings, reservations."""
    watched = fleet_queries.watched_vehicles(actor=actor)
    said = telematics.levels_of(vehicle_ids=watched, actor=actor)
    reserved = queries.next_reservations(vehicle_ids=watched, actor=actor, at=at)
    for vehicle_id in watched:
        level = said.get(vehicle_id)
        place = level.place if level else None
        soc, km = (level.soc_pct, level.odometer_km) if level else (None, None)
        yield LevelNow(
            vehicle_id=vehicle_id,
            soc_pct=None if soc is None else Decimal(soc),
            soc_at=level.soc_at if level else None,
            odometer_km=None if km is None else Decimal(str(km)),
            odometer_at=level.odometer_at if level else None,
            lon=place.lon if place else None,
            lat=place.lat if place else None,
            place_at=place.at if place else None,
            reserved_from=reserved.get(vehicle_id),
        )
