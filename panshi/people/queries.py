"""Questions about engineers: who is on shift, who is fit for what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import TimestamptzRange

from panshi.kit import imports
from panshi.kit.clock import SHANGHAI, day_span, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.people.models import (
    BreakRule,
    Certificate,
    CertificateState,
    Engineer,
    EngineerState,
    Leave,
    Shift,
    SkillGrant,
    Suspension,
)
from panshi.people.staff_sheet import KIND, POSTS, StaffSheetRow, is_phone

SKILLS: Final[Mapping[str, Promise]] = {
    "GENERAL": _("General"),
    "HV": _("High voltage"),
    "ELECTRICAL": _("Electrics"),
    "BRAKE": _("Brakes"),
    "TYRE": _("Tyres"),
    "BODY": _("Bodywork"),
}


# What the papers that the company grants and asks for are called.
CERTIFICATES: Final[Mapping[str, Promise]] = {
    "HV_ELECTRICIAN": _("Electrician's licence for high voltage"),
}


def certificate_words(kinds: Iterable[str]) -> list[str]:
    """Certificates in words, sorted; a code that has none yet as it is."""
    return sorted(str(CERTIFICATES.get(code, code)) for code in kinds)


def skill_words(skills: Iterable[str]) -> list[str]:
    """Skills in words, sorted; a code that has none yet as it is."""
    return sorted(str(SKILLS.get(code, code)) for code in skills)


@dataclass(frozen=True, slots=True)
class BreakRef:
    """A rest that begins between two moments and lasts some minutes."""

    earliest: datetime
    latest: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class EngineerRef:
    """An engineer on a shift: where it begins and ends, what is known and held on that day."""

    user_id: UUID
    org_id: int
    name: str
    city: str
    skills: frozenset[str]
    certificates: frozenset[str]
    lon: float
    lat: float
    shift_start: datetime
    shift_end: datetime
    breaks: tuple[BreakRef, ...]


@dataclass(frozen=True, slots=True)
class CertificateRow:
    id: UUID
    kind: str
    number: str
    valid_until: date
    state: CertificateState


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """Somebody's certificate that has not lapsed; `causes` are what suspends it now."""

    id: UUID
    org_id: int
    user_id: UUID
    kind: str
    valid_from: date
    valid_until: date
    edition: str
    state: CertificateState
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EngineerRow:
    """An engineer in a list: skills, certificates in force, shifts of the coming week."""

    user_id: UUID
    org_id: int
    name: str
    city: str
    state: EngineerState
    skills: tuple[str, ...]
    certificates: tuple[CertificateRow, ...]
    shifts_ahead: int


@dataclass(frozen=True, slots=True)
class ShiftRow:
    id: UUID
    user_id: UUID
    name: str
    city: str
    starts_at: datetime
    ends_at: datetime
    on_leave: bool


