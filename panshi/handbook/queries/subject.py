"""What a run is about, as the room that owns it shows it."""

import inspect
import re
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from pydantic import TypeAdapter

from panshi.handbook import book
from panshi.handbook.models import Run
from panshi.handbook.rules.conditions import World
from panshi.kit import verbs
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor, system_actor
from panshi.optimiser.match import Place
from panshi.service import queries as service

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SUBJECT_CARDS: Final = {
    "fleet.vehicle": ("fleet.vehicle_card", "vehicle_id"),
    "billing.bill": ("billing.bill_card", "bill_id"),
    "leasing.lease": ("leasing.lease_card", "lease_id"),
    "crm.customer": ("crm.customer_card", "customer_id"),
    "service.work_order": ("service.work_order_card", "work_order_id"),
    "diagnosis.finding": ("diagnosis.finding_page", "finding_id"),
}


def subject_card(
    subject_type: str, subject_id: str, actor: Actor, at: datetime
) -> dict[str, object]:
    """The fields of a subject's card as plain values; empty when its room keeps none."""
    name, parameter = SUBJECT_CARDS.get(subject_type, ("", ""))
    ask = verbs.QUESTIONS.get(name)
    if ask is None or not _UUID.fullmatch(subject_id):
        return {}
    given: dict[str, object] = {parameter: UUID(subject_id), "actor": actor}
    asked = inspect.signature(ask).parameters
    given |= {k: v for k, v in (("at", at), ("today", local_day(at))) if k in asked}
    try:
        card = ask(**given)
    except ObjectDoesNotExist:
        return {}
    plain: dict[str, object] = TypeAdapter(type(card)).dump_python(card, mode="json")
    return plain


def place_of(run: Run) -> Place | None:
    """Where the job stands that a run serves; None when it serves none or that has no place."""
    own = run.subject_type == "service.work_order" and _UUID.fullmatch(run.subject_id)
    order_id = UUID(run.subject_id) if own else run.work_order_id
    if order_id is None:
        return None
    return service.order_place(work_order_id=order_id, actor=system_actor(run.org_id))


def world_of(run: Run, actor: Actor, at: datetime) -> World:
    """What the conditions of this run may look at; the subject is asked only when one does."""
    edition = book.book_of(run.edition_id)
    return World(
        fact=run.fact,
        subject=subject_card(run.subject_type, run.subject_id, system_actor(run.org_id), at)
        if book.asks_subject(run.revision)
        else {},
        param={**edition.params, **run.params},
        actor=str(actor.id),
        now=at.isoformat(),
    )
