"""Verbs of the work at the vehicle: photos, signature, parts, time."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit import files
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.service import events
from panshi.service.models import Labour, PartUsed, Photo, Visit, VisitState, WorkOrder
from panshi.service.services import placing
from panshi.service.services.visits import (
    NotOnSite,
    ReasonMissing,
    SignatureMissing,
    on_visit,
    order_in_work,
)
from panshi.supply import queries as stock
from panshi.supply import services as supply
from panshi.supply.events import StockLine


class NotAboard(Refusal):
    pass


def _keep_photo(
    order: WorkOrder,
    content: bytes,
    name: str,
    purpose: str,
    actor: Actor,
    at: datetime,
    *,
    step: str = "",
    signed_by: str = "",
    lon: float | None = None,
    lat: float | None = None,
) -> Photo:
    stored = files.store(
        content=content,
        name=name,
        org_id=order.org_id,
        actor=actor,
        customer_id=order.customer_id,
    )
    return Photo.objects.create(
        org_id=order.org_id,
        order=order,
        file_id=stored.id,
        customer_id=order.customer_id,
        purpose=purpose,
        step=step[:120],
        signed_by=signed_by,
        lon=lon,
        lat=lat,
        taken_at=at,
        by_id=actor.id,
    )


@verb
def attach_photo(
    *,
    work_order_id: UUID,
    content: bytes,
    name: str,
    purpose: str,
    actor: Actor,
    at: datetime,
    step: str = "",
    lon: float | None = None,
    lat: float | None = None,
) -> events.PhotoAttached:
    """Keep a photo (BEFORE, AFTER or EVIDENCE). Raises files.FileTooLarge, FileNotAccepted."""
    order = order_in_work(work_order_id, "service.attach_photo", actor)
    if purpose not in ("BEFORE", "AFTER", "EVIDENCE"):
        raise ReasonMissing(_("Say what the photo shows: before, after, or evidence."))
    photo = _keep_photo(order, content, name, purpose, actor, at, step=step, lon=lon, lat=lat)
    return events.PhotoAttached(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        photo_id=photo.id,
        purpose=purpose,
        step=step,
    )


@verb
def sign_visit(
    *, work_order_id: UUID, content: bytes, signed_by: str, actor: Actor, at: datetime
) -> events.VisitSigned:
    """Keep the customer's signature, as an image. Raises SignatureMissing without a name."""
    order = order_in_work(work_order_id, "service.sign_visit", actor)
    if not signed_by.strip():
        raise SignatureMissing(_("Say who signs."))
    photo = _keep_photo(
        order, content, "signature.png", "SIGNATURE", actor, at, signed_by=signed_by[:60]
    )
    return events.VisitSigned(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        photo_id=photo.id,
        signed_by=signed_by,
    )


def _must_be_on_site(visit: Visit) -> None:
    if visit.state != VisitState.ON_SITE:
        raise NotOnSite(_("Record your arrival first."))


@verb
def use_part(
    *,
    visit_id: UUID,
    item_code: str,
    quantity: int,
    actor: Actor,
    at: datetime,
    lot: str = "",
    serial: str = "",
    client_id: UUID | None = None,
) -> events.PartUsed:
    """Build a part in, out of the engineer's van. Raises NotAboard, NotOnSite, NotYourVisit."""
    visit, order, engineer_id = on_visit(visit_id, "service.use_part", actor)
    _must_be_on_site(visit)
    van = stock.van_of(user_id=engineer_id, at=at, actor=actor)
    if van is None:
        raise NotAboard(_("You have no van to take parts from."))
    try:
        used = supply.consume_parts(
            location_id=van.id,
            lines=[StockLine(item_code=item_code, quantity=quantity, lot=lot)],
            document=placing.DOCUMENT.format(visit.id),
            client_id=client_id,
            vehicle_id=order.vehicle_id,
            actor=actor,
            at=at,
        )
    except supply.InsufficientStock as error:
        raise NotAboard(
            _("Your van does not hold %(quantity)d of %(item)s.")
            % {"quantity": quantity, "item": item_code}
        ) from error
    PartUsed.objects.bulk_create(
        PartUsed(
            org_id=visit.org_id,
            visit=visit,
            item_code=line.item_code,
            lot=line.lot,
            serial=serial,
            quantity=line.quantity,
            movement_id=movement_id,
            at=at,
            by_id=actor.id,
        )
        for line, movement_id in zip(used.lines, used.movement_ids, strict=True)
    )
    known = {item.code: item for item in stock.items(actor=actor)}
    return events.PartUsed(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        item_code=item_code,
        quantity=quantity,
        lot=lot,
        serial=serial,
        safety=item_code in known and known[item_code].safety,
    )


@verb
def record_labour(
    *, visit_id: UUID, minutes: int, actor: Actor, at: datetime, words: str = ""
) -> events.LabourRecorded:
    """Note working time of the person who records it. Raises NotOnSite, ReasonMissing."""
    visit, order, _lead = on_visit(visit_id, "service.record_labour", actor)
    _must_be_on_site(visit)
    if not 1 <= minutes <= 1440:
        raise ReasonMissing(_("Working time lies between one minute and one day."))
    Labour.objects.create(
        org_id=visit.org_id, visit=visit, user_id=actor.id, minutes=minutes, words=words, at=at
    )
    return events.LabourRecorded(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        user_id=actor.id,
        minutes=minutes,
    )
