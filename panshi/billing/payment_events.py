"""Facts of money coming in, being used and going back; `events` lists them with the others."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStarted(Fact):
    payment_id: UUID
    merchant_no: str
    amount: Decimal
    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReceived(Fact):
    payment_id: UUID
    channel: str
    customer_id: UUID
    amount: Decimal
    allocated: Decimal
    bill_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsRecorded(Fact):
    """A batch of arrived money was booked; each payment tells itself by PaymentReceived."""

    payments: int
    amount: Decimal
    allocated: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOpened(Fact):
    """The channel waits for the payer: `kind` PAGE is an address to open, CODE a code to scan."""

    payment_id: UUID
    channel: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentQueried(Fact):
    """The channel was asked; `said` is its word, `received` the amount booked on it."""

    payment_id: UUID
    channel: str
    said: str
    received: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentClosed(Fact):
    payment_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAllocated(Fact):
    payment_id: UUID
    customer_id: UUID
    amount: Decimal
    bill_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnallocated(Fact):
    """A bill is open again by `amount`, and the payment holds it on account."""

    payment_id: UUID
    allocation_id: UUID
    bill_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReassigned(Fact):
    payment_id: UUID
    customer_id: UUID
    customer_before_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationOrderSet(Fact):
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRecorded(Fact):
    """A channel's notice was kept; it moved money only when ACCEPTED and not repeated."""

    callback_id: UUID
    channel: str
    verdict: str
    repeated: bool
    payment_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequested(Fact):
    refund_id: UUID
    payment_id: UUID
    customer_id: UUID
    channel: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundApproved(Fact):
    refund_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDeclined(Fact):
    refund_id: UUID
    customer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSent(Fact):
    """A refund is under way; `number` is what the channel knows this attempt by."""

    refund_id: UUID
    customer_id: UUID
    number: str
    channel: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPayeeNamed(Fact):
    refund_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReturnAsked(Fact):
    """A deposit, or a part of it, is to go back by these refunds, in CNY."""

    deposit_id: UUID
    source_kind: str
    source_id: UUID
    customer_id: UUID
    amount: Decimal
    refund_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPaid(Fact):
    refund_id: UUID
    payment_id: UUID | None
    customer_id: UUID
    channel: str
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(Fact):
    """The money is on the customer's account again, a deposit still reserved; `words` say why."""

    refund_id: UUID
    payment_id: UUID | None
    customer_id: UUID
    channel: str
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementImported(Fact):
    """A bank file was taken: how many lines, and what came in and went out, in CNY."""

    statement_id: UUID
    account: str
    lines: int
    money_in: Decimal
    money_out: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesMatched(Fact):
    """Bank lines were judged: `matched` became payments of `amount`, `queued` need a person."""

    matched: int
    queued: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnmatched(Fact):
    """Money on a bank statement whose payer the rule could not tell."""

    line_id: UUID
    statement_id: UUID
    amount: Decimal
    value_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchConfirmed(Fact):
    line_id: UUID
    payment_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSetAside(Fact):
    line_id: UUID
    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTakenUp(Fact):
    """A bank line that was set aside waits for a person again."""

    line_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingSettled(Fact):
    """Money that left the bank is what an entry of the books says; `amount` in CNY, positive."""

    line_id: UUID
    entry_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingSettled(Fact):
    """Money that came into the bank is what an entry of the books says; `amount` in CNY."""

    line_id: UUID
    entry_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLinesPaired(Fact):
    """Two bank lines are the two sides of one transfer between accounts of our own.

    `amount` in CNY, positive.
    """

    line_id: UUID
    other_line_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingClassed(Fact):
    """Money that left the bank was a cost of our own; it `waits` for a second person, or is booked.

    `amount` in CNY, positive.
    """

    line_id: UUID
    cost: str
    amount: Decimal
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingDeclined(Fact):
    line_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualAccountGiven(Fact):
    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChecked(Fact):
    """A channel's day was compared with our payments and ledger."""

    check_id: UUID
    channel: str
    day: date
    lines: int
    differences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceSettled(Fact):
    difference_id: UUID
    words: str
