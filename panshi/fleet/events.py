"""Facts of the fleet."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModelPublished(Fact):
    model_id: UUID
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclesReceived(Fact):
    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePlated(Fact):
    vehicle_id: UUID
    plate: str
    before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReadied(Fact):
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDeployed(Fact):
    vehicle_id: UUID
    customer_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclesTakenUp(Fact):
    """Vehicles that were on the road with their customers when the operator moved in."""

    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclesGivenUp(Fact):
    """A move-in of leases was undone; its vehicles stand where they stood before."""

    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleIdled(Fact):
    """A vehicle became idle; or, with `days`, it has stood for so many days."""

    vehicle_id: UUID
    odometer_km: Decimal
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleChargeDrifted(Fact):
    """A standing vehicle's state of charge lay outside its band for `days`; it is to be charged."""

    vehicle_id: UUID
    plate: str
    soc_pct: Decimal
    days: int
    target_low: Decimal | None
    target_high: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepPlanned(Fact):
    standing: int
    opened: int
    voided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepFinished(Fact):
    """A task of upkeep is done; `cost` in CNY is the vehicle's."""

    task_id: UUID
    vehicle_id: UUID
    kind: str
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSentToService(Fact):
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReturnedFromService(Fact):
    vehicle_id: UUID
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRetired(Fact):
    vehicle_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSold(Fact):
    """`by_bill` when a bill asked its customer for the price, so that no money came at the till."""

    vehicle_id: UUID
    price: Decimal
    by_bill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOpened(Fact):
    """A maker calls these vehicles back."""

    number: str
    words: str
    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallDone(Fact):
    vehicle_id: UUID
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementProposed(Fact):
    disposal_id: UUID
    vehicle_id: UUID
    plate: str
    reason: str
    floor_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirementRejected(Fact):
    vehicle_id: UUID
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerPriceApproved(Fact):
    vehicle_id: UUID
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OdometersRecorded(Fact):
    vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleInspected(Fact):
    inspection_id: UUID
    vehicle_id: UUID
    kind: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsFiled(Fact):
    document_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentVerified(Fact):
    document_id: UUID
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOpened(Fact):
    """Somebody looked at the scan of a paper."""

    document_id: UUID
    vehicle_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """What is due of a vehicle: `days` is the rung that was reached, `days_left` what is left.

    `days_left` is negative once it has lapsed; `due_km` is set for what is due by distance.
    """

    due_item_id: UUID
    vehicle_id: UUID
    plate: str
    kind: str
    due_on: date
    days_left: int
    days: int = 0
    due_km: Decimal | None = None
    use: str = ""
    leased: bool = False
    idle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringRow(DueRow):
    """A paper that lapses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LapsedRow:
    """What has lapsed. With `leased` and `blocks` the vehicle's open lease is red."""

    due_item_id: UUID
    vehicle_id: UUID
    plate: str
    kind: str
    due_on: date
    blocks: bool
    leased: bool
    customer_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentExpiring(Fact):
    """Papers of one node that reached a new rung of their notices."""

    items: tuple[ExpiringRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatutoryInspectionDue(Fact):
    """Vehicles of one node whose annual inspection reached a new rung."""

    items: tuple[DueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDue(Fact):
    """Vehicles of one node whose maintenance by days or kilometres reached a new rung."""

    items: tuple[DueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsLapsed(Fact):
    """What lapsed at one node, told once for each item."""

    items: tuple[LapsedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItemsComputed(Fact):
    items: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderChecked(Fact):
    incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderIncidentsFound(Fact):
    """What fell due at one node with too few notices on record before its day."""

    items: tuple[DueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRecorded(Fact):
    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceRuleChanged(Fact):
    code: str
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleImportUndone(Fact):
    batch_id: UUID
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LotOpened(Fact):
    lot_id: UUID
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclesParked(Fact):
    lot_id: UUID
    vehicle_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLent(Fact):
    custody_id: UUID
    vehicle_id: UUID
    plate: str
    key_no: int
    holder: str
    holder_id: UUID | None
    due_back_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReturned(Fact):
    custody_id: UUID
    vehicle_id: UUID
    key_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransfersProposed(Fact):
    transfer_ids: tuple[UUID, ...]
    to_city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFact(Fact):
    """What every fact about one transfer carries."""

    transfer_id: UUID
    vehicle_id: UUID
    from_city: str
    to_city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferApproved(TransferFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDispatched(TransferFact):
    carrier: str
    eta_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferArrived(TransferFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled(TransferFact):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTakeStarted(Fact):
    stocktake_id: UUID
    lot_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCounted(Fact):
    """A vehicle was seen in a stock take; `first` is false when it was seen before."""

    stocktake_id: UUID
    vehicle_id: UUID
    inspection_id: UUID
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTakeClosed(Fact):
    stocktake_id: UUID
    expected: int
    scanned: int
    variances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceRow:
    variance_id: UUID
    vehicle_id: UUID
    plate: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StocktakeVarianceFound(Fact):
    stocktake_id: UUID
    lot_id: UUID
    lot: str
    items: tuple[VarianceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceSettled(Fact):
    variance_id: UUID
    vehicle_id: UUID
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionStarted(Fact):
    """An inspection began; `kind` is PRE_DELIVERY, HANDOVER, RETURN or IDLE."""

    inspection_id: UUID
    vehicle_id: UUID
    plate: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageMarked(Fact):
    inspection_id: UUID
    vehicle_id: UUID
    part: str
    damage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionPhotoKept(Fact):
    """A picture of a view; `kind` as InspectionStarted says it, empty in facts of former times."""

    inspection_id: UUID
    view: str
    file_id: UUID
    vehicle_id: UUID | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WearStandardDrafted(Fact):
    standard_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WearStandardPublished(Fact):
    standard_id: UUID
    version: int
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEntered(Fact):
    """A vehicle is in the books, in CNY, and depreciates from `first_month` on."""

    vehicle_id: UUID
    asset_id: UUID
    cost: Decimal
    residual: Decimal
    method: str
    first_month: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OdometersMarked(Fact):
    """The odometers of assets that depreciate by use were noted for a month."""

    month: date
    marked: int
