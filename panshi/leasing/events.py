"""What leasing made true."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseFact(Fact):
    """What every fact about one lease carries."""

    lease_id: UUID
    number: str
    vehicle_id: UUID
    customer_id: UUID
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseDrafted(LeaseFact):
    monthly_rent: Decimal
    deposit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasesTakenOver(Fact):
    """Leases that ran before the operator moved in, now kept here."""

    lease_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportUndone(Fact):
    batch_id: UUID
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookStaged(Fact):
    """A workbook was read: its sheets by their kind, each as a batch of its own."""

    batches: dict[str, UUID]
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookCommitted(Fact):
    """The new rows of all sheets were entered, by kind."""

    created: dict[str, int]
    there_already: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookUndone(Fact):
    """What the sheets of a workbook brought was taken out again, by kind."""

    removed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFact(LeaseFact):
    """What every fact about one contract carries."""

    contract_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractApproved(ContractFact):
    """The paper of a lease is fixed and offered for signing."""

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractOpened(ContractFact):
    """Somebody looked at a copy of the contract."""

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSignedByCustomer(ContractFact):
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVoided(ContractFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSigned(ContractFact):
    """Both sides have signed; the deposit is demanded. `kind` is ELECTRONIC or PAPER."""

    deposit: Decimal
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTookEffect(ContractFact):
    """The vehicle was handed over under this contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositSecured(LeaseFact):
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverProofKept(LeaseFact):
    """A picture or a signature for a handover that is being made."""

    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCompleted(LeaseFact):
    odometer_km: Decimal
    soc_pct: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseActivated(LeaseFact):
    first_rent: Decimal
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCancelled(LeaseFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(LeaseFact):
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAccepted(LeaseFact):
    returned_at: datetime
    odometer_km: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnArrived(LeaseFact):
    """The vehicle stands in the yard; it has not been checked yet."""

    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminationRequested(LeaseFact):
    """The customer wants to give the vehicle back before the agreed end."""

    on: date
    ends_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminationAccepted(LeaseFact):
    on: date
    early_fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseExtended(LeaseFact):
    months: int
    ends_on: date
    ended_on_before: date
    monthly_rent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRequested(LeaseFact):
    on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSwapped(LeaseFact):
    """`vehicle_id` came for `vehicle_before_id`; with `until` that one comes back on the day."""

    vehicle_before_id: UUID
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasePaused(LeaseFact):
    """`relief` percent of the rent are not charged from `starts_on` up to `ends_on`, or open."""

    cause: str
    relief: Decimal
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseResumed(LeaseFact):
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(LeaseFact):
    monthly_rent: Decimal
    monthly_rent_before: Decimal
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseExpiring(LeaseFact):
    """The lease ends in `days` days; told at 60, 30 and 7."""

    days: int
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationAtRisk(LeaseFact):
    """The vehicle is promised to this lease from `reserved_from` on and still out with another."""

    reserved_from: date
    held_by_lease_id: UUID
    held_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasesAdvanced(Fact):
    """A day's pass over the leases: how many ends and risks were told, pauses begun and over."""

    on: date
    expiring: int
    at_risk: int
    paused: int
    resumed: int
    repriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementStarted(LeaseFact):
    """A settlement was offered; `total` goes to the customer, or is asked for if negative."""

    version: int
    total: Decimal
    disputed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementAgreed(LeaseFact):
    """The customer confirmed the settlement it saw."""

    version: int
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementVoidAsked(LeaseFact):
    version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementVoided(LeaseFact):
    """A settlement that the customer had confirmed counts no more; no money has moved."""

    version: int
    total: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementKept(LeaseFact):
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageDisputed(LeaseFact):
    position: int
    what: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(LeaseFact):
    position: int
    amount: Decimal
    upheld: Decimal
    refund: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementConfirmed(LeaseFact):
    """The settlement was carried out: `refund` went back of the deposit, in CNY.

    `on_account` stands to the customer's credit, `still_open` is to be paid, `disputed` reserved.
    """

    charges: Decimal
    refund: Decimal
    total: Decimal = Decimal(0)
    on_account: Decimal = Decimal(0)
    still_open: Decimal = Decimal(0)
    disputed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFact(Fact):
    """What every fact about one quote carries."""

    quote_id: UUID
    number: str
    customer_id: UUID
    vehicle_id: UUID
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDrafted(QuoteFact):
    """Priced by the book: `listed` and `floor` are CNY per period, as the row says."""

    monthly_rent: Decimal
    listed: Decimal
    floor: Decimal
    months: int
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDiscountExceeded(QuoteFact):
    """A rent below the floor waits for another person's approval."""

    monthly_rent: Decimal
    listed: Decimal
    floor: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDiscountDecided(QuoteFact):
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSent(QuoteFact):
    valid_until: date
    hold_until: datetime | None
    monthly_rent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteAccepted(QuoteFact):
    lease_id: UUID
    monthly_rent: Decimal
    deposit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDeclined(QuoteFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesAdvanced(Fact):
    """Quotes that are over, and those whose hold on a vehicle is."""

    expired: tuple[UUID, ...]
    released: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationConfirmed(LeaseFact):
    """The vehicle of an accepted quote is promised to the lease from `starts_on` on."""

    quote_id: UUID
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationExpired(QuoteFact):
    """The vehicle is no longer kept for the quote."""

    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintFact(Fact):
    """What every fact about one restraint of a leased vehicle carries."""

    request_id: UUID
    lease_id: UUID
    vehicle_id: UUID
    customer_id: UUID
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintAsked(RestraintFact):
    command_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintRefused(RestraintFact):
    """The ladder asked and a guard said no; `checks` are those that did not hold."""

    checks: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintMoved(RestraintFact):
    before: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintsReleaseAsked(Fact):
    """Restraints of a lease are taken back; `vehicles` are asked to be set free."""

    lease_id: UUID | None
    customer_id: UUID | None
    requests: int
    vehicles: int
    reason: str
