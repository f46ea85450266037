"""Verbs of the written standard of fair wear: drafted, published by a second person."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from panshi.fleet.events import WearStandardDrafted, WearStandardPublished
from panshi.fleet.models import WearClause, WearStandard
from panshi.fleet.rules.wear import Clause
from panshi.fleet.services.disposal import OwnProposal
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_STARTING: Final = Path(__file__).parent.parent / "wear_standard.csv"


class ClauseOverlap(Refusal):
    """Another published version is in force on these days."""


def _rows() -> list[dict[str, str]]:
    with _STARTING.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def starting_clauses() -> list[Clause]:
    """The clauses of the starting standard, which each operator may hold against its own."""
    return [
        Clause(
            code=row["code"],
            damage=row["damage"],
            parts=tuple(row["parts"].split()),
            from_months=int(row["from_months"]),
            free_size=Decimal(row["free_size"]),
            free_count=int(row["free_count"]),
            unit=row["unit"],
            price=Decimal(row["price"]),
            full_size=Decimal(row["full_size"]),
            life_months=int(row["life_months"]),
        )
        for row in _rows()
    ]


@verb
def draft_wear_standard(
    *, org_id: int, name: str, starts_on: date, actor: Actor, at: datetime
) -> WearStandardDrafted:
    """Draft a version from the one in force, or from the starting standard when there is none."""
    actor.must("fleet.draft_wear_standard", org_id)
    mine = WearStandard.objects.filter(org_id=org_id)
    last = mine.filter(published_at__isnull=False).order_by("-version").first()
    standard = WearStandard.objects.create(
        org_id=org_id,
        version=(mine.aggregate(top=Max("version"))["top"] or 0) + 1,
        name=name,
        starts_on=starts_on,
        drafted_by_id=actor.id,
    )
    clauses: Sequence[WearClause]
    if last is not None:
        clauses = list(WearClause.objects.filter(standard=last))
        for clause in clauses:
            clause.pk, clause.standard = WearClause().pk, standard
    else:
        words = {row["code"]: (row["words"], row["words_zh"]) for row in _rows()}
        clauses = [
            WearClause(
                org_id=org_id,
                standard=standard,
                code=clause.code,
                damage=clause.damage,
                parts=list(clause.parts),
                from_months=clause.from_months,
                free_size=clause.free_size,
                free_count=clause.free_count,
                unit=clause.unit,
                price=clause.price,
                full_size=clause.full_size,
                life_months=clause.life_months,
                words=words[clause.code][0],
                words_zh=words[clause.code][1],
            )
            for clause in starting_clauses()
        ]
    WearClause.objects.bulk_create(clauses)
    return WearStandardDrafted(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        standard_id=standard.id,
        version=standard.version,
    )


@verb
def publish_wear_standard(
    *, standard_id: UUID, actor: Actor, at: datetime, confirmed: bool = False
) -> WearStandardPublished:
    """Put a draft in force from its first day; the version before ends with the day before.

    `confirmed` says that it was held against the local law. Raises OwnProposal, ClauseOverlap when
    a later version is published, or IllegalMove when it is published already.
    """
    standard = WearStandard.objects.visible_to(actor).select_for_update().get(id=standard_id)
    actor.must("fleet.publish_wear_standard", standard.org_id)
    if standard.published_at is not None:
        raise IllegalMove(_("This version is published already."))
    if standard.drafted_by_id == actor.id:
        raise OwnProposal(_("Who drafted a standard does not publish it; ask a colleague."))
    before = WearStandard.objects.filter(
        org_id=standard.org_id, published_at__isnull=False, ends_on=None
    ).first()
    if before is not None and before.starts_on < standard.starts_on:
        before.ends_on = standard.starts_on
        before.save(update_fields=["ends_on"])
    standard.published_at, standard.published_by_id = at, actor.id
    standard.confirmed = confirmed
    try:
        with transaction.atomic():
            standard.save(update_fields=["published_at", "published_by_id", "confirmed"])
    except IntegrityError as error:
        if "one_published_standard_at_a_time" not in str(error):
            raise
        raise ClauseOverlap(
            _("Another version is in force on these days; give a later first day.")
        ) from error
    return WearStandardPublished(
        org_id=standard.org_id,
        actor_id=actor.id,
        at=at,
        standard_id=standard.id,
        version=standard.version,
        starts_on=standard.starts_on,
    )
