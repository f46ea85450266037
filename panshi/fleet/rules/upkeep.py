"""Which upkeep a standing vehicle needs, and whether evidence of it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of upkeep: by days idle, by a state of charge that drifted, or before a reservation.

    Idle for `first_day` days, then every `every_days`. Below `soc_low` or above `soc_high` percent
    for `drift_days`. With a reservation within `hours_ahead`. What evidence must show:
    `target_low` to `target_high` percent, at least `least_volts`, a photo.
    """

    code: str
    kind: str
    first_day: int | None = None
    every_days: int | None = None
    soc_low: Decimal | None = None
    soc_high: Decimal | None = None
    drift_days: int | None = None
    hours_ahead: int | None = None
    target_low: Decimal | None = None
    target_high: Decimal | None = None
    least_volts: Decimal | None = None
    needs_photo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A vehicle that stands: since when, how charged, reserved from when, what was done when."""

    idle_since: date
    soc_pct: Decimal | None = None
    drifted_since: date | None = None
    reserved_from: datetime | None = None
    done_on: Mapping[str, date]


def drifted(rule: Rule, soc_pct: Decimal) -> bool:
    """Whether a state of charge lies outside what the rule allows."""
    return (rule.soc_low is not None and soc_pct < rule.soc_low) or (
        rule.soc_high is not None and soc_pct > rule.soc_high
    )


def _by_days(rule: Rule, standing: Standing, today: date) -> bool:
    if rule.first_day is None or (today - standing.idle_since).days < rule.first_day:
        return False
    done = standing.done_on.get(rule.kind)
    if done is None or done < standing.idle_since:
        return True
    return rule.every_days is not None and (today - done).days >= rule.every_days


def _by_charge(rule: Rule, standing: Standing, today: date) -> bool:
    if rule.drift_days is None or standing.drifted_since is None or standing.soc_pct is None:
        return False
    long_enough = (today - standing.drifted_since).days >= rule.drift_days
    return long_enough and drifted(rule, standing.soc_pct)


def _by_reservation(rule: Rule, standing: Standing, at: datetime) -> bool:
    if rule.hours_ahead is None or standing.reserved_from is None:
        return False
    done = standing.done_on.get(rule.kind)
    soon = standing.reserved_from <= at + timedelta(hours=rule.hours_ahead)
    return soon and (done is None or (at.date() - done).days > rule.hours_ahead // 24)


def needed(rules: Sequence[Rule], standing: Standing, *, at: datetime, today: date) -> list[Rule]:
    """The rules by which a standing vehicle needs something now."""
    return [
        rule
        for rule in rules
        if _by_days(rule, standing, today)
        or _by_charge(rule, standing, today)
        or _by_reservation(rule, standing, at)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the yard hand brings: percent, volts of the 12 V battery, a photo, words."""

    soc_pct: Decimal | None = None
    volts: Decimal | None = None
    photo: bool = False
    note: str = ""


def missing(rule: Rule, evidence: Evidence) -> str:
    """What evidence does not show: SOC, SOC_TARGET, VOLTS, VOLTS_LOW, PHOTO, NOTE, or nothing."""
    if rule.target_low is not None:
        if evidence.soc_pct is None:
            return "SOC"
        high = rule.target_high if rule.target_high is not None else Decimal(100)
        if not rule.target_low <= evidence.soc_pct <= high:
            return "SOC_TARGET"
    if rule.least_volts is not None:
        if evidence.volts is None:
            return "VOLTS"
        if evidence.volts < rule.least_volts:
            return "VOLTS_LOW"
    if rule.needs_photo and not evidence.photo:
        return "PHOTO"
    return "" if evidence.note.strip() or evidence.soc_pct or evidence.volts else "NOTE"


def contradicts(
    soc_pct: Decimal | None,
    *,
    terminal_pct: Decimal | None,
    terminal_at: datetime | None,
    at: datetime,
    within: timedelta,
    tolerance: Decimal,
) -> bool:
    """Whether a typed state of charge differs from what the terminal said just before."""
    if soc_pct is None or terminal_pct is None or terminal_at is None:
        return False
    fresh = timedelta(0) <= at - terminal_at <= within
    return fresh and abs(soc_pct - terminal_pct) > tolerance
