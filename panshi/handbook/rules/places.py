"""Where evidence was taken, and how far that is from what it is about."""

from dataclasses import dataclass
from math import asin, cos, hypot, radians, sin, sqrt
from typing import Final

EARTH_M: Final = 6_371_000
# A picture taken farther from its subject than this proves nothing.
NEAR_M: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A point in degrees, WGS-84."""

    lon: float
    lat: float


def metres(one: Place, other: Place) -> float:
    """The great-circle distance between two points."""
    lat, other_lat = radians(one.lat), radians(other.lat)
    half_lat, half_lon = (other_lat - lat) / 2, radians(other.lon - one.lon) / 2
    chord = hypot(sin(half_lat), sqrt(cos(lat) * cos(other_lat)) * sin(half_lon))
    return 2 * EARTH_M * asin(min(chord, 1.0))


def place_in(text: str) -> Place | None:
    """The point that a phone wrote down as longitude and latitude; None when it is none."""
    parts = text.replace("，", ",").split(",")
    try:
        lon, lat = (float(part) for part in parts[:2])
    except ValueError:
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return Place(lon, lat)
