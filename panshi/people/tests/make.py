"""Engineers with honest defaults."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

from django.contrib.auth import get_user_model

from panshi.kit.clock import day_start
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.people import services

_numbers = count(1)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
TODAY = date(2026, 6, 1)
SKILLS = ("GENERAL", "HV", "BRAKE", "TYRE", "ELECTRICAL")
NAMES = ("周建军", "吴海峰", "郑晓东", "冯立新", "陈志强", "褚卫平", "蒋国华", "沈文杰")


def user(*, org: OrgNode, name: str = "") -> UUID:
    """A member of staff; its password does not matter here."""
    number = next(_numbers)
    made = get_user_model().objects.create(
        org_id=org.id,
        username=f"engineer-{number}",
        full_name=name or NAMES[number % len(NAMES)],
        roles=["ENGINEER"],
    )
    return made.id


def engineer(
    *,
    org: OrgNode,
    name: str = "",
    city: str = "杭州",
    lon: float = 120.15,
    lat: float = 30.27,
    skills: Sequence[str] = SKILLS,
    certificates: Sequence[str] = ("HV_ELECTRICIAN",),
    days: int = 3,
    hours: tuple[int, int] = (8, 18),
    at: datetime = NOON,
) -> UUID:
    """An engineer on shift today and the following days."""
    user_id = user(org=org, name=name)
    by = hq_actor(org.id)
    services.add_engineer(
        user_id=user_id, city=city, lon=lon, lat=lat, skills=skills, actor=by, at=at
    )
    for kind in certificates:
        services.grant_certificate(
            user_id=user_id,
            kind=kind,
            valid_from=date(2026, 1, 1),
            valid_until=date(2027, 12, 31),
            actor=by,
            at=at,
        )
    first = day_start(TODAY)
    services.set_shifts(
        org_id=org.id,
        shifts=[
            services.NewShift(
                user_id=user_id,
                starts_at=first + timedelta(days=n, hours=hours[0]),
                ends_at=first + timedelta(days=n, hours=hours[1]),
            )
            for n in range(days)
        ],
        actor=by,
        at=at,
    )
    return user_id
