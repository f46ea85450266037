"""Distances between what a scan, the terminal and the book say of a vehicle's place."""

from dataclasses import dataclass
from typing import Final

from panshi.optimiser.match import Place, kilometres

APART_KM: Final = 1.0


def point_at(lon: float | None, lat: float | None) -> Place | None:
    """A place, or None when it is not known."""
    return None if lon is None or lat is None else Place(lon, lat)


def apart_km(one: Place | None, other: Place | None) -> float | None:
    """The distance over the ground in km, to a metre; None when either place is unknown."""
    if one is None or other is None:
        return None
    return round(kilometres(one, other), 3)


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
    *, expected: bool, scanned: bool, scan: Place | None, gps: Place | None, book: Place | None
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
