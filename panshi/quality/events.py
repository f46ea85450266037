from dataclasses import dataclass
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityOpened(Fact):
    nonconformity_id: UUID
    number: str
    grade: str
    node_slug: str
    city: str
    source_kind: str
    source_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityKnown(Fact):
    """The same source was reported again; nothing new was opened."""

    nonconformity_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NonconformityClosed(Fact):
    nonconformity_id: UUID
    number: str
    cause: str
    correction: str
