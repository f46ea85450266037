"""Questions about what units wrote beside the book's text."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.handbook.models import LocalNote, Run
from panshi.kit.tenancy import Actor, hq_actor, lineage
from panshi.kit.verbs import question
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """A note that counts; `unit` and `by` are names, also of a unit above the reader's."""

    org_id: int
    unit: str
    words: str
    by: str
    at: datetime


def _notes(slug: str, org_id: int) -> tuple[NoteRow, ...]:
    """The latest notes of a unit and of those above it, the nearest first."""
    units = lineage(org_id)
    rows = (
        LocalNote.objects.filter(node__slug=slug, org_id__in=units)
        .order_by("org_id", "-written_at", "-id")
        .distinct("org_id")
    )
    latest = sorted((r for r in rows if not r.taken_back), key=lambda r: units.index(r.org_id))
    if not latest:
        return ()
    # Whoever wrote above the reader is named too, though the reader sees no more of them.
    above = hq_actor(org_id)
    names = org.names_of(user_ids=tuple({r.written_by_id for r in latest}), actor=above)
    return tuple(
        NoteRow(
            org_id=r.org_id,
            unit=org.node(node_id=r.org_id, actor=above).name,
            words=r.words,
            by=names.get(r.written_by_id, ""),
            at=r.written_at,
        )
        for r in latest
    )


@question
def local_notes(*, slug: str, actor: Actor) -> tuple[NoteRow, ...]:
    """What the reader's unit and those above it wrote beside a node, the nearest first."""
    return _notes(slug, actor.org_id)


@question
def notes_of_run(*, run_id: UUID, actor: Actor) -> tuple[NoteRow, ...]:
    """What counts where a run is worked off. Raises Run.DoesNotExist."""
    run = Run.objects.visible_to(actor).select_related("node").get(id=run_id)
    return _notes(run.node.slug, run.org_id)
