"""A city in which service can run: catalogue, engineers, vans, parts, customers, vehicles."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from panshi.crm.tests import make as crm_make
from panshi.fleet.tests import make as fleet_make
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.people.tests import make as people_make
from panshi.service import services
from panshi.service.events import BookingConfirmed
from panshi.supply import services as supply
from panshi.supply.events import StockLine

NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
PLACE = (120.16, 30.28)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@dataclass(frozen=True, slots=True)
class City:
    """What a test needs to know of its city."""

    org: OrgNode
    engineers: list[UUID] = field(default_factory=list)
    vans: list[UUID] = field(default_factory=list)

    @property
    def boss(self) -> Actor:
        return hq_actor(self.org.id)


def city(*, engineers: int = 2, parts: int = 5, days: int = 3) -> City:
    """An operator in Hangzhou with engineers, each with a stocked van, and a catalogue."""
    org = org_make.operator()
    platform = org_make.platform()
    services.load_catalogue(org_id=platform.id, actor=hq_actor(platform.id), at=NOON)
    made = City(org)
    for number in range(engineers):
        user_id = people_make.engineer(org=org, lon=120.10 + number * 0.06, days=days)
        made.engineers.append(user_id)
        made.vans.append(van(made, user_id, number, parts))
    return made


def van(where: City, user_id: UUID, number: int, parts: int) -> UUID:
    """A service van of an engineer, with some of the usual parts aboard."""
    opened = supply.open_location(
        org_id=where.org.id, kind="VAN", name=f"服务车 {number + 1}", city="杭州",
        actor=where.boss, at=NOON,
    )  # fmt: skip
    supply.hand_over_van(
        location_id=opened.location_id, user_id=user_id, actor=where.boss,
        at=NOON - timedelta(days=30),
    )  # fmt: skip
    if parts:
        supply.receive_stock(
            location_id=opened.location_id,
            lines=[
                StockLine(item_code=code, quantity=parts)
                for code in ("BRAKE_PADS_F", "COOLANT", "HV_SEAL", "CABIN_FILTER")
            ],
            actor=where.boss,
            at=NOON,
        )
    return opened.location_id


def customer_vehicle(where: City) -> tuple[UUID, UUID]:
    """A customer and the vehicle it owns."""
    customer = crm_make.customer(org=where.org)
    vehicle = fleet_make.vehicle(
        org=where.org, use="EXTERNAL", customer_id=customer.id, papers=False
    )
    return customer.id, vehicle.id


def customer_actor(where: City, customer_id: UUID) -> Actor:
    """The customer itself, signed in to the portal."""
    staff = org_make.actor(where.org)
    return Actor(
        id=staff.id,
        org_id=where.org.id,
        org_ids=(where.org.id,),
        ref_org_ids=staff.ref_org_ids,
        permissions=frozenset(
            {"service.hold_slot", "service.confirm_booking", "service.cancel_booking",
             "service.review_work_order", "service.post_message"}
        ),
        db_role="panshi_portal",
        customer_id=customer_id,
    )  # fmt: skip


def engineer_actor(where: City, user_id: UUID, *more: str) -> Actor:
    """An engineer with an engineer's permissions."""
    staff = org_make.actor(where.org)
    permissions = {
        f"service.{verb}"
        for verb in (
            "accept_visit", "refuse_visit", "start_travel", "arrive", "record_diagnosis",
            "use_part", "record_labour", "attach_photo", "sign_visit", "complete_visit",
            "self_check", "release_work_order", "record_checklist", "view",
        )
    }  # fmt: skip
    return Actor(
        id=user_id,
        org_id=where.org.id,
        org_ids=(where.org.id,),
        ref_org_ids=staff.ref_org_ids,
        permissions=frozenset(permissions | set(more)),
    )


def at_hour(hour: int, *, day: int = 1) -> datetime:
    """A local hour, `day` days after 1 June 2026."""
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=day, hours=hour - 8)


def booking(
    where: City,
    *,
    items: tuple[str, ...] = ("ROUTINE_SERVICE",),
    starts_at: datetime | None = None,
    actor: Actor | None = None,
    who: tuple[UUID, UUID] | None = None,
) -> BookingConfirmed:
    """A confirmed booking, tomorrow at ten unless said otherwise."""
    customer_id, vehicle_id = who or customer_vehicle(where)
    return services.confirm_booking(
        vehicle_id=vehicle_id,
        customer_id=customer_id,
        item_codes=items,
        address="余杭塘路 866 号",
        lon=PLACE[0],
        lat=PLACE[1],
        starts_at=starts_at or at_hour(10),
        actor=actor or where.boss,
        at=NOON,
    )
