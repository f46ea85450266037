"""A booking in the making: everything stands in the address of the page, nothing is kept."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

LONGEST_ADDRESS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What has been chosen so far. Degrees are WGS-84."""

    vehicle: UUID | None = None
    items: tuple[str, ...] = ()
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    engineer: UUID | None = None
    night: bool = False

    @property
    def has_place(self) -> bool:
        return self.lon is not None and self.lat is not None

    @property
    def query(self) -> str:
        """The choices as they stand in an address."""
        pairs: list[tuple[str, Any]] = []
        if self.vehicle is not None:
            pairs.append(("vehicle", self.vehicle))
        pairs += [("item", code) for code in self.items]
        if self.has_place:
            pairs += [("lon", self.lon), ("lat", self.lat)]
        if self.address:
            pairs.append(("address", self.address))
        if self.starts_at is not None:
            pairs.append(("starts_at", self.starts_at.isoformat()))
        if self.ends_at is not None:
            pairs.append(("ends_at", self.ends_at.isoformat()))
        if self.engineer is not None:
            pairs.append(("engineer", self.engineer))
        if self.night:
            pairs.append(("night", "1"))
        return urlencode(pairs)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The choices as hidden fields of a form."""
        return [(key, value) for key, values in QueryDict(self.query).lists() for value in values]

    def with_items(self, items: tuple[str, ...]) -> "Wish":
        return replace(self, items=tuple(dict.fromkeys(items)))

    def at_place(self, *, lon: float, lat: float, address: str) -> "Wish":
        return replace(self, lon=lon, lat=lat, address=address)

    def without_time(self) -> "Wish":
        return replace(self, starts_at=None, ends_at=None, engineer=None, night=False)


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -limit <= value <= limit else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def read(query: QueryDict) -> Wish:
    """Read the choices out of an address or form; what makes no sense counts as not chosen."""
    lon, lat = _degrees(query.get("lon", ""), 180), _degrees(query.get("lat", ""), 90)
    placed = lon is not None and lat is not None
    return Wish(
        vehicle=_uuid(query.get("vehicle", "")),
        items=tuple(dict.fromkeys(code[:40] for code in query.getlist("item") if code))[:10],
        lon=lon if placed else None,
        lat=lat if placed else None,
        address=query.get("address", "").strip()[:LONGEST_ADDRESS],
        starts_at=_moment(query.get("starts_at", "")),
        ends_at=_moment(query.get("ends_at", "")),
        engineer=_uuid(query.get("engineer", "")),
        night=query.get("night") == "1",
    )
