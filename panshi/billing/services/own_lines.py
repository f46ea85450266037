"""Transfers between accounts of our own: one line on each side, and nothing to post."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing.models import LINE_LIFE, AsideKind, BankLine, LineState
from panshi.billing.payment_events import OwnLinesPaired
from panshi.billing.queries.outgoing import other_sides
from panshi.billing.services.lines import SETTLED, locked_line
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class NotTheOtherSide(Refusal):
    """The other line is of another amount, day or account, or stands for something else."""


def pair(row: BankLine, other: BankLine, actor: Actor | None, at: datetime) -> None:
    """Say of two locked lines that one transfer left the one and reached the other."""
    for line, side in ((row, other), (other, row)):
        if line.state != LineState.SET_ASIDE:
            line.state = LINE_LIFE.step(line.state, LineState.SET_ASIDE)
            line.settled_by_id, line.settled_at = actor.id if actor else None, at
        line.aside, line.other_side = AsideKind.OWN, side
        line.save(update_fields=SETTLED)


def part(row: BankLine) -> None:
    """Let the other side of a locked line wait for a person again; the caller saves the line."""
    if row.other_side_id is None:
        return
    other = BankLine.objects.select_for_update(no_key=True).get(id=row.other_side_id)
    other.state = LINE_LIFE.step(other.state, LineState.QUEUED)
    other.aside, other.aside_words, other.other_side = "", "", None
    other.settled_by_id, other.settled_at = None, None
    other.save(update_fields=SETTLED)
    row.other_side = None


@verb
def pair_own_lines(
    *, line_id: UUID, other_line_id: UUID, actor: Actor, at: datetime
) -> OwnLinesPaired:
    """Say that two lines are the two sides of one transfer between accounts of our own.

    Raises NotTheOtherSide unless the other one is of the opposite amount, on another account,
    within five days, and waits or was set aside as such a transfer.
    """
    row = locked_line(line_id, "billing.set_line_aside", actor)
    other = BankLine.objects.select_for_update(no_key=True).get(id=other_line_id, org_id=row.org_id)
    single = row.aside == AsideKind.OWN and row.other_side_id is None
    may = row.state == LineState.QUEUED and row.proposed_by_id is None
    sides = other_sides(row, row.statement.account)
    if not (may or single) or other.id not in {side.id for side in sides}:
        raise NotTheOtherSide(
            _("The other side is the opposite amount on another account of ours, within five days.")
        )
    pair(row, other, actor, at)
    return OwnLinesPaired(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        line_id=row.id,
        other_line_id=other.id,
        amount=abs(row.amount),
    )
