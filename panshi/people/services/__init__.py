"""Verbs of the people room, one file per matter."""

from panshi.people.services.certificates import (
    grant_certificate,
    lapse_certificates,
    restore_certificate,
    suspend_certificate,
)
from panshi.people.services.roster import (
    AlreadyEngineer,
    NewShift,
    NotStaff,
    PeriodEmpty,
    ShiftOverlaps,
    SkillOverlaps,
    VisitsPromised,
    add_engineer,
    cancel_shift,
    grant_leave,
    grant_skill,
    set_break_rule,
    set_shift,
    set_shifts,
)

__all__ = [
    "AlreadyEngineer",
    "NewShift",
    "NotStaff",
    "PeriodEmpty",
    "ShiftOverlaps",
    "SkillOverlaps",
    "VisitsPromised",
    "add_engineer",
    "cancel_shift",
    "grant_certificate",
    "grant_leave",
    "grant_skill",
    "lapse_certificates",
    "restore_certificate",
    "set_break_rule",
    "set_shift",
    "set_shifts",
    "suspend_certificate",
]