@dataclass(frozen=True, slots=True)
class ShiftPage:
    rows: tuple[ShiftRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether a person holds what is asked on a day, and what is missing."""

    fit: bool
    missing: tuple[str, ...]


@question
def engineers_of_days(
    *, city: str, first: date, last: date, actor: Actor
) -> dict[date, tuple[EngineerRef, ...]]:
    """Engineers of a city by local day, from `first` to `last`; those on leave are left out.

    A shift belongs to the day on which it begins. Five queries, whatever the number of days.
    """
    span = TimestamptzRange(day_span(first)[0], day_span(last)[1])
    shifts = (
        Shift.objects.visible_to(actor)
        .select_related("engineer__user")
        .filter(
            engineer__city=city,
            engineer__state=EngineerState.ACTIVE,
            period__overlap=span,
            cancelled_at=None,
        )
        .order_by("period", "engineer__user_id")
    )
    rows = [shift for shift in shifts if shift.period.lower >= span.lower]
    ids = {shift.engineer_id for shift in rows}
    leaves: dict[UUID, list[TimestamptzRange]] = defaultdict(list)
    for leave in Leave.objects.filter(engineer_id__in=ids, period__overlap=span):
        leaves[leave.engineer_id].append(leave.period)
    skills: dict[UUID, list[SkillGrant]] = defaultdict(list)
    for grant in SkillGrant.objects.filter(engineer_id__in=ids):
        skills[grant.engineer_id].append(grant)
    papers: dict[UUID, list[Certificate]] = defaultdict(list)
    holders = {shift.engineer.user_id for shift in rows}
    for paper in Certificate.objects.filter(user_id__in=holders, state=CertificateState.VALID):
        papers[paper.user_id].append(paper)
    rests = list(BreakRule.objects.filter(city=city, org_id__in={s.org_id for s in rows}))

    answer: dict[date, list[EngineerRef]] = defaultdict(list)
    for shift in rows:
        engineer, day = shift.engineer, local_day(shift.period.lower)
        if any(_overlap(shift.period, leave) for leave in leaves[engineer.id]):
            continue
        answer[day].append(
            EngineerRef(
                user_id=engineer.user_id,
                org_id=engineer.org_id,
                name=engineer.user.full_name,
                city=engineer.city,
                skills=frozenset(g.skill for g in skills[engineer.id] if day in g.during),
                certificates=frozenset(
                    p.kind for p in papers[engineer.user_id] if p.valid_from <= day <= p.valid_until
                ),
                lon=shift.lon,
                lat=shift.lat,
                shift_start=shift.period.lower,
                shift_end=shift.period.upper,
                breaks=tuple(
                    _rest(rule, day)
                    for rule in rests
                    if rule.org_id == shift.org_id and _covers(shift, rule, day)
                ),
            )
        )
    return {day: tuple(refs) for day, refs in answer.items()}


def _overlap(one: TimestamptzRange, other: TimestamptzRange) -> bool:
    (begin, end), (other_begin, other_end) = _ends(one), _ends(other)
    return begin < other_end and other_begin < end


def _ends(period: TimestamptzRange) -> tuple[datetime, datetime]:
    if period.lower is None or period.upper is None:
        raise ValueError("a shift or leave has both ends")
    return period.lower, period.upper


def _rest(rule: BreakRule, day: date) -> BreakRef:
    return BreakRef(
        earliest=datetime.combine(day, rule.earliest, SHANGHAI),
        latest=datetime.combine(day, rule.latest, SHANGHAI),
        minutes=rule.minutes,
    )


def _covers(shift: Shift, rule: BreakRule, day: date) -> bool:
    """A rest counts only in a shift that holds it whole."""
    rest = _rest(rule, day)
    end = rest.latest + timedelta(minutes=rest.minutes)
    return bool(shift.period.lower <= rest.earliest and end <= shift.period.upper)


@question
def engineers_on_shift(*, city: str, at: datetime, actor: Actor) -> tuple[EngineerRef, ...]:
    """Engineers of a city who are on shift at a moment."""
    day = local_day(at)
    found = engineers_of_days(city=city, first=day - timedelta(days=1), last=day, actor=actor)
    return tuple(
        ref for refs in found.values() for ref in refs if ref.shift_start <= at < ref.shift_end
    )


@question
def away(*, user_ids: tuple[UUID, ...], at: datetime, actor: Actor) -> frozenset[UUID]:
    """Who of these engineers cannot be reached at a moment: on leave, or on no shift.

    Others have no roster here and count as reachable.
    """
    rostered = Engineer.objects.visible_to(actor).filter(user_id__in=user_ids)
    here = Shift.objects.filter(engineer=OuterRef("pk"), cancelled_at=None, period__contains=at)
    off = Leave.objects.filter(engineer=OuterRef("pk"), period__contains=at)
    gone = rostered.filter(~Exists(here) | Exists(off))
    return frozenset(gone.values_list("user_id", flat=True))


@question
def fit_for(*, user_id: UUID, certificates: tuple[str, ...], on: date, actor: Actor) -> Fitness:
    """Whether a person holds every one of these certificates on a day."""
    held = set(
        Certificate.objects.visible_to(actor)
        .filter(
            user_id=user_id,
            state=CertificateState.VALID,
            valid_from__lte=on,
            valid_until__gte=on,
        )
        .values_list("kind", flat=True)
    )
    missing = tuple(kind for kind in certificates if kind not in held)
    return Fitness(fit=not missing, missing=missing)


@question
def certificates(
    *,
    actor: Actor,
    kinds: Sequence[str] = (),
    user_ids: Sequence[UUID] = (),
) -> list[HeldCertificate]:
    """Certificates that have not lapsed, of these kinds and people; of all where none is named."""
    rows = Certificate.objects.visible_to(actor).exclude(state=CertificateState.LAPSED)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if user_ids:
        rows = rows.filter(user_id__in=user_ids)
    causes: dict[UUID, list[str]] = defaultdict(list)
    for row in Suspension.objects.filter(certificate__in=rows, lifted_at=None).order_by("since"):
        causes[row.certificate_id].append(row.cause)
    return [
        HeldCertificate(
            id=c.id,
            org_id=c.org_id,
            user_id=c.user_id,
            kind=c.kind,
            valid_from=c.valid_from,
            valid_until=c.valid_until,
            edition=c.edition,
            state=CertificateState(c.state),
            causes=tuple(causes[c.id]),
        )
        for c in rows.order_by("kind", "valid_until", "id")
    ]


def _engineers(actor: Actor, city: str) -> QuerySet[Engineer]:
    people = Engineer.objects.visible_to(actor)
    return people.filter(city=city) if city else people


@question
def engineers_count(*, actor: Actor, city: str = "") -> int:
    """How many engineers `engineers` would answer."""
    return _engineers(actor, city).count()


@question
def engineers(
    *, actor: Actor, at: datetime, city: str = "", limit: int | None = None, offset: int = 0
) -> list[EngineerRow]:
    """Engineers by city and name, what they hold, and their shifts of the next 7 days; all of them
    without a limit."""
    people = (
        _engineers(actor, city)
        .select_related("user")
        .order_by("city", "user__full_name", "id")
        .prefetch_related("skills")
    )
    rows = list(people[offset:] if limit is None else people[offset : offset + limit])
    papers: dict[UUID, list[Certificate]] = defaultdict(list)
    held = Certificate.objects.filter(user_id__in={row.user_id for row in rows})
    for paper in held.exclude(state=CertificateState.LAPSED).order_by("kind"):
        papers[paper.user_id].append(paper)
    week = TimestamptzRange(at, at + timedelta(days=7))
    ahead: dict[UUID, int] = defaultdict(int)
    for engineer_id in Shift.objects.filter(
        engineer__in=rows, period__overlap=week, cancelled_at=None
    ).values_list("engineer_id", flat=True):
        ahead[engineer_id] += 1
    today = local_day(at)
    return [
        EngineerRow(
            user_id=row.user_id,
            org_id=row.org_id,
            name=row.user.full_name,
            city=row.city,
            state=EngineerState(row.state),
            skills=tuple(sorted(g.skill for g in row.skills.all() if today in g.during)),
            certificates=tuple(
                CertificateRow(c.id, c.kind, c.number, c.valid_until, CertificateState(c.state))
                for c in papers[row.user_id]
            ),
            shifts_ahead=ahead[row.id],
        )
        for row in rows
    ]


@question
def shifts(
    *, first: date, last: date, actor: Actor, city: str = "", limit: int = 100, offset: int = 0
) -> ShiftPage:
    """A page of the shifts of the days from `first` to `last`, by beginning and name."""
    span = TimestamptzRange(day_span(first)[0], day_span(last)[1])
    found = (
        Shift.objects.visible_to(actor)
        .select_related("engineer__user")
        .filter(period__overlap=span, cancelled_at=None)
        .order_by("period", "engineer__user__full_name", "id")
    )
    if city:
        found = found.filter(engineer__city=city)
    rows = list(found[offset : offset + limit])
    leaves: dict[UUID, list[TimestamptzRange]] = defaultdict(list)
    for leave in Leave.objects.filter(
        engineer_id__in={s.engineer_id for s in rows}, period__overlap=span
    ):
        leaves[leave.engineer_id].append(leave.period)
    page = tuple(
        ShiftRow(
            id=row.id,
            user_id=row.engineer.user_id,
            name=row.engineer.user.full_name,
            city=row.engineer.city,
            starts_at=row.period.lower,
            ends_at=row.period.upper,
            on_leave=any(_overlap(row.period, leave) for leave in leaves[row.engineer_id]),
        )
        for row in rows
    )
    return ShiftPage(page, found.count())


@question
def engineer_cities(*, actor: Actor) -> list[str]:
    """Cities that have engineers, by name."""
    found = Engineer.objects.visible_to(actor).filter(state=EngineerState.ACTIVE)
    return list(found.order_by("city").values_list("city", flat=True).distinct())


@question
def staff_sheet_rows(*, actor: Actor) -> list[StaffSheetRow]:
    """All staff with one post, as rows of the sheet, each with the certificate that lasts longest.

    Telephones stand as they are; people who sign in by another name, or administer, are left out.
    """
    entries = [
        entry
        for entry in org.staff_entries(actor=actor)
        if len(entry.roles) == 1 and entry.roles[0] in POSTS and is_phone(entry.username)
    ]
    papers = {
        paper.user_id: paper
        for paper in Certificate.objects.visible_to(actor)
        .filter(user_id__in=[entry.id for entry in entries], state=CertificateState.VALID)
        .order_by("valid_until")
    }
    return [
        StaffSheetRow(
            name=entry.full_name,
            phone=entry.username,
            post=entry.roles[0],
            node=entry.node,
            joined_on=entry.joined_on,
            certificate=papers[entry.id].kind if entry.id in papers else "",
            valid_until=papers[entry.id].valid_until if entry.id in papers else None,
        )
        for entry in entries
    ]


@question
def staff_import(*, batch_id: UUID, actor: Actor) -> imports.BatchCard:
    """One sheet of staff with the faults of its cells."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)
