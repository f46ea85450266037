"""What a change of a lease would cost, and what its return would leave; asked by page and verb."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.billing import queries as billing
from panshi.billing.queries import ChangeQuote, PlanChange, ReturnCharge, ReturnQuote
from panshi.kit.clock import add_months, local_day
from panshi.kit.money import to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import (
    AmendmentKind,
    DisputeOutcome,
    Lease,
    PauseCause,
    ReturnTerms,
    Settlement,
    SettlementSheet,
    SettlementVoid,
    VoidState,
)
from panshi.org import queries as org


class NotRunning(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseChange:
    """A change that is asked about; `kind` says which of the other values count.

    EXTENSION: `months` more, from then on at `monthly_rent` if given. SWAP: `vehicle_id` from `on`,
    with `until` for a time. PAUSE: `cause` and, where it is agreed, `relief` percent, from `on` to
    `until` or open. RESUMPTION: `on`. PRICE: `monthly_rent` from `on`.
    """

    kind: str
    on: date
    until: date | None = None
    months: int = 0
    monthly_rent: Decimal | None = None
    vehicle_id: UUID | None = None
    cause: str = ""
    relief: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseChoice:
    """Why a lease may pause; `relief` is None where both sides agree on it."""

    code: str
    name: str
    relief: Decimal | None


_TITLES: Final[Mapping[str, str | Promise]] = {
    "DEPOSIT": lazy("Deposit held"),
    "RENT_CREDIT": lazy("Rent paid and not used"),
    "RENT_DUE": lazy("Rent still to be billed"),
    "KM_OVERAGE": lazy("Kilometres above the limit"),
    "DAMAGE": lazy("Damage beyond fair wear"),
    "FINE": lazy("Traffic fine"),
    "AGENCY_FEE": lazy("Agency fee"),
    "EARLY_FEE": lazy("Fee for the early end"),
    "ARREARS": lazy("Open bills"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """A line of a settlement as the customer sees it: what comes back is positive."""

    product_code: str
    amount: Decimal
    words: str
    clause: str
    quantity: Decimal
    unit_price: Decimal
    since: date | None
    until: date | None

    @property
    def title(self) -> str:
        return str(_TITLES.get(self.product_code, self.product_code))

    @property
    def last_day(self) -> date | None:
        return None if self.until is None else self.until - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetView:
    """The settlement that was offered last, and what was done with it.

    `charges` are all claims with their place, the disputed among them; `settled` tells that money
    has moved: `refund` back from the deposit, `on_account` to the customer's credit, `still_open`
    to be paid; `decided` holds what was upheld of a disputed claim, by place.
    """

    version: int
    digest: str
    lines: tuple[SheetLine, ...]
    charges: tuple[ReturnCharge, ...]
    total: Decimal
    disputed: Decimal
    offered_at: datetime
    confirmed_at: datetime | None
    settled_at: datetime | None
    refund: Decimal
    on_account: Decimal
    still_open: Decimal
    decided: tuple[tuple[int, Decimal], ...]

    @property
    def owed(self) -> Decimal:
        """What the customer pays where the sum is against it."""
        return max(-self.total, Decimal(0))


def ends_after(lease: Lease, months: int) -> date:
    """The end of a lease prolonged by months, reckoned from its first day wherever that fits."""
    if add_months(lease.starts_on, lease.months) == lease.ends_on:
        return add_months(lease.starts_on, lease.months + months)
    return add_months(lease.ends_on, months)


def plan_changes(lease: Lease, change: LeaseChange) -> tuple[PlanChange, ...]:
    """What a change of a lease means for its charges. Raises billing.ChangeImpossible."""
    if change.kind == AmendmentKind.EXTENSION:
        longer = PlanChange(kind="END", on=ends_after(lease, change.months))
        if change.monthly_rent is None or change.monthly_rent == lease.monthly_rent:
            return (longer,)
        price = to_fen(change.monthly_rent)
        return (longer, PlanChange(kind="PRICE", on=lease.ends_on, price=price))
    if change.kind == AmendmentKind.PRICE and change.monthly_rent is not None:
        return (PlanChange(kind="PRICE", on=change.on, price=to_fen(change.monthly_rent)),)
    if change.kind == AmendmentKind.RESUMPTION:
        return (PlanChange(kind="RESUME", on=change.on),)
    if change.kind == AmendmentKind.PAUSE:
        return (
            PlanChange(
                kind="PAUSE",
                on=change.on,
                until=change.until,
                cause=change.cause,
                relief=relief_of(change.cause, change.relief),
            ),
        )
    return (
        PlanChange(kind="VEHICLE", on=change.on, until=change.until, vehicle_id=change.vehicle_id),
    )


def relief_of(cause: str, agreed: Decimal | None) -> Decimal:
    """The percentage that a cause relieves, or the agreed one. Raises billing.ChangeImpossible."""
    row = PauseCause.objects.filter(code=cause).first()
    if row is None or (row.relief is None and agreed is None):
        raise billing.ChangeImpossible(_("Choose why, and the relief where it is agreed."))
    relief = agreed if row.relief is None else row.relief
    return to_fen(relief if relief is not None else Decimal(0))


def plan_of(lease: Lease) -> UUID:
    """The plan that charges a lease. Raises NotRunning before its rent began."""
    if lease.plan_id is None:
        raise NotRunning(_("The rent of lease %s has not begun yet.") % lease.number)
    return lease.plan_id


@question
def change_quoted(*, lease_id: UUID, change: LeaseChange, actor: Actor) -> ChangeQuote:
    """What a change of a lease costs, period by period, before it is made.

    Raises NotRunning or billing.ChangeImpossible.
    """
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    return billing.change_quoted(
        plan_id=plan_of(lease), changes=plan_changes(lease, change), actor=actor
    )


@question
def quote_return(
    *, lease_id: UUID, on: date, actor: Actor, charges: tuple[ReturnCharge, ...] = ()
) -> ReturnQuote:
    """What a return on a day would leave between the two sides; the settlement asks the same.

    Raises NotRunning.
    """
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    return return_of(lease, on, charges, actor)


def return_terms(lease: Lease) -> ReturnTerms:
    """The terms of an early end in force when a lease was signed; its first day until then."""
    signed_on = local_day(lease.signed_at) if lease.signed_at else lease.starts_on
    return ReturnTerms.objects.filter(starts_on__lte=signed_on).latest("starts_on")


def return_of(lease: Lease, on: date, charges: Sequence[ReturnCharge], actor: Actor) -> ReturnQuote:
    """Reckon a return by the terms of the lease.

    A lease that moved in was signed on other paper: it has no fee for an early end by our terms.
    """
    terms = return_terms(lease)
    return billing.return_quoted(
        plan_id=plan_of(lease),
        agreed_end=lease.ends_on,
        returned_on=on,
        charges=tuple(charges),
        early_share=Decimal(0) if lease.moved_in_at else terms.early_share,
        early_months=terms.early_months,
        actor=actor,
    )


@question
def pause_causes(*, actor: Actor) -> tuple[PauseChoice, ...]:
    """Why a lease may pause, the dearest to the operator first."""
    rows = PauseCause.objects.order_by("-relief", "code")
    return tuple(
        PauseChoice(code=row.code, name=str(row), relief=row.relief)
        for row in sorted(rows, key=lambda row: (row.relief is None, -(row.relief or 0)))
    )


@question
def settlement_sheet(*, lease_id: UUID, actor: Actor) -> SheetView | None:
    """The settlement offered last for a lease, or None; a customer asks for its own."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    return sheet_view(lease)


