"""Questions of inspections: what was seen, what changed since delivery, what it costs and why."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from panshi.fleet.models import (
    TOLD_AS,
    ClauseUnit,
    DamageKind,
    DamageMark,
    Inspection,
    InspectionKind,
    InspectionPhoto,
    ReadingSource,
    TerminalLevel,
    WearClause,
    WearStandard,
)
from panshi.fleet.rules import wear
from panshi.kit import files
from panshi.kit.clock import local_day, months_apart
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    view: str
    part: str
    damage: DamageKind
    size: Decimal
    count: int
    note: str
    photo_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """What became of damage on a part, and what the cited clause charges; CNY, tax included."""

    status: str
    view: str
    part: str
    damage: DamageKind
    size_before: Decimal | None
    size_after: Decimal | None
    count: int
    clause: str
    words: str
    words_zh: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPair:
    """The pictures of a view at delivery and now, as ids of InspectionPhoto."""

    view: str
    before: UUID | None
    now: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionPicture:
    """The picture of a view as it counts now: its file, by whom and when it was taken."""

    view: str
    file_id: UUID
    sha256: str
    person_id: UUID
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionCard:
    """An inspection with its marks and photos and, beside a delivery, what changed and costs."""

    id: UUID
    org_id: int
    vehicle_id: UUID
    plate: str
    kind: InspectionKind
    started_at: datetime | None
    signed_at: datetime | None
    signed_by_id: UUID | None
    customer_signed: str
    passed: bool | None
    note: str
    odometer_km: Decimal | None
    soc_pct: Decimal | None
    source: ReadingSource
    typed_km: Decimal | None
    typed_pct: Decimal | None
    differs: bool
    terminal_km: Decimal | None
    terminal_pct: Decimal | None
    terminal_at: datetime | None
    marks: tuple[MarkRow, ...]
    photos: tuple[PhotoPair, ...]
    compared_with: UUID | None
    compared_at: datetime | None
    lines: tuple[PriceLine, ...]
    standard: str
    age_months: int
    distance_km: Decimal

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseRow:
    """A clause of the standard; the fields mean what the noun WearClause says."""

    code: str
    damage: DamageKind
    parts: tuple[str, ...]
    free_size: Decimal
    free_count: int
    from_months: int
    unit: ClauseUnit
    price: Decimal
    full_size: Decimal
    life_months: int
    words: str
    words_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardRow:
    """A version of the standard with its clauses."""

    id: UUID
    org_id: int
    version: int
    name: str
    starts_on: date
    ends_on: date | None
    drafted_by_id: UUID
    published_at: datetime | None
    confirmed: bool
    clauses: tuple[ClauseRow, ...]


def as_marks(rows: list[DamageMark]) -> list[wear.Mark]:
    return [
        wear.Mark(view=row.view, part=row.part, damage=row.damage, size=row.size, count=row.count)
        for row in rows
    ]


def as_clauses(rows: list[WearClause]) -> list[wear.Clause]:
    return [
        wear.Clause(
            code=row.code,
            damage=row.damage,
            parts=tuple(row.parts),
            from_months=row.from_months,
            free_size=row.free_size,
            free_count=row.free_count,
            unit=row.unit,
            price=row.price,
            full_size=row.full_size,
            life_months=row.life_months,
        )
        for row in rows
    ]


def standard_in_force(org_id: int, on: date) -> WearStandard | None:
    """The published version of the nearest node above that is in force on a day."""
    nodes = lineage(org_id)
    found = WearStandard.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=on),
        org_id__in=nodes,
        published_at__isnull=False,
        starts_on__lte=on,
    )
    return min(found, key=lambda row: nodes.index(row.org_id), default=None)


def months_between(since: date | None, until: date) -> int:
    """Whole months from a day to another, 0 when unknown."""
    if since is None or since > until:
        return 0
    return months_apart(since, until) - (until.day < since.day)


@question
def inspection_card(*, inspection_id: UUID, actor: Actor, at: datetime) -> InspectionCard:
    """An inspection; one compared with a delivery is priced by the standard in force at signing."""
    found = (
        Inspection.objects.visible_to(actor)
        .select_related("vehicle", "compared_with")
        .get(id=inspection_id)
    )
    marks = list(DamageMark.objects.filter(inspection=found).order_by("view", "part", "damage"))
    before = found.compared_with
    on = local_day(found.signed_at or at)
    age = months_between(found.vehicle.first_registered_on or found.vehicle.purchased_on, on)
    km = found.odometer_km or found.vehicle.odometer_km
    distance = max(ZERO, km - (before.odometer_km or ZERO)) if before else ZERO
    standard = standard_in_force(found.org_id, on) if before else None
    level = TerminalLevel.objects.filter(vehicle_id=found.vehicle_id).first()
    return InspectionCard(
        id=found.id,
        org_id=found.org_id,
        vehicle_id=found.vehicle_id,
        plate=found.vehicle.plate or found.vehicle.vin,
        kind=InspectionKind(found.kind),
        started_at=found.started_at,
        signed_at=found.signed_at,
        signed_by_id=found.signed_by_id,
        customer_signed=found.customer_signed,
        passed=found.passed,
        note=found.note,
        odometer_km=found.odometer_km,
        soc_pct=found.soc_pct,
        source=ReadingSource(found.source),
        typed_km=found.typed_km,
        typed_pct=found.typed_pct,
        differs=found.differs,
        terminal_km=level.odometer_km if level else None,
        terminal_pct=level.soc_pct if level else None,
        terminal_at=level.odometer_at if level else None,
        marks=tuple(mark_row(mark) for mark in marks),
        photos=_photos(found),
        compared_with=before.id if before else None,
        compared_at=before.signed_at if before else None,
        lines=_lines(before, marks, standard, age, distance) if before else (),
        standard=f"{standard.name} v{standard.version}" if standard else "",
        age_months=age,
        distance_km=distance,
    )


def _photos(inspection: Inspection) -> tuple[PhotoPair, ...]:
    ids = [inspection.id, *([inspection.compared_with_id] if inspection.compared_with_id else [])]
    kept = {
        (photo.inspection_id, photo.view): photo.id
        for photo in InspectionPhoto.objects.filter(inspection_id__in=ids)
    }
    before = inspection.compared_with_id
    return tuple(
        PhotoPair(
            view=view,
            before=kept.get((before, view)) if before else None,
            now=kept.get((inspection.id, view)),
        )
        for view in wear.VIEWS
    )


def _lines(
    before: Inspection,
    marks: list[DamageMark],
    standard: WearStandard | None,
    age: int,
    distance: Decimal,
) -> tuple[PriceLine, ...]:
    clauses = list(WearClause.objects.filter(standard=standard)) if standard else []
    words = {clause.code: (clause.words, clause.words_zh) for clause in clauses}
    changes = wear.diff(
        as_marks(list(DamageMark.objects.filter(inspection=before))), as_marks(marks)
    )
    priced = {
        line.change.key: line
        for line in wear.price(changes, as_clauses(clauses), age_months=age, distance_km=distance)
    }
    rows = []
    for change in changes:
        line = priced.get(change.key)
        code = line.clause if line else ""
        rows.append(
            PriceLine(
                status=change.status,
                view=change.key[0],
                part=change.key[1],
                damage=DamageKind(change.key[2]),
                size_before=change.before.size if change.before else None,
                size_after=change.after.size if change.after else None,
                count=change.after.count if change.after else 0,
                clause=code,
                words=words.get(code, ("", ""))[0],
                words_zh=words.get(code, ("", ""))[1],
                amount=line.amount if line else ZERO,
            )
        )
    return tuple(rows)


def mark_row(mark: DamageMark) -> MarkRow:
    return MarkRow(
        view=mark.view,
        part=mark.part,
        damage=DamageKind(mark.damage),
        size=mark.size,
        count=mark.count,
        note=mark.note,
        photo_id=mark.photo_id,
    )


def clause_row(clause: WearClause) -> ClauseRow:
    return ClauseRow(
        code=clause.code,
        damage=DamageKind(clause.damage),
        parts=tuple(clause.parts),
        free_size=clause.free_size,
        free_count=clause.free_count,
        from_months=clause.from_months,
        unit=ClauseUnit(clause.unit),
        price=clause.price,
        full_size=clause.full_size,
        life_months=clause.life_months,
        words=clause.words,
        words_zh=clause.words_zh,
    )


@question
def wear_standards(*, actor: Actor) -> list[StandardRow]:
    """The versions of the standard that this actor may read, newest first, with their clauses."""
    rows = list(WearStandard.objects.order_by("-starts_on", "-version"))
    clauses: dict[UUID, list[ClauseRow]] = {row.id: [] for row in rows}
    for clause in WearClause.objects.filter(standard__in=rows).order_by("code"):
        clauses[clause.standard_id].append(clause_row(clause))
    return [
        StandardRow(
            id=row.id,
            org_id=row.org_id,
            version=row.version,
            name=row.name,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            drafted_by_id=row.drafted_by_id,
            published_at=row.published_at,
            confirmed=row.confirmed,
            clauses=tuple(clauses[row.id]),
        )
        for row in rows
    ]


def inspection_photo(*, photo_id: UUID, actor: Actor) -> tuple[bytes, str]:
    """A picture of a view and its media type. Raises InspectionPhoto.DoesNotExist."""
    photo = InspectionPhoto.objects.visible_to(actor).select_related("file").get(id=photo_id)
    return files.read(photo.file), photo.file.media_type


@question
def inspection_pictures(
    *, vehicle_id: UUID, kind: str, since: datetime, actor: Actor
) -> tuple[InspectionPicture, ...]:
    """The pictures of a vehicle's last inspection of a kind that was open at `since` or later.

    `kind` as InspectionStarted says it.
    """
    kinds = [code for code, told in TOLD_AS.items() if told == kind]
    last = (
        Inspection.objects.visible_to(actor)
        .filter(Q(signed_at=None) | Q(signed_at__gte=since), vehicle=vehicle_id, kind__in=kinds)
        .order_by("-started_at")
        .first()
    )
    if last is None:
        return ()
    photos = InspectionPhoto.objects.filter(inspection=last).select_related("file")
    return tuple(
        InspectionPicture(
            view=photo.view,
            file_id=photo.file_id,
            sha256=photo.file.sha256,
            person_id=photo.file.by_id,
            taken_at=photo.taken_at,
        )
        for photo in photos.order_by("view")
    )
