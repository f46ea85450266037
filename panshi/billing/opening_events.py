"""Facts about debts that were there before their operator moved in."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsClaimed(Fact):
    """Debts from before the move-in became bills; `total` in CNY stands against 4103."""

    bill_ids: tuple[UUID, ...]
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsReceived(Fact):
    """Money from before the move-in stands on account for coming bills; `total` in CNY."""

    payment_ids: tuple[UUID, ...]
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningReceiptsTakenBack(Fact):
    """Money from before the move-in was taken off account again."""

    payments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningReceiptsUsed(Fact):
    """Money from before the move-in settled bills of its source; `amount` in CNY."""

    bills: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsTakenBack(Fact):
    """Bills of such debts were given back in whole."""

    bills: int
