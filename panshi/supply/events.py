from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """A part, how many, from which lot, and what one cost in CNY where that is known."""

    item_code: str
    quantity: int
    lot: str = ""
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsLoaded(Fact):
    added: int
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationOpened(Fact):
    location_id: UUID
    kind: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VanHandedOver(Fact):
    location_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMoved(Fact):
    source_id: UUID
    target_id: UUID
    reason: str
    document: str
    lines: tuple[StockLine, ...]
    movement_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsReserved(Fact):
    location_id: UUID
    document: str
    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsReleased(Fact):
    document: str
    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VanKitted(Fact):
    location_id: UUID
    document: str
    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsConsumed(Fact):
    location_id: UUID
    document: str
    lines: tuple[StockLine, ...]
    movement_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartImportCommitted(Fact):
    """Opening stock was received; `created` counts its movements."""

    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartImportUndone(Fact):
    batch_id: UUID
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCounted(Fact):
    """A part and lot was counted in a place: pieces in the books and pieces found."""

    location_id: UUID
    item_code: str
    lot: str
    booked: int
    counted: int
    movement_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTakenIn(Fact):
    """Parts that were worth nothing in the books have their worth now; `amount` in CNY, net."""

    parts: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoiceEntered(Fact):
    """A supplier is owed what its invoice asks, in CNY."""

    invoice_id: UUID
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoicePaid(Fact):
    """An invoice of a supplier was paid, in CNY, tax included."""

    invoice_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierCreditEntered(Fact):
    """A supplier gives back `net` and input VAT of a line of its invoice, in CNY."""

    credit_id: UUID
    invoice_id: UUID
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierRefundReceived(Fact):
    """A supplier sent money back for what it credited of a paid invoice; `amount` in CNY."""

    refund_id: UUID
    invoice_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoiceCancelled(Fact):
    invoice_id: UUID
    reason: str
