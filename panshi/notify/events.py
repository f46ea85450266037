"""What notification made true."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesHandedOver(Fact):
    """Queued messages went to their channels; `failed` were refused by them."""

    sent: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesWithdrawn(Fact):
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsRecorded(Fact):
    """`unknown` receipts name no message of ours and were set aside."""

    taken: int
    repeated: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed(Fact):
    """The last channel to a recipient is spent; a person has to reach them another way."""

    message_id: UUID
    user_id: UUID | None
    customer_id: UUID | None
    message_class: str
    source_kind: str
    source_id: str
    channel: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesSet(Fact):
    user_id: UUID | None
    customer_id: UUID | None
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePublished(Fact):
    code: str
    language: str
    version: int
