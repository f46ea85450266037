from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing.debt_events import (
    CaseWithLawyers,
    DebtRecovered,
    DebtWrittenOff,
    FeeWaiverAsked,
    FeeWaiverDeclined,
    FeeWaiverGranted,
    LateFeeBilled,
    LateFeesCounted,
    WriteOffDeclined,
    WriteOffProposed,
)
from panshi.billing.payment_events import (
    AllocationOrderSet,
    CallbackRecorded,
    ChannelChecked,
    DepositReturnAsked,
    DifferenceSettled,
    LineSetAside,
    LinesMatched,
    LineTakenUp,
    MatchConfirmed,
    OutgoingClassed,
    OutgoingDeclined,
    OutgoingSettled,
    PaymentAllocated,
    PaymentClosed,
    PaymentOpened,
    PaymentQueried,
    PaymentReassigned,
    PaymentReceived,
    PaymentsRecorded,
    PaymentStarted,
    PaymentUnallocated,
    PaymentUnmatched,
    RefundApproved,
    RefundDeclined,
    RefundFailed,
    RefundPaid,
    RefundPayeeNamed,
    RefundRequested,
    RefundSent,
    StatementImported,
    VirtualAccountGiven,
)
from panshi.kit.facts import Fact

# Told here too, so that every fact of the room is found under one name.
__all__ = [
    "AllocationOrderSet",
    "CallbackRecorded",
    "CaseWithLawyers",
    "ChannelChecked",
    "DebtRecovered",
    "DebtWrittenOff",
    "DepositReturnAsked",
    "DifferenceSettled",
    "FeeWaiverAsked",
    "FeeWaiverDeclined",
    "FeeWaiverGranted",
    "LateFeeBilled",
    "LateFeesCounted",
    "LineSetAside",
    "LineTakenUp",
    "LinesMatched",
    "MatchConfirmed",
    "OutgoingClassed",
    "OutgoingDeclined",
    "OutgoingSettled",
    "PaymentAllocated",
    "PaymentClosed",
    "PaymentOpened",
    "PaymentQueried",
    "PaymentReassigned",
    "PaymentReceived",
    "PaymentStarted",
    "PaymentUnallocated",
    "PaymentUnmatched",
    "PaymentsRecorded",
    "RefundApproved",
    "RefundDeclined",
    "RefundFailed",
    "RefundPaid",
    "RefundPayeeNamed",
    "RefundRequested",
    "RefundSent",
    "StatementImported",
    "VirtualAccountGiven",
    "WriteOffDeclined",
    "WriteOffProposed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductAdded(Fact):
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBookDrafted(Fact):
    book_id: UUID
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBookPublished(Fact):
    book_id: UUID
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlanOpened(Fact):
    plan_id: UUID
    source_kind: str
    source_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlansOpened(Fact):
    plans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsTakenOver(Fact):
    """Plans, deposits held and arrears that came from an operator's own books, in CNY."""

    plan_ids: tuple[UUID, ...]
    deposits: Decimal
    arrears: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsGivenBack(Fact):
    """A move-in was undone: its plans and deposits are gone, its openings reversed."""

    plans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlanEnded(Fact):
    plan_id: UUID
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePlanChanged(Fact):
    """A change from a day on; `what` is PRICE, VEHICLE, PAUSE, RESUME or END.

    What issued bills had too much was `credited`, what they lacked `billed`, in CNY.
    """

    plan_id: UUID
    what: str
    effective_on: date
    credited: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RentSettled(Fact):
    """The bills of an ended plan ask for its days and no more, in CNY."""

    plan_id: UUID
    credited: Decimal
    billed: Decimal
    bill_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsRun(Fact):
    run_id: UUID
    cut_off: date
    drafted: int
    lines: int
    total: Decimal
    exceptions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsIssued(Fact):
    bills: int
    total: Decimal
    entries: int
    postings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsDiscarded(Fact):
    bills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRaised(Fact):
    bill_id: UUID
    number: str
    bill_kind: str
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    due_on: date
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCredited(Fact):
    bill_id: UUID
    credit_id: UUID
    number: str
    customer_id: UUID
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPaid(Fact):
    bill_id: UUID
    bill_kind: str
    source_kind: str
    source_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDemanded(Fact):
    deposit_id: UUID
    bill_id: UUID
    source_kind: str
    source_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositHeld(Fact):
    deposit_id: UUID
    source_kind: str
    source_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReserved(Fact):
    deposit_id: UUID
    source_kind: str
    source_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReleased(Fact):
    deposit_id: UUID
    source_kind: str
    source_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositApplied(Fact):
    deposit_id: UUID
    source_kind: str
    source_id: UUID
    bill_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReturned(Fact):
    """A deposit, or a part of it, has reached the customer."""

    deposit_id: UUID
    source_kind: str
    source_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueRecognised(Fact):
    month: date
    entries: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueCaughtUp(Fact):
    """Revenue of months that were over when their bills were issued, in CNY net of VAT."""

    entries: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningAdvanced(Fact):
    on: date
    bills: int
    steps: int
    cleared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillOverdue(Fact):
    """`days` is the rung that was reached: 1, 3, 5, 7, 10, 15, 20 or 30 days after the due day."""

    bill_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    days: int
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningStepReached(Fact):
    case_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    code: str
    days: int
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsCleared(Fact):
    case_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHeld(Fact):
    case_id: UUID
    reason: str
    until: date | None
    kind: str = "OTHER"
    source_kind: str = ""
    source_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResumed(Fact):
    case_id: UUID
    resumed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSchemePublished(Fact):
    scheme_id: UUID
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesAccrued(Fact):
    """What was collected since the last time was shared; `amount` is net of VAT, in CNY."""

    accruals: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePeriodClosed(Fact):
    """A node's shares of a month are settled, in CNY."""

    statement_id: UUID
    month: date
    passed_on: Decimal
    received: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareStatementDisputed(Fact):
    statement_id: UUID
    month: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivableOffered(Fact):
    """Bills were given to a funder, who advances `advance` less `fee`, in CNY."""

    batch_id: UUID
    funder: str
    bills: int
    advance: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingRepaid(Fact):
    batch_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRequested(Fact):
    """An e-invoice was asked for; `total` is tax-inclusive, in CNY."""

    invoice_id: UUID
    customer_id: UUID
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicesSubmitted(Fact):
    """Requests that went to the tax service: issued, rejected, or without an answer yet."""

    issued: int
    rejected: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(Fact):
    invoice_id: UUID
    customer_id: UUID
    number: str
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRejected(Fact):
    invoice_id: UUID
    customer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCorrectionRequested(Fact):
    """A red letter that takes an invoice back was asked for."""

    invoice_id: UUID
    red_id: UUID
    customer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionCallPlanned(Fact):
    """A collector has to call the customer on a working day."""

    call_id: UUID
    case_id: UUID
    customer_id: UUID
    call_on: date
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecorded(Fact):
    call_id: UUID
    case_id: UUID
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPromised(Fact):
    """The customer promised `amount` in `parts`, the last by a day; the ladder stands still."""

    case_id: UUID
    customer_id: UUID
    amount: Decimal
    by: date
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBroken(Fact):
    """`amount` had been promised by `due_on` and was not paid; the ladder runs on."""

    case_id: UUID
    customer_id: UUID
    amount: Decimal
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionInstalmentRequested(Fact):
    case_id: UUID
    customer_id: UUID
    open_amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningPolicySet(Fact):
    rung: str
    day: int
    skipped: bool
