from dataclasses import dataclass
from datetime import date
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgNodeCreated(Fact):
    node_id: int
    kind: str
    node_name: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgNodeMoved(Fact):
    """A node stands below another one from a day on."""

    node_id: int
    before_id: int
    parent_id: int
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgNodeClosed(Fact):
    """A node is given up; so many people sign in there no more."""

    node_id: int
    on: date
    sign_ins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRegistered(Fact):
    node_id: int
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Fact):
    user_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersClosed(Fact):
    """These people sign in no more."""

    user_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOpenedAgain(Fact):
    user_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordGiven(Fact):
    """Somebody signs in by a new password that another person gave."""

    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInEnded(Fact):
    """A person who left signs in no more."""

    user_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(Fact):
    user_id: UUID
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenIssued(Fact):
    token_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRevoked(Fact):
    token_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSealed(Fact):
    last_id: int
    rows: int
