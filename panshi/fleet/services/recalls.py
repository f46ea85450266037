"""Verbs of recalls: a maker calls vehicles back, and each is free again once it was done."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet.events import RecallDone, RecallOpened
from panshi.fleet.models import Recall, Vehicle
from panshi.fleet.services.life import locked_all
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class RecallInvalid(Refusal):
    pass


@verb
def set_recall_open(
    *, vehicle_ids: Sequence[UUID], number: str, words: str, actor: Actor, at: datetime
) -> RecallOpened:
    """Note that a maker calls these vehicles back: none of them is delivered until it was done.

    Those under this recall already stay as they are. Raises RecallInvalid.
    """
    vehicles = locked_all(vehicle_ids, actor=actor, permission="fleet.set_recall_open")
    number, words = number.strip()[:40], words.strip()[:200]
    if not vehicles or not number or not words:
        raise RecallInvalid(_("A recall needs its number, what it is for, and vehicles."))
    known = set(
        Recall.objects.filter(vehicle__in=vehicles, number=number).values_list(
            "vehicle_id", flat=True
        )
    )
    new = [vehicle for vehicle in vehicles if vehicle.id not in known]
    Recall.objects.bulk_create(
        Recall(
            org_id=vehicle.org_id,
            vehicle=vehicle,
            number=number,
            words=words,
            opened_by_id=actor.id,
            opened_at=at,
        )
        for vehicle in new
    )
    return RecallOpened(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        number=number,
        words=words,
        vehicle_ids=tuple(vehicle.id for vehicle in new),
    )


@verb
def set_recall_done(
    *, vehicle_id: UUID, number: str, words: str, actor: Actor, at: datetime
) -> RecallDone:
    """Write what was done about a recall of a vehicle. Raises RecallInvalid without words."""
    vehicle = Vehicle.objects.visible_to(actor).get(id=vehicle_id)
    actor.must("fleet.set_recall_done", vehicle.org_id)
    recall = Recall.objects.select_for_update().get(
        vehicle=vehicle, number=number, done_at__isnull=True
    )
    if not words.strip():
        raise RecallInvalid(_("Write what was done, and where."))
    recall.done_by_id, recall.done_at, recall.done_words = actor.id, at, words.strip()[:200]
    recall.save(update_fields=["done_by_id", "done_at", "done_words"])
    return RecallDone(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id, number=number
    )
