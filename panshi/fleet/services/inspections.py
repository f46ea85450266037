"""Verbs of an inspection: begun, marked view by view, photographed, signed and then frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet.events import (
    DamageMarked,
    InspectionPhotoKept,
    InspectionStarted,
    VehicleInspected,
)
from panshi.fleet.models import (
    TOLD_AS,
    DamageKind,
    DamageMark,
    Inspection,
    InspectionKind,
    InspectionPhoto,
    ReadingSource,
    TerminalLevel,
    Vehicle,
)
from panshi.fleet.rules.wear import REQUIRED_VIEWS, VIEWS
from panshi.fleet.services.life import locked, refuse_backwards
from panshi.fleet.services.readings import inspected
from panshi.kit import files
from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

FRESH: Final = timedelta(minutes=10)
ODOMETER_KM: Final = Decimal(2)
SOC_PCT: Final = Decimal(3)


class InspectionOpen(Refusal):
    """An inspection of this kind has begun already."""


class InspectionSigned(Refusal):
    """What is signed is not changed any more."""


class UnknownPart(Refusal):
    """The view does not show such a part."""


class ViewMissing(Refusal):
    """A view that must be photographed is not."""


class PhotoNotAPicture(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMark:
    """Damage that was known before and is still there; the fields as mark_damage takes them."""

    view: str
    part: str
    damage: str
    size: Decimal
    count: int = 1
    note: str = ""


@verb
def start_inspection(
    *,
    vehicle_id: UUID,
    kind: str,
    actor: Actor,
    at: datetime,
    inspection_id: UUID | None = None,
    marks: Sequence[SeenMark] = (),
) -> InspectionStarted:
    """Begin an inspection; a return is compared with the last delivery.

    A phone without network makes the `inspection_id` itself, so that all it keeps afterwards names
    it and no act has to wait for the answer to another; `marks` are those it showed as known.

    Raises InspectionOpen, UnknownPart, or IllegalMove for a count.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.start_inspection")
    wanted = InspectionKind(kind)
    if wanted == InspectionKind.COUNT:
        raise IllegalMove(_("A stock take is begun at its lot."))
    begun = Inspection.objects.filter(vehicle=vehicle, kind=wanted, signed_at=None)
    known = inspection_id and Inspection.objects.filter(id=inspection_id).exists()
    if begun.exists() or known:
        raise InspectionOpen(_("This inspection has begun already; go on with it."))
    signed = Inspection.objects.filter(vehicle=vehicle, signed_at__isnull=False)
    before = (
        signed.filter(kind=InspectionKind.OUT).order_by("-signed_at").first()
        if wanted == InspectionKind.IN
        else None
    )
    for mark in marks:
        _check_mark(mark.view, mark.part, mark.damage, mark.size)
    inspection = Inspection.objects.create(
        id=inspection_id or uuid7(),
        org_id=vehicle.org_id,
        vehicle=vehicle,
        kind=wanted,
        started_by_id=actor.id,
        started_at=at,
        compared_with=before,
    )
    DamageMark.objects.bulk_create(
        DamageMark(
            id=uuid7(),
            org_id=vehicle.org_id,
            inspection=inspection,
            view=mark.view,
            part=mark.part,
            damage=mark.damage,
            size=mark.size,
            count=max(1, mark.count),
            note=mark.note,
        )
        for mark in {(mark.view, mark.part, mark.damage): mark for mark in marks}.values()
    )
    return InspectionStarted(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        inspection_id=inspection.id,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        kind=TOLD_AS[wanted],
    )


def _check_mark(view: str, part: str, damage: str, size: Decimal) -> None:
    if part not in VIEWS.get(view, ()) or damage not in DamageKind.values or size < 0:
        raise UnknownPart(_("This view does not show such a part."))


def _open(inspection_id: UUID, *, actor: Actor, permission: str) -> Inspection:
    found = Inspection.objects.visible_to(actor).select_for_update().get(id=inspection_id)
    actor.must(permission, found.org_id)
    if found.signed_at is not None:
        raise InspectionSigned(_("This inspection is signed and does not change any more."))
    return found


@verb
def mark_damage(
    *,
    inspection_id: UUID,
    view: str,
    part: str,
    damage: str,
    size: Decimal,
    actor: Actor,
    at: datetime,
    count: int = 1,
    note: str = "",
    photo_name: str = "",
    photo: Base64Bytes | None = None,
) -> DamageMarked:
    """Mark damage on a part in a view; a count of 0 takes the mark away. `size` as DamageMark says.

    Raises UnknownPart, InspectionSigned, and the refusals of kit.files.
    """
    inspection = _open(inspection_id, actor=actor, permission="fleet.mark_damage")
    _check_mark(view, part, damage, size)
    key: dict[str, Any] = {"inspection": inspection, "view": view, "part": part, "damage": damage}
    if count < 1:
        DamageMark.objects.filter(**key).delete()
    else:
        values: dict[str, Any] = {
            "org_id": inspection.org_id,
            "size": size,
            "count": count,
            "note": note,
        }
        mark, _new = DamageMark.objects.update_or_create(**key, defaults=values)
        if photo is not None:
            files.must_tell_the_time(photo)
            mark.photo = files.store(
                content=photo, name=photo_name, org_id=inspection.org_id, actor=actor
            )
            mark.save(update_fields=["photo"])
    return DamageMarked(
        org_id=inspection.org_id,
        actor_id=actor.id,
        at=at,
        inspection_id=inspection.id,
        vehicle_id=inspection.vehicle_id,
        part=part,
        damage=damage,
    )


