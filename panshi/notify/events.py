from dataclasses import dataclass
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesSent(Fact):
    count: int
    user_ids: tuple[UUID, ...]
    customer_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesRead(Fact):
    count: int
