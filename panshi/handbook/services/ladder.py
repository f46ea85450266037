"""The verb of the clock: rungs of the ladder are climbed when their moment has come."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from panshi.handbook import book
from panshi.handbook.events import ClimbedRung, RunsEscalated
from panshi.handbook.models import Escalation, Run, RunState
from panshi.handbook.rules import clock
from panshi.handbook.services import engine
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.people import queries as people

BATCH: Final = 500
TICKING: Final = (RunState.WAITING, RunState.TAKEN, RunState.HALTED)


def _climb(run: Run, away: Collection[UUID], at: datetime) -> ClimbedRung | None:
    """Tell the next post; where that is an owner who is away, the rung after it follows at once."""
    procedure, edition = engine.procedure_of(run), book.book_of(run.edition_id)
    if run.next_rung >= len(procedure.escalate):
        run.next_rung_at = None
        return None
    rung = procedure.escalate[run.next_rung]
    to = run.owner_role if rung.to == "owner" else rung.to
    _row, new = Escalation.objects.get_or_create(
        run=run,
        rung=run.next_rung,
        defaults={
            "org_id": run.org_id, "to_role": to, "reassigned": rung.reassign, "at": at,
        },
    )  # fmt: skip
    climbed = ClimbedRung(
        run_id=run.id,
        node_slug=run.node.slug,
        rung=run.next_rung,
        to_role=to,
        reassigned=rung.reassign,
        owner_id=None if rung.reassign else run.owner_id,
    )
    if rung.reassign:
        run.owner_id, run.owner_role = None, to
        run.roles = sorted({*run.roles, to})
    run.next_rung += 1
    if run.next_rung < len(procedure.escalate):
        run.next_rung_at = clock.rung_moment(
            procedure.escalate[run.next_rung],
            start=run.started_at,
            due=run.due_at,
            allowed=procedure.within,
            working=procedure.working,
            calendar=edition.calendar,
        )
        if rung.to == "owner" and run.owner_id in away:
            run.next_rung_at = min(run.next_rung_at, at)
    else:
        run.next_rung_at = None
    return climbed if new else None


def anything_due(at: datetime) -> bool:
    """Whether a rung waits to be climbed."""
    return Run.objects.filter(state__in=TICKING, next_rung_at__lte=at).exists()


@verb
def escalate_due(*, actor: Actor, at: datetime) -> RunsEscalated:
    """Climb every rung whose moment has come, each once; a paused run climbs none.

    A rung tells its post, and takes the run from its owner when it says `reassign`.
    """
    actor.must("handbook.escalate_due", actor.org_id)
    climbed: list[ClimbedRung] = []
    due = (
        Run.objects.visible_to(actor)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("revision", "node")
        .defer("revision__files")
        .filter(state__in=TICKING, next_rung_at__lte=at)
        .order_by("id")[:BATCH]
    )
    found = list(due)
    owners = tuple({run.owner_id for run in found if run.owner_id is not None})
    away = people.away(user_ids=owners, at=at, actor=actor) if owners else frozenset()
    for run in found:
        while run.next_rung_at is not None and run.next_rung_at <= at:
            step = _climb(run, away, at)
            if step is not None:
                climbed.append(step)
        run.save(update_fields=["next_rung", "next_rung_at", "owner_id", "owner_role", "roles"])
    return RunsEscalated(org_id=actor.org_id, actor_id=actor.id, at=at, rungs=tuple(climbed))