@question
def deposit_returns(*, lease_id: UUID, actor: Actor) -> tuple[billing.DepositReturnRow, ...]:
    """How the deposit of a lease goes back; a customer asks for its own."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    return billing.deposit_returns(source_kind="leasing.lease", source_id=lease.id, actor=actor)


def standing_sheets(lease: Lease) -> QuerySet[SettlementSheet]:
    """The settlements offered for a lease that were not voided."""
    gone = SettlementVoid.objects.filter(sheet=OuterRef("pk"), state=VoidState.VOID)
    return SettlementSheet.objects.filter(~Exists(gone), lease=lease)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRow:
    """A confirmed settlement that somebody wants to void; `state` ASKED waits for another."""

    version: int
    reason: str
    state: str
    state_words: str
    asked_by_id: UUID
    asked_by: str
    asked_at: datetime
    decided_by: str


@question
def settlement_voids(*, lease_id: UUID, actor: Actor) -> tuple[VoidRow, ...]:
    """Wishes to void settlements of a lease, the newest first."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    found = list(
        SettlementVoid.objects.filter(lease=lease).select_related("sheet").order_by("-asked_at")
    )
    people = {row.asked_by_id for row in found} | {row.decided_by_id for row in found}
    names = org.names_of(user_ids=tuple(p for p in people if p is not None), actor=actor)
    return tuple(
        VoidRow(
            version=row.sheet.version,
            reason=row.reason,
            state=row.state,
            state_words=str(VoidState(row.state).label),
            asked_by_id=row.asked_by_id,
            asked_by=names.get(row.asked_by_id, ""),
            asked_at=row.asked_at,
            decided_by=names.get(row.decided_by_id, "") if row.decided_by_id else "",
        )
        for row in found
    )


