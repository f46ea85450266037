"""Facts: what a verb made true, frozen and in the past tense."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from pydantic import TypeAdapter

from panshi.kit.ids import uuid7

REGISTRY: dict[str, type["Fact"]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Base of all facts; `name` is `room.ClassName`: handlers and the handbook know it by that."""

    name: ClassVar[str] = ""

    org_id: int
    actor_id: UUID
    at: datetime
    id: UUID = field(default_factory=uuid7)

    def __init_subclass__(cls) -> None:
        # dataclass(slots=True) makes the class anew, so the later one replaces the earlier.
        cls.name = f"{cls.__module__.split('.')[1]}.{cls.__name__}"
        REGISTRY[cls.name] = cls


@cache
def _adapter(name: str) -> TypeAdapter[Fact]:
    return TypeAdapter(REGISTRY[name])


def to_plain(fact: Fact) -> dict[str, Any]:
    """Return the fact as JSON-able values."""
    plain: dict[str, Any] = _adapter(fact.name).dump_python(fact, mode="json")
    return plain


def from_plain(name: str, plain: dict[str, Any]) -> Fact:
    """Build the fact again; raises KeyError for an unknown name, ValueError for wrong fields."""
    return _adapter(name).validate_python(plain)
