"""A yard by verbs, at this very moment: one vehicle comes back today, one is to leave."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests import town

REQUIRED = ("FRONT", "REAR", "LEFT", "RIGHT", "CARGO")
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """Who and what is there; `hand` works in the yard, with the username `yard`.

    Two more vehicles stand in the lot, one of them idle for so long that upkeep is due.
    """

    org_id: int
    hand: UUID
    returning: UUID
    returning_vehicle: UUID
    leaving: UUID
    leaving_vehicle: UUID
    lot: UUID
    at: datetime


def arrange() -> Yard:
    """Build it under headquarters' own context."""
    from django.utils import timezone

    from panshi.fleet import services as fleet
    from panshi.fleet.tests import make as fleet_make
    from panshi.kit.tenancy import acting, hq_actor
    from panshi.leasing import services as leasing
    from panshi.org.models import OrgNode

    at = timezone.now()
    with acting(hq_actor(), to_write=True):
        org_id = town.nodes(at)
        node, boss = OrgNode.objects.get(id=org_id), hq_actor(org_id)
        hand = town.person(org_id, "yard", "罗建平", "YARD")
        _standard(at)
        before = at - timedelta(days=90)
        back = fleet_make.vehicle(org=node, plate_code="粤BD12345", odometer_km=Decimal(1200))
        returning = _signed(node, back.id, before)
        _deliver(returning, back.id, boss, before)
        leasing.request_return(
            lease_id=returning, on=at.date(), actor=boss, at=at - timedelta(days=3)
        )
        out = fleet_make.vehicle(org=node, plate_code="粤BD20871", odometer_km=Decimal(864))
        leaving = _signed(node, out.id, at)
        lot = fleet.open_lot(
            org_id=org_id, name="龙岗停车场", city=town.CITY, bays=40, lon=town.PLACE[0],
            lat=town.PLACE[1], actor=boss, at=at,
        ).lot_id  # fmt: skip
        parked = [fleet_make.vehicle(org=node, plate_code=f"粤BD6000{n}").id for n in (1, 2)]
        fleet.park_vehicles(lot_id=lot, vehicle_ids=parked, actor=boss, at=at)
        idle = fleet.LevelNow(vehicle_id=parked[0], soc_pct=Decimal(61), soc_at=at)
        fleet.plan_upkeep(levels=[idle], actor=hq_actor(), at=at)
    return Yard(
        org_id=org_id, hand=hand, returning=returning, returning_vehicle=back.id, leaving=leaving,
        leaving_vehicle=out.id, lot=lot, at=at,
    )  # fmt: skip


def arrange_by_the_book() -> None:
    """The same yard, where vehicles change hands by the handbook."""
    yard = arrange()
    _book("CS-B-05-", yard.at)


def town_by_the_book() -> None:
    """The town, where the repair at the vehicle goes by the handbook and has begun."""
    from panshi.handbook import services
    from panshi.kit.tenancy import acting, hq_actor

    place = town.arrange()
    _book("VM-G-08-", place.at)
    with acting(hq_actor(), to_write=True):
        services.start_run_by_hand(
            node_slug="onsite-repair", org_id=place.org_id, subject_id=str(place.work_order_id),
            reason="客户已同意报价", actor=hq_actor(place.org_id), at=place.at,
        )  # fmt: skip


def _book(node: str, at: datetime) -> None:
    """The handbook in force with one more of its nodes than tests play."""
    from panshi.handbook import services
    from panshi.handbook.tests import make
    from panshi.kit.tenancy import acting, hq_actor
    from panshi.org import queries as org

    with acting(hq_actor(), to_write=True):
        boss = hq_actor(org.platform_id() or 0)
        services.import_content(directory=str(make.played(node)), actor=boss, at=at)


def set_paper() -> None:
    """An exam for engineers, whose paper holds a picture to be judged."""
    from django.utils import timezone

    from panshi.handbook import services
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries as org

    services.set_exam(
        certificate="HV_ELECTRICIAN", post="engineer", zh="高压上岗", en="High voltage",
        nodes={"insulation-power-down": 1}, questions=4, pass_percent=75, attempts=2,
        window_days=30, minutes=20, valid_months=12, actor=hq_actor(org.platform_id() or 0),
        at=timezone.now(),
    )  # fmt: skip


def let_facts_arrive() -> None:
    """Hand what happened to those who wait for it, as the worker does."""
    from panshi.kit import relay

    relay.drain()


def _standard(at: datetime) -> None:
    """The standard of fair wear, drafted by one and published by another."""
    from dataclasses import replace

    from panshi.fleet import services
    from panshi.kit.ids import uuid7
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries as org

    boss = hq_actor(org.platform_id() or 0)
    drafted = services.draft_wear_standard(
        org_id=boss.org_id, name="磐石车况标准", starts_on=date(2020, 1, 1), actor=boss, at=at
    )
    services.publish_wear_standard(
        standard_id=drafted.standard_id, actor=replace(boss, id=uuid7()), at=at
    )


def _signed(node: Any, vehicle_id: UUID, at: datetime) -> UUID:
    """A lease without deposit, signed on paper, whose first day is that of `at`."""
    from panshi.crm.tests import make as crm_make
    from panshi.kit.clock import local_day
    from panshi.kit.tenancy import hq_actor
    from panshi.leasing import services

    boss = hq_actor(node.id)
    customer = crm_make.customer(org=node)
    lease_id = services.draft_lease(
        customer_id=customer.id, vehicle_id=vehicle_id, product_code="RENT_MONTHLY",
        monthly_rent=Decimal(3000), deposit=Decimal(0), starts_on=local_day(at), months=12,
        actor=boss, at=at,
    ).lease_id  # fmt: skip
    services.file_paper_contract(
        lease_id=lease_id, scan=b"%PDF-1.7 signed", name="scan.pdf", actor=boss, at=at
    )
    return lease_id


def _deliver(lease_id: UUID, vehicle_id: UUID, boss: Any, at: datetime) -> None:
    """Hand it over with one scratch on its left door."""
    from panshi.fleet import services as fleet
    from panshi.leasing import services as leasing

    out = fleet.start_inspection(vehicle_id=vehicle_id, kind="OUT", actor=boss, at=at).inspection_id
    fleet.mark_damage(
        inspection_id=out, view="LEFT", part="DOOR_LEFT", damage="PRIMER", size=Decimal(30),
        actor=boss, at=at,
    )  # fmt: skip
    for view in REQUIRED:
        fleet.keep_inspection_photo(
            inspection_id=out, view=view, photo_name="a.jpg", photo=JPEG, actor=boss, at=at
        )
    fleet.complete_inspection(
        inspection_id=out, odometer_km=Decimal(1200), soc_pct=Decimal(90), passed=True,
        customer_signed="王芳", actor=boss, at=at,
    )  # fmt: skip
    leasing.complete_handover(
        lease_id=lease_id, odometer_km=Decimal(1200), soc_pct=Decimal(90), signed_by="王芳",
        inspection_id=out, actor=boss, at=at,
    )  # fmt: skip
    leasing.activate_lease(lease_id=lease_id, actor=boss, at=at)