def sheet_view(lease: Lease) -> SheetView | None:
    sheet = standing_sheets(lease).order_by("-version").first()
    if sheet is None:
        return None
    done = Settlement.objects.filter(lease=lease).first()
    return SheetView(
        version=sheet.version,
        digest=sheet.digest,
        lines=tuple(line_of(line) for line in sheet.lines),
        charges=tuple(charge_of(charge) for charge in sheet.charges),
        total=sheet.total,
        disputed=sheet.disputed,
        offered_at=sheet.offered_at,
        confirmed_at=sheet.confirmed_at,
        settled_at=done.settled_at if done else None,
        refund=done.refund if done else Decimal(0),
        on_account=done.on_account if done else Decimal(0),
        still_open=done.still_open if done else Decimal(0),
        decided=tuple(
            DisputeOutcome.objects.filter(settlement=done)
            .order_by("position")
            .values_list("position", "upheld")
        )
        if done
        else (),
    )


def plain_lines(quote: ReturnQuote) -> list[dict[str, Any]]:
    """The lines of a quote as they are kept on a sheet."""
    return [
        {
            "product_code": line.product_code,
            "amount": str(line.amount),
            "words": line.charge.words if line.charge else "",
            "clause": line.charge.clause if line.charge else "",
            "quantity": str(line.charge.quantity if line.charge else 1),
            "unit_price": str(line.charge.unit_price if line.charge else line.amount),
            "since": str(line.days.start) if line.days else "",
            "until": str(line.days.end) if line.days else "",
        }
        for line in quote.lines
    ]


def lines_of(quote: ReturnQuote) -> tuple[SheetLine, ...]:
    """The lines of a quote as a sheet shows them."""
    return tuple(line_of(line) for line in plain_lines(quote))


def line_of(line: dict[str, Any]) -> SheetLine:
    """A line as it was kept."""
    return SheetLine(
        product_code=line["product_code"],
        amount=Decimal(line["amount"]),
        words=line["words"],
        clause=line["clause"],
        quantity=Decimal(line["quantity"]),
        unit_price=Decimal(line["unit_price"]),
        since=date.fromisoformat(line["since"]) if line["since"] else None,
        until=date.fromisoformat(line["until"]) if line["until"] else None,
    )


def charge_of(charge: dict[str, Any]) -> ReturnCharge:
    """A claim as it was kept."""
    return ReturnCharge(
        product_code=charge["product_code"],
        words=charge["words"],
        unit_price=Decimal(charge["unit_price"]),
        quantity=Decimal(charge["quantity"]),
        clause=charge["clause"],
        disputed=charge["disputed"],
    )
