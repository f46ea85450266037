from dataclasses import dataclass
from datetime import date
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
