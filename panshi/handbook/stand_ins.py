"""Verbs that stand in while procedures are played: the real one is called, and when what it needs
is not there, a fact of its kind is answered in its stead.
"""

import types
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import wraps
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from pydantic import TypeAdapter

from panshi.kit import facts, verbs
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal

_PLAIN: Mapping[type, Callable[[datetime], object]] = {
    bool: lambda _at: True,
    int: lambda _at: 1,
    float: lambda _at: 1.0,
    str: lambda _at: "1",
    bytes: lambda _at: b"1",
    Decimal: lambda _at: Decimal("100.00"),
    datetime: lambda at: at,
    date: lambda at: at.date(),
}


@dataclass(slots=True)
class Calls:
    """How often each verb was called: in earnest, or with another answering for it."""

    real: Counter[str] = field(default_factory=Counter)
    stood_in: Counter[str] = field(default_factory=Counter)


def likely(kind: Any, at: datetime, given: Mapping[str, object] | None = None) -> Any:
    """A value of a kind, or a fact or row of a dataclass, with what is given by its name."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return likely(next(one for one in inner if one is not type(None)), at)
    if origin is Literal:
        return inner[0]
    if origin is not None and isinstance(origin, type):
        if issubclass(origin, Mapping):
            return {}
        return (likely(inner[0], at),) if inner else ()
    if is_dataclass(kind) and isinstance(kind, type):
        return _made(kind, at, given or {})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    make = _PLAIN.get(kind)
    return make(at) if make else uuid7()


def _made(kind: type, at: datetime, given: Mapping[str, object]) -> Any:
    hints = get_type_hints(kind)
    values = {}
    for one in fields(kind):
        if one.name in given:
            values[one.name] = TypeAdapter(hints[one.name]).validate_python(given[one.name])
        elif one.default is MISSING and one.default_factory is MISSING:
            values[one.name] = likely(hints[one.name], at)
    return kind(**values)


def fact_like(name: str, at: datetime, given: Mapping[str, object]) -> Fact:
    """A fact of a name, with what is given and likely values elsewhere; raises KeyError."""
    made: Fact = likely(facts.REGISTRY[name], at, given)
    return made


def _answer_of(verb: Callable[..., Fact]) -> Any:
    """The kind of fact that a verb answers; of several the first."""
    kind = get_type_hints(verb)["return"]
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return kinds[0]


def _standing(name: str, real: Callable[..., Fact], calls: Calls) -> Callable[..., Fact]:
    @wraps(real)
    def call(**given: Any) -> Fact:
        try:
            with transaction.atomic():
                fact = real(**given)
        except (Refusal, ObjectDoesNotExist):
            calls.stood_in[name] += 1
            actor, at = given["actor"], given["at"]
            known = {"org_id": actor.org_id, "actor_id": actor.id, "at": at}
            answer: Fact = likely(_answer_of(real), at, known)
            return answer
        calls.real[name] += 1
        return fact

    return call


@contextmanager
def standing_in(names: Collection[str]) -> Iterator[Calls]:
    """Let each of these verbs have one that stands in for it, for the time of the context."""
    calls = Calls()
    real = {name: verbs.VERBS[name] for name in names if name in verbs.VERBS}
    verbs.VERBS.update({name: _standing(name, verb, calls) for name, verb in real.items()})
    try:
        yield calls
    finally:
        verbs.VERBS.update(real)
