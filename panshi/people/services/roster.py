"""Verbs of the roster: who may be sent out, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange, TimestamptzRange

from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, verb
from panshi.people.events import (
    BreakRuleSet,
    EngineerAdded,
    LeaveGranted,
    ShiftCancelled,
    ShiftSet,
    ShiftsSet,
    SkillGranted,
)
from panshi.people.models import (
    BreakRule,
    Engineer,
    Leave,
    Shift,
    SkillGrant,
)

VISITS_PROMISED = "service.visits_promised"


class NotStaff(Refusal):
    pass


class AlreadyEngineer(Refusal):
    pass


class ShiftOverlaps(Refusal):
    pass


class PeriodEmpty(Refusal):
    pass


class SkillOverlaps(Refusal):
    pass


class VisitsPromised(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShift:
    """A shift to be set: whose, from when to when (aware moments)."""

    user_id: UUID
    starts_at: datetime
    ends_at: datetime


def _engineer(user_id: UUID, actor: Actor) -> Engineer:
    return Engineer.objects.visible_to(actor).select_for_update().get(user_id=user_id)


def _period(starts_at: datetime, ends_at: datetime) -> TimestamptzRange:
    if ends_at <= starts_at:
        raise PeriodEmpty(_("The end must come after the beginning."))
    return TimestamptzRange(starts_at, ends_at)


@verb
def add_engineer(
    *,
    user_id: UUID,
    city: str,
    lon: float,
    lat: float,
    skills: Sequence[str],
    actor: Actor,
    at: datetime,
) -> EngineerAdded:
    """Make a member of staff an engineer who lives at a place. Raises NotStaff, AlreadyEngineer."""
    person = get_user_model().objects.get(id=user_id)
    home = person.org_id
    actor.must("people.add_engineer", home)
    if person.customer_id is not None:
        raise NotStaff(_("Only a member of staff can be sent out as an engineer."))
    if Engineer.objects.filter(user_id=user_id).exists():
        raise AlreadyEngineer(_("This person is already an engineer."))
    engineer = Engineer.objects.create(org_id=home, user_id=user_id, city=city, lon=lon, lat=lat)
    SkillGrant.objects.bulk_create(
        SkillGrant(
            org_id=home, engineer=engineer, skill=skill, during=DateRange(local_day(at), None)
        )
        for skill in sorted(set(skills))
    )
    return EngineerAdded(
        org_id=home,
        actor_id=actor.id,
        at=at,
        user_id=user_id,
        city=city,
        skills=tuple(sorted(set(skills))),
    )


@verb
def grant_skill(
    *, user_id: UUID, skill: str, level: int, from_day: date, actor: Actor, at: datetime
) -> SkillGranted:
    """Note that an engineer can do something. Raises SkillOverlaps when it is already noted."""
    engineer = _engineer(user_id, actor)
    actor.must("people.grant_skill", engineer.org_id)
    try:
        with transaction.atomic():
            SkillGrant.objects.create(
                org_id=engineer.org_id,
                engineer=engineer,
                skill=skill,
                level=level,
                during=DateRange(from_day, None),
            )
    except IntegrityError as error:
        raise SkillOverlaps(_("This skill is already noted for that time.")) from error
    return SkillGranted(
        org_id=engineer.org_id, actor_id=actor.id, at=at, user_id=user_id, skill=skill, level=level
    )


@verb
def set_shift(
    *, user_id: UUID, starts_at: datetime, ends_at: datetime, actor: Actor, at: datetime
) -> ShiftSet:
    """Roster an engineer, beginning and ending at home. Raises ShiftOverlaps, PeriodEmpty."""
    engineer = _engineer(user_id, actor)
    actor.must("people.set_shift", engineer.org_id)
    try:
        with transaction.atomic():
            shift = Shift.objects.create(
                org_id=engineer.org_id,
                engineer=engineer,
                period=_period(starts_at, ends_at),
                lon=engineer.lon,
                lat=engineer.lat,
            )
    except IntegrityError as error:
        raise ShiftOverlaps(_("This engineer already has a shift in that time.")) from error
    return ShiftSet(
        org_id=engineer.org_id,
        actor_id=actor.id,
        at=at,
        shift_id=shift.id,
        user_id=user_id,
        city=engineer.city,
        starts_at=starts_at,
        ends_at=ends_at,
    )


@verb
def set_shifts(*, org_id: int, shifts: Sequence[NewShift], actor: Actor, at: datetime) -> ShiftsSet:
    """Roster many at once; all or nothing. Raises ShiftOverlaps, PeriodEmpty."""
    actor.must("people.set_shift", org_id)
    people = {
        engineer.user_id: engineer
        for engineer in Engineer.objects.visible_to(actor).filter(
            org_id=org_id, user_id__in={shift.user_id for shift in shifts}
        )
    }
    rows = []
    for new in shifts:
        engineer = people.get(new.user_id)
        if engineer is None:
            raise NotStaff(_("One of these people is not an engineer here."))
        rows.append(
            Shift(
                org_id=org_id,
                engineer=engineer,
                period=_period(new.starts_at, new.ends_at),
                lon=engineer.lon,
                lat=engineer.lat,
            )
        )
    try:
        with transaction.atomic():
            Shift.objects.bulk_create(rows, batch_size=2000)
    except IntegrityError as error:
        raise ShiftOverlaps(
            _("One of these shifts overlaps another of the same person.")
        ) from error
    days = [local_day(shift.starts_at) for shift in shifts]
    return ShiftsSet(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        shifts=len(rows),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
    )


def _promised(engineer: Engineer, starts_at: datetime, ends_at: datetime) -> tuple[str, ...]:
    """Visits promised in that time, asked of the room that knows them; that room ranks above."""
    ask = GUARDS.get(VISITS_PROMISED)
    if ask is None:
        return ()
    found: tuple[str, ...] = ask(user_id=engineer.user_id, starts_at=starts_at, ends_at=ends_at)
    return found


def _refuse_promised(numbers: tuple[str, ...]) -> None:
    if numbers:
        raise VisitsPromised(
            _("Visits are promised in that time: %(orders)s. Move them first.")
            % {"orders": ", ".join(numbers)}
        )


@verb
def cancel_shift(*, shift_id: UUID, actor: Actor, at: datetime) -> ShiftCancelled:
    """Take a shift off the roster. Raises VisitsPromised, listing the work orders."""
    shift = Shift.objects.visible_to(actor).select_for_update().get(id=shift_id, cancelled_at=None)
    actor.must("people.set_shift", shift.org_id)
    starts_at, ends_at = shift.period.lower, shift.period.upper
    _refuse_promised(_promised(shift.engineer, starts_at, ends_at))
    shift.cancelled_at = at
    shift.save(update_fields=["cancelled_at"])
    return ShiftCancelled(
        org_id=shift.org_id,
        actor_id=actor.id,
        at=at,
        shift_id=shift.id,
        user_id=shift.engineer.user_id,
        city=shift.engineer.city,
        starts_at=starts_at,
        ends_at=ends_at,
    )


@verb
def grant_leave(
    *,
    user_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
) -> LeaveGranted:
    """Give time off; it beats any shift. Raises VisitsPromised, ShiftOverlaps, PeriodEmpty."""
    engineer = _engineer(user_id, actor)
    actor.must("people.grant_leave", engineer.org_id)
    _refuse_promised(_promised(engineer, starts_at, ends_at))
    try:
        with transaction.atomic():
            leave = Leave.objects.create(
                org_id=engineer.org_id,
                engineer=engineer,
                period=_period(starts_at, ends_at),
                reason=reason,
            )
    except IntegrityError as error:
        raise ShiftOverlaps(_("This engineer already has leave in that time.")) from error
    return LeaveGranted(
        org_id=engineer.org_id,
        actor_id=actor.id,
        at=at,
        leave_id=leave.id,
        user_id=user_id,
        city=engineer.city,
        starts_at=starts_at,
        ends_at=ends_at,
    )


@verb
def set_break_rule(
    *,
    org_id: int,
    city: str,
    earliest: time,
    latest: time,
    minutes: int,
    actor: Actor,
    at: datetime,
) -> BreakRuleSet:
    """Say when engineers of a city rest; the same beginning is replaced."""
    actor.must("people.set_break_rule", org_id)
    BreakRule.objects.update_or_create(
        org_id=org_id, city=city, earliest=earliest, defaults={"latest": latest, "minutes": minutes}
    )
    return BreakRuleSet(org_id=org_id, actor_id=actor.id, at=at, city=city, minutes=minutes)
