"""Verbs of quality."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.numbers import next_number
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.quality.events import NonconformityClosed, NonconformityKnown, NonconformityOpened
from panshi.quality.models import NONCONFORMITY_LIFE, Grade, Nonconformity, NonconformityState


class WordsMissing(Refusal):
    pass


@verb
def open_nonconformity(
    *,
    org_id: int,
    source_kind: str,
    source_id: UUID,
    grade: str,
    words: str,
    actor: Actor,
    at: datetime,
    node_slug: str = "",
    city: str = "",
) -> NonconformityOpened | NonconformityKnown:
    """Record that something broke a rule; once per source. Raises WordsMissing."""
    actor.must("quality.open_nonconformity", org_id)
    if not words.strip():
        raise WordsMissing(_("Say what did not conform."))
    row, new = Nonconformity.objects.get_or_create(
        org_id=org_id,
        source_kind=source_kind,
        source_id=source_id,
        defaults={
            "number": next_number(org_id=org_id, series="NC"),
            "grade": Grade(grade),
            "words": words,
            "node_slug": node_slug,
            "city": city,
            "opened_at": at,
        },
    )
    if not new:
        return NonconformityKnown(org_id=org_id, actor_id=actor.id, at=at, nonconformity_id=row.id)
    return NonconformityOpened(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        nonconformity_id=row.id,
        number=row.number,
        grade=row.grade,
        node_slug=node_slug,
        city=city,
        source_kind=source_kind,
        source_id=source_id,
    )


@verb
def close_nonconformity(
    *, nonconformity_id: UUID, cause: str, correction: str, actor: Actor, at: datetime
) -> NonconformityClosed:
    """Close it with its cause and what was put right. Raises WordsMissing, IllegalMove."""
    row = Nonconformity.objects.visible_to(actor).select_for_update().get(id=nonconformity_id)
    actor.must("quality.close_nonconformity", row.org_id)
    if not cause.strip() or not correction.strip():
        raise WordsMissing(_("Say the cause and what was put right."))
    row.state = NONCONFORMITY_LIFE.step(row.state, NonconformityState.CLOSED)
    row.cause, row.correction = cause, correction
    row.closed_at, row.closed_by_id = at, actor.id
    row.save(update_fields=["state", "cause", "correction", "closed_at", "closed_by_id"])
    return NonconformityClosed(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        nonconformity_id=row.id,
        number=row.number,
        cause=cause,
        correction=correction,
    )
