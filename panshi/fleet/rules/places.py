"""Distances between what a scan, the terminal and the book say of a vehicle's place."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_KM: Final = 6371.0088
APART_KM: Final = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees WGS-84."""

    lon: float
    lat: float


def point_at(lon: float | None, lat: float | None) -> Point | None:
    """A place, or None when it is not known."""
    return None if lon is None or lat is None else Point(lon, lat)


def apart_km(one: Point | None, other: Point | None) -> float | None:
    """The distance over the ground in km, to a metre; None when either place is unknown."""
    if one is None or other is None:
        return None
    half_lat = radians(other.lat - one.lat) / 2
    half_lon = radians(other.lon - one.lon) / 2
    chord = (
        sin(half_lat) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(half_lon) ** 2
    )
    return round(2 * EARTH_KM * asin(min(1.0, sqrt(chord))), 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What is wrong with a vehicle in a stock take, and how far its places lie apart in km.

    MISSING is in the book of the lot but was not scanned, UNEXPECTED the other way round, APART has
    two places more than a kilometre apart.
    """

    kind: str
    scan_gps_km: float | None
    scan_book_km: float | None
    gps_book_km: float | None


def disagreement(
    *, expected: bool, scanned: bool, scan: Point | None, gps: Point | None, book: Point | None
) -> Disagreement | None:
    """Compare scan, GPS and book of a vehicle; None when they agree within a kilometre."""
    gaps = (apart_km(scan, gps), apart_km(scan, book), apart_km(gps, book))
    if expected and not scanned:
        kind = "MISSING"
    elif scanned and not expected:
        kind = "UNEXPECTED"
    elif any(gap is not None and gap > APART_KM for gap in gaps):
        kind = "APART"
    else:
        return None
    return Disagreement(kind=kind, scan_gps_km=gaps[0], scan_book_km=gaps[1], gps_book_km=gaps[2])
