"""Where evidence was taken, and how far that is from what it is about."""

from typing import Final

from panshi.optimiser.match import Place

# A picture taken farther from its subject than this proves nothing.
NEAR_M: Final = 500


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
