"""Questions of the yard: which vehicles leave or come back these days, and what a return costs."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.billing.queries import ReturnCharge
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import Handover, HandoverKind, Lease, LeaseState
from panshi.leasing.queries.leases import lease_rows

HANDOVER_CHECKS: Final = (
    ("KEYS", _("Two keys")),
    ("CABLE", _("Charging cable")),
    ("PAPERS", _("Vehicle licence and permits")),
    ("TOOLS", _("Warning triangle, vest, jack")),
    ("BODY", _("No damage outside or in the cargo space")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingRow:
    """A vehicle that is to leave, `kind` OUT, or to come back, IN, and the day it is expected.

    `handed` says that its delivery is signed and only the lease has to begin; `deposit_missing`
    that it may not yet.
    """

    lease_id: UUID
    number: str
    kind: HandoverKind
    vehicle_id: UUID
    customer_name: str
    plate: str
    model_name: str
    city: str
    on: date
    arrived_at: datetime | None
    handed: bool
    deposit_missing: bool


@question
def handings_due(*, until: date, actor: Actor, limit: int = 60) -> tuple[HandingRow, ...]:
    """Vehicles that leave or come back up to a day, this included; the most urgent first."""
    leaving = Q(state=LeaseState.SIGNED, starts_on__lte=until)
    coming = Q(state=LeaseState.RETURNING) & (
        Q(arrived_at__isnull=False) | Q(return_asked_for=None) | Q(return_asked_for__lte=until)
    )
    found = Lease.objects.visible_to(actor).filter(leaving | coming)
    leases = {lease.id: lease for lease in found}
    handed = set(
        Handover.objects.filter(
            segment__lease__in=leases.values(), kind=HandoverKind.OUT
        ).values_list("segment__lease_id", flat=True)
    )
    rows = []
    for row in lease_rows(list(leases.values()), actor):
        lease = leases[row.id]
        if row.vehicle_id is None:
            continue
        back = row.state == LeaseState.RETURNING
        rows.append(
            HandingRow(
                lease_id=row.id,
                number=row.number,
                kind=HandoverKind.IN if back else HandoverKind.OUT,
                vehicle_id=row.vehicle_id,
                customer_name=row.customer_name,
                plate=row.plate,
                model_name=row.model_name,
                city=row.city,
                on=(lease.return_asked_for or row.ends_on) if back else row.starts_on,
                arrived_at=lease.arrived_at,
                handed=not back and row.id in handed,
                deposit_missing=bool(lease.deposit) and lease.deposit_held_at is None,
            )
        )
    rows.sort(key=lambda row: (row.arrived_at is None, row.on, row.number))
    return tuple(rows[:limit])


@question
def inspected_charges(*, lease_id: UUID, actor: Actor, at: datetime) -> tuple[ReturnCharge, ...]:
    """What the inspections of a lease's returns priced by the standard of fair wear."""
    charges = []
    returns = Handover.objects.filter(
        segment__lease__in=Lease.objects.visible_to(actor).filter(id=lease_id),
        kind=HandoverKind.IN,
        inspection_id__isnull=False,
    )
    for handover in returns.order_by("completed_at"):
        assert handover.inspection_id is not None
        card = fleet.inspection_card(inspection_id=handover.inspection_id, actor=actor, at=at)
        charges += [
            ReturnCharge(
                product_code="DAMAGE",
                words=fleet.mark_words(part=line.part, damage=line.damage),
                unit_price=line.amount,
                quantity=Decimal(1),
                clause=line.clause,
            )
            for line in card.lines
            if line.amount > 0
        ]
    return tuple(charges)
