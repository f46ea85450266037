"""Questions about claims: the list, one of them, its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import Claim, ClaimState
from panshi.leasing.queries.leases import Picture, picture_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim; amounts in CNY."""

    id: UUID
    number: str
    state: ClaimState
    vehicle_id: UUID
    plate: str
    lease_id: UUID | None
    lease_number: str
    customer_id: UUID | None
    customer_name: str
    occurred_at: datetime
    place: str
    words: str
    insurer: str
    report_number: str
    loss: Decimal
    insurer_pay: Decimal
    excess: Decimal
    customer_share: Decimal
    own_loss: Decimal
    lost_rent: Decimal
    missing: str

    @property
    def gap(self) -> Decimal:
        """What of the loss nobody bears yet."""
        return self.loss - self.insurer_pay - self.excess - self.customer_share - self.own_loss


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPage:
    rows: tuple[ClaimRow, ...]
    total: int
    loss: Decimal
    insurer_pay: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPaymentRow:
    """What the insurer paid on a day, in CNY."""

    amount: Decimal
    received_on: date
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCard:
    row: ClaimRow
    injured: bool
    battery_impacted: bool
    flooded: bool
    survey: str
    file_ids: tuple[str, ...]
    complete_at: datetime | None
    bill_id: UUID | None
    payments: tuple[ClaimPaymentRow, ...]
    reported_at: datetime
    closed_at: datetime | None


def _rows(found: Sequence[Claim], actor: Actor) -> tuple[ClaimRow, ...]:
    names = crm.names_of((row.customer_id for row in found), actor)
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({row.vehicle_id for row in found}), actor=actor)
    return tuple(
        ClaimRow(
            id=row.id,
            number=row.number,
            state=ClaimState(row.state),
            vehicle_id=row.vehicle_id,
            plate=vehicles[row.vehicle_id].plate if row.vehicle_id in vehicles else "",
            lease_id=row.lease_id,
            lease_number=row.lease.number if row.lease else "",
            customer_id=row.customer_id,
            customer_name=names.get(row.customer_id, "") if row.customer_id else "",
            occurred_at=row.occurred_at,
            place=row.place,
            words=row.words,
            insurer=row.insurer,
            report_number=row.report_number,
            loss=row.loss,
            insurer_pay=row.insurer_pay,
            excess=row.excess,
            customer_share=row.customer_share,
            own_loss=row.own_loss,
            lost_rent=row.lost_rent,
            missing=row.missing,
        )
        for row in found
    )


_ORDERS = frozenset({"occurred_at", "number", "loss"})


@question
def claims(
    *,
    actor: Actor,
    state: str = "",
    text: str = "",
    order_by: str = "-occurred_at",
    offset: int = 0,
    limit: int = 50,
) -> ClaimPage:
    """Claims that match, a page of them, and the sums of all. ValueError for another order."""
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"claims cannot be ordered by {order_by}")
    found = Claim.objects.visible_to(actor).select_related("lease")
    if state:
        found = found.filter(state=state)
    if text:
        found = found.filter(Q(number__icontains=text) | Q(report_number__icontains=text))
    sums = found.aggregate(loss=Sum("loss"), pay=Sum("insurer_pay"))
    page = list(found.order_by(order_by, "-id")[offset : offset + limit])
    return ClaimPage(
        rows=_rows(page, actor),
        total=found.count(),
        loss=sums["loss"] or ZERO,
        insurer_pay=sums["pay"] or ZERO,
    )


@question
def claim_card(*, claim_id: UUID, actor: Actor) -> ClaimCard:
    """One claim with its files and where it stands."""
    row = Claim.objects.visible_to(actor).select_related("lease").get(id=claim_id)
    return ClaimCard(
        row=_rows([row], actor)[0],
        injured=row.injured,
        battery_impacted=row.battery_impacted,
        flooded=row.flooded,
        survey=row.survey,
        file_ids=tuple(row.file_ids),
        complete_at=row.complete_at,
        bill_id=row.bill_id,
        payments=tuple(
            ClaimPaymentRow(
                amount=paid.amount, received_on=paid.received_on, reference=paid.reference
            )
            for paid in row.payments.order_by("received_on", "id")
        ),
        reported_at=row.reported_at,
        closed_at=row.closed_at,
    )


@question
def claim_file(*, claim_id: UUID, file_id: UUID, actor: Actor) -> Picture:
    """A photo or paper of a claim; raises Claim.DoesNotExist."""
    Claim.objects.visible_to(actor).filter(file_ids__contains=[str(file_id)]).get(id=claim_id)
    return picture_of(file_id)
