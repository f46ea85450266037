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
from panshi.people.services.staff_import import (
    STAFF,
    commit_staff_import,
    stage_staff_import,
    undo_staff_import,
)

__all__ = [
    "STAFF",
    "AlreadyEngineer",
    "NewShift",
    "NotStaff",
    "PeriodEmpty",
    "ShiftOverlaps",
    "SkillOverlaps",
    "VisitsPromised",
    "add_engineer",
    "cancel_shift",
    "commit_staff_import",
    "grant_certificate",
    "grant_leave",
    "grant_skill",
    "lapse_certificates",
    "restore_certificate",
    "set_break_rule",
    "set_shift",
    "set_shifts",
    "stage_staff_import",
    "suspend_certificate",
    "undo_staff_import",
]
