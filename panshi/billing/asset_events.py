"""Facts about what vehicles lose in the books."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class DepreciationPosted(Fact):
    """A month's depreciation, in CNY: `leased` of it while vehicles earned, `idle` while not."""

    month: date
    entries: int
    leased: Decimal
    idle: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalPosted(Fact):
    """A sold vehicle left the books, in CNY; `gain` is negative for a loss."""

    vehicle_id: UUID
    book_value: Decimal
    price: Decimal
    gain: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepPosted(Fact):
    """What the upkeep of a standing vehicle cost was posted to it, in CNY."""

    vehicle_id: UUID
    amount: Decimal
