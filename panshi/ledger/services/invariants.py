"""Looking whether the books keep their promises, each night and whenever someone asks."""

from datetime import datetime
from typing import Final

from panshi.kit import outbox
from panshi.kit.money import ZERO
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import GUARDS, verb
from panshi.ledger.events import InvariantBroken, InvariantsChecked
from panshi.ledger.models import InvariantCheck
from panshi.ledger.queries.counting import Counted, count

_OF_THE_TREE: Final = ("I6",)


@verb
def check_invariants(*, actor: Actor, at: datetime) -> InvariantsChecked:
    """Count both sides of every promise in all books that the actor sees, and keep the figures.

    A promise that does not hold is told as InvariantBroken, each time it is looked at.
    """
    actor.must("ledger.check_invariants", actor.org_id)
    counted = count_all(actor=actor, org_id=actor.single_org_id)
    seen = {(row.org_id, row.code): row for row in InvariantCheck.objects.visible_to(actor)}
    fresh = [_row(one, None, at) for one in counted if (one.org_id, one.code) not in seen]
    known = [_row(one, seen[key], at) for one in counted if (key := (one.org_id, one.code)) in seen]
    # A book in which nothing was left to count keeps its promise; no other look says so.
    gone = set(seen) - {(one.org_id, one.code) for one in counted}
    known += [
        _row(Counted(org_id=key[0], code=key[1], left=ZERO, right=ZERO, broken=0), seen[key], at)
        for key in sorted(gone)
        if key[1] not in _OF_THE_TREE or actor.db_role == HQ
    ]
    InvariantCheck.objects.bulk_create(fresh)
    InvariantCheck.objects.bulk_update(
        known, ["checked_at", "left", "right", "broken", "example"], batch_size=500
    )
    broken = [one for one in counted if one.broken]
    outbox.publish_all([_told(one, actor, at) for one in broken])
    return InvariantsChecked(
        org_id=actor.org_id, actor_id=actor.id, at=at, checked=len(counted), broken=len(broken)
    )


def count_all(*, actor: Actor, org_id: int | None) -> list[Counted]:
    """Count every promise of one book, or of all that are seen: the ledger's and the rooms' above.

    Called inside a verb.
    """
    counted = count(
        whole_tree=actor.db_role == HQ and org_id is None, org_id=org_id, asker=actor.org_id
    )
    for name, ask in sorted(GUARDS.items()):
        if name.endswith(".count_invariants"):
            counted += ask(org_id=org_id)
    return counted


def _row(one: Counted, row: InvariantCheck | None, at: datetime) -> InvariantCheck:
    row = row or InvariantCheck(org_id=one.org_id, code=one.code)
    row.checked_at, row.left, row.right = at, one.left, one.right
    row.broken, row.example = one.broken, one.example[:200]
    return row


def _told(one: Counted, actor: Actor, at: datetime) -> InvariantBroken:
    return InvariantBroken(
        org_id=one.org_id,
        actor_id=actor.id,
        at=at,
        code=one.code,
        left=one.left,
        right=one.right,
        broken=one.broken,
        example=one.example,
    )
