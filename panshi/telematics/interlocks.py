"""What has to hold of a vehicle before an order may reach its terminal: plain Python."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from panshi.kit.guards import Check

FRESH: Final = timedelta(seconds=60)
AHEAD: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a vehicle last said: when, by both clocks, and its speed, odometer and charge."""

    received_at: datetime | None
    motion_at: datetime | None
    speed_tenths: int | None
    odometer_tenths: int | None
    soc_pct: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a kind of order asks of the vehicle."""

    standstill_minutes: int | None
    soc_pct: int | None


NOTHING: Final = Seen(
    received_at=None, motion_at=None, speed_tenths=None, odometer_tenths=None, soc_pct=None
)


def is_fresh(seen: Seen, *, at: datetime) -> bool:
    """Whether the newest report is a minute old at most by our clock and by the vehicle's own.

    A report that claims to come from the future is not fresh: its clock is wrong.
    """
    if seen.received_at is None or seen.motion_at is None:
        return False
    return at - seen.received_at <= FRESH and -AHEAD <= at - seen.motion_at <= FRESH


def stands(seen: Seen, *, at: datetime) -> bool:
    return is_fresh(seen, at=at) and seen.speed_tenths == 0


def standing_since(
    seen: Seen, *, since: datetime | None, tenths: int | None, at: datetime
) -> datetime | None:
    """Since when the vehicle has been seen standing without a gap; None while it is not.

    A changed odometer begins anew: it moved between two looks.
    """
    if not stands(seen, at=at):
        return None
    if since is None or seen.odometer_tenths != tenths:
        return at
    return since


def checks(
    seen: Seen, bounds: Bounds, *, since: datetime | None, at: datetime
) -> tuple[Check, ...]:
    """All interlocks with what was seen, whether they hold or not."""
    age = None if seen.received_at is None else (at - seen.received_at).total_seconds()
    found = [
        Check(
            code="FRAME_FRESH",
            holds=is_fresh(seen, at=at),
            seen="—" if age is None else f"{age:.0f} s",
        )
    ]
    if bounds.standstill_minutes is not None:
        speed = "—" if seen.speed_tenths is None else f"{seen.speed_tenths / 10:.1f} km/h"
        stood = timedelta(0) if since is None else at - since
        found += [
            Check(code="SPEED_ZERO", holds=stands(seen, at=at), seen=speed),
            Check(
                code="STOOD_LONG_ENOUGH",
                holds=stood >= timedelta(minutes=bounds.standstill_minutes),
                seen=f"{stood.total_seconds() / 60:.0f} / {bounds.standstill_minutes} min",
            ),
        ]
    if bounds.soc_pct is not None:
        found.append(
            Check(
                code="SOC_ENOUGH",
                holds=seen.soc_pct is not None and seen.soc_pct >= bounds.soc_pct,
                seen="—" if seen.soc_pct is None else f"{seen.soc_pct} %",
            )
        )
    return tuple(found)
