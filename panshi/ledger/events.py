from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesPosted(Fact):
    """`posted` entries are new; `known` ones were posted before under the same source."""

    posted: int
    postings: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesReversed(Fact):
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReversed(Fact):
    entry_id: UUID
    reversal_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClosed(Fact):
    month: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopeningAsked(Fact):
    month: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReopened(Fact):
    month: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SumsFolded(Fact):
    """`changes` noted by postings were added to `sums` of months."""

    changes: int
    sums: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SumsRecounted(Fact):
    """All sums of months were counted again from the postings; `mended` differed."""

    mended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsPosted(Fact):
    """`posted` transfers between books are new; `known` ones were posted before."""

    posted: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantsChecked(Fact):
    """Promises of books that were looked at, and how many did not hold."""

    checked: int
    broken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantBroken(Fact):
    """A book does not keep a promise, I1 to I13; the figures of both sides and one example."""

    code: str
    left: Decimal
    right: Decimal
    broken: int
    example: str