@verb
def keep_inspection_photo(
    *,
    inspection_id: UUID,
    view: str,
    photo_name: str,
    photo: Base64Bytes,
    actor: Actor,
    at: datetime,
) -> InspectionPhotoKept:
    """Keep the picture of a view; a later one takes its place.

    Raises UnknownPart, PhotoNotAPicture, InspectionSigned, and the refusals of kit.files.
    """
    inspection = _open(inspection_id, actor=actor, permission="fleet.keep_inspection_photo")
    if view not in VIEWS:
        raise UnknownPart(_("There is no such view."))
    if not files.media_type(photo).startswith("image/"):
        raise PhotoNotAPicture(_("Send a picture."))
    files.must_tell_the_time(photo)
    stored = files.store(content=photo, name=photo_name, org_id=inspection.org_id, actor=actor)
    InspectionPhoto.objects.update_or_create(
        inspection=inspection,
        view=view,
        defaults={"org_id": inspection.org_id, "file": stored, "taken_at": at},
    )
    return InspectionPhotoKept(
        org_id=inspection.org_id,
        actor_id=actor.id,
        at=at,
        inspection_id=inspection.id,
        view=view,
        file_id=stored.id,
        vehicle_id=inspection.vehicle_id,
        kind=TOLD_AS.get(inspection.kind, ""),
    )


def _readings(inspection: Inspection, km: Decimal, pct: Decimal, at: datetime) -> None:
    """The terminal's values when it spoke within ten minutes, else what was typed.

    What it said later proves nothing: an inspection made without network arrives when the vehicle
    may be far away.
    """
    level = TerminalLevel.objects.filter(vehicle_id=inspection.vehicle_id).first()
    inspection.typed_km, inspection.typed_pct = km, pct
    inspection.odometer_km, inspection.soc_pct = km, pct
    moments = (level.odometer_at, level.soc_at) if level else (None, None)
    if level is None or any(moment is None or abs(at - moment) > FRESH for moment in moments):
        return
    if level.odometer_km is None or level.soc_pct is None:
        return
    inspection.source = ReadingSource.TERMINAL
    inspection.odometer_km, inspection.soc_pct = level.odometer_km, level.soc_pct
    inspection.differs = (
        abs(km - level.odometer_km) > ODOMETER_KM or abs(pct - level.soc_pct) > SOC_PCT
    )


@verb
def complete_inspection(
    *,
    inspection_id: UUID,
    odometer_km: Decimal,
    soc_pct: Decimal,
    passed: bool,
    actor: Actor,
    at: datetime,
    note: str = "",
    customer_signed: str = "",
    device_at: datetime | None = None,
    lower_because: str = "",
) -> VehicleInspected:
    """Sign an inspection: from now on it, its marks and its photos stand.

    A terminal that spoke within ten minutes gives the readings; what was typed is kept beside, and
    flagged when it differs by more than 2 km or 3 %. An odometer below the known one needs a
    reason, kept with the note, and the permission `fleet.correct_odometer`. Raises ViewMissing for
    delivery and return without the required photos, OdometerBackwards, InspectionSigned.
    """
    inspection = _open(inspection_id, actor=actor, permission="fleet.complete_inspection")
    vehicle = Vehicle.objects.select_for_update().get(id=inspection.vehicle_id)
    if inspection.kind in (InspectionKind.OUT, InspectionKind.IN):
        kept = set(
            InspectionPhoto.objects.filter(inspection=inspection).values_list("view", flat=True)
        )
        if lacking := [view for view in REQUIRED_VIEWS if view not in kept]:
            raise ViewMissing(_("Not photographed yet: %s.") % ", ".join(lacking))
    _readings(inspection, odometer_km, soc_pct, at)
    assert inspection.odometer_km is not None
    words = [note.strip()]
    if inspection.odometer_km < vehicle.odometer_km and lower_because.strip():
        actor.must("fleet.correct_odometer", inspection.org_id)
        words.insert(0, f"{vehicle.odometer_km} → {inspection.odometer_km} km: {lower_because}")
    else:
        refuse_backwards(vehicle, inspection.odometer_km)
    inspection.passed, inspection.note = passed, "; ".join(filter(None, words))[:400]
    inspection.customer_signed, inspection.device_at = customer_signed.strip(), device_at
    inspection.signed_by_id, inspection.signed_at = actor.id, at
    inspection.save()
    return inspected(
        vehicle,
        inspection.id,
        kind=inspection.kind,
        odometer_km=inspection.odometer_km,
        soc_pct=inspection.soc_pct,
        passed=passed,
        actor=actor,
        at=at,
    )
