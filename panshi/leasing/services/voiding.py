"""A confirmed settlement is taken back before its money moves: one person asks, another decides."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.events import SettlementKept, SettlementVoidAsked, SettlementVoided
from panshi.leasing.models import Lease, LeaseState, SettlementVoid, VoidState
from panshi.leasing.services.common import SOURCE, common, current_segment, locked_lease
from panshi.leasing.services.settling import SettlementMissing, last_sheet


def _settling(lease: Lease) -> None:
    if lease.state != LeaseState.SETTLING:
        raise IllegalMove(_("The money of this settlement has moved, or there is none."))


@verb
def ask_settlement_void(
    *, lease_id: UUID, reason: str, actor: Actor, at: datetime
) -> SettlementVoidAsked:
    """Ask that a settlement the customer has confirmed counts no more; another person decides.

    Raises SettlementMissing without one that is confirmed, or IllegalMove once it was carried out
    or asked for already.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.ask_settlement_void")
    _settling(lease)
    sheet = last_sheet(lease)
    if sheet.confirmed_at is None:
        raise SettlementMissing(_("The customer has not confirmed this settlement."))
    if sheet.voids.filter(state=VoidState.ASKED).exists():
        raise IllegalMove(_("Another person has to decide this."))
    row = SettlementVoid.objects.create(
        org_id=lease.org_id, lease=lease, sheet=sheet, reason=reason.strip()[:200],
        asked_by_id=actor.id, asked_at=at,
    )  # fmt: skip
    return SettlementVoidAsked(
        **common(lease, current_segment(lease), actor=actor, at=at),
        version=sheet.version,
        reason=row.reason,
    )


def _decided(lease: Lease, state: VoidState, actor: Actor, at: datetime) -> SettlementVoid:
    row = (
        SettlementVoid.objects.select_for_update(of=("self",))
        .select_related("sheet")
        .filter(lease=lease, state=VoidState.ASKED)
        .first()
    )
    if row is None:
        raise SettlementMissing(_("Nobody asked to void a settlement of this lease."))
    if row.asked_by_id == actor.id:
        raise billing.SamePerson(_("Another person has to decide this."))
    row.state, row.decided_by_id, row.decided_at = state, actor.id, at
    row.save(update_fields=["state", "decided_by_id", "decided_at"])
    return row


@verb
def void_settlement(*, lease_id: UUID, actor: Actor, at: datetime) -> SettlementVoided:
    """Void a confirmed settlement that somebody else asked to void; another may be offered then.

    The deposit that was reserved for it is held again. Raises SettlementMissing,
    billing.SamePerson, or IllegalMove once it was carried out.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.void_settlement")
    _settling(lease)
    row = _decided(lease, VoidState.VOID, actor, at)
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is not None and deposit.reserved:
        billing.release_deposit(deposit_id=deposit.id, actor=actor, at=at)
    return SettlementVoided(
        **common(lease, current_segment(lease), actor=actor, at=at),
        version=row.sheet.version,
        total=row.sheet.total,
        reason=row.reason,
    )


@verb
def keep_settlement(*, lease_id: UUID, actor: Actor, at: datetime) -> SettlementKept:
    """Keep a settlement that somebody else asked to void.

    Raises SettlementMissing or billing.SamePerson.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.void_settlement")
    row = _decided(lease, VoidState.KEPT, actor, at)
    return SettlementKept(
        **common(lease, current_segment(lease), actor=actor, at=at), version=row.sheet.version
    )
