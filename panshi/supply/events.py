from dataclasses import dataclass
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """A part, how many, and from which lot."""

    item_code: str
    quantity: int
    lot: str = ""


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
