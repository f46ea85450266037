"""Verbs of an inspection: begun, marked view by view, photographed, signed and then frozen."""

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
    DamageKind,
    DamageMark,
    Inspection,
    InspectionKind,
    InspectionPhoto,
    ReadingSource,
    TerminalLevel,
    Vehicle,
)
from panshi.fleet.rules.wear import VIEWS
from panshi.fleet.services.life import locked, refuse_backwards
from panshi.fleet.services.readings import inspected
from panshi.kit import files
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

FRESH: Final = timedelta(minutes=10)
ODOMETER_KM: Final = Decimal(2)
SOC_PCT: Final = Decimal(3)
# The handbook's words for what begins.
_BEGUN: Final = {"PDI": "PRE_DELIVERY", "OUT": "HANDOVER", "IN": "RETURN", "IDLE": "IDLE"}
_REQUIRED: Final = ("FRONT", "REAR", "LEFT", "RIGHT", "CARGO")


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


@verb
def start_inspection(
    *, vehicle_id: UUID, kind: str, actor: Actor, at: datetime
) -> InspectionStarted:
    """Begin an inspection; a return is compared with the last delivery. Raises InspectionOpen."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.start_inspection")
    wanted = InspectionKind(kind)
    if wanted == InspectionKind.COUNT:
        raise IllegalMove(_("A stock take is begun at its lot."))
    if Inspection.objects.filter(vehicle=vehicle, kind=wanted, signed_at=None).exists():
        raise InspectionOpen(_("This inspection has begun already; go on with it."))
    signed = Inspection.objects.filter(vehicle=vehicle, signed_at__isnull=False)
    before = (
        signed.filter(kind=InspectionKind.OUT).order_by("-signed_at").first()
        if wanted == InspectionKind.IN
        else None
    )
    inspection = Inspection.objects.create(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        kind=wanted,
        started_by_id=actor.id,
        started_at=at,
        compared_with=before,
    )
    return InspectionStarted(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        inspection_id=inspection.id,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        kind=_BEGUN[wanted],
    )


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

    Raises UnknownPart or InspectionSigned.
    """
    inspection = _open(inspection_id, actor=actor, permission="fleet.mark_damage")
    if part not in VIEWS.get(view, ()) or damage not in DamageKind.values or size < 0:
        raise UnknownPart(_("This view does not show such a part."))
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
    )


def _readings(inspection: Inspection, km: Decimal, pct: Decimal, at: datetime) -> None:
    """The terminal's values when it spoke within ten minutes, else what was typed."""
    level = TerminalLevel.objects.filter(vehicle_id=inspection.vehicle_id).first()
    inspection.typed_km, inspection.typed_pct = km, pct
    inspection.odometer_km, inspection.soc_pct = km, pct
    moments = (level.odometer_at, level.soc_at) if level else (None, None)
    if level is None or any(moment is None or at - moment > FRESH for moment in moments):
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
) -> VehicleInspected:
    """Sign an inspection: from now on it, its marks and its photos stand.

    A terminal that spoke within ten minutes gives the readings; what was typed is kept beside, and
    flagged when it differs by more than 2 km or 3 %. Raises ViewMissing for delivery and return
    without the required photos, OdometerBackwards, InspectionSigned.
    """
    inspection = _open(inspection_id, actor=actor, permission="fleet.complete_inspection")
    vehicle = Vehicle.objects.select_for_update().get(id=inspection.vehicle_id)
    if inspection.kind in (InspectionKind.OUT, InspectionKind.IN):
        kept = set(
            InspectionPhoto.objects.filter(inspection=inspection).values_list("view", flat=True)
        )
        if lacking := [view for view in _REQUIRED if view not in kept]:
            raise ViewMissing(_("Not photographed yet: %s.") % ", ".join(lacking))
    _readings(inspection, odometer_km, soc_pct, at)
    assert inspection.odometer_km is not None
    refuse_backwards(vehicle, inspection.odometer_km)
    inspection.passed, inspection.note = passed, note
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
