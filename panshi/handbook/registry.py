"""The facts and verbs that exist, in the shape that the check compares procedures with."""

import dataclasses
from typing import Any, get_args, get_type_hints

from panshi.handbook.rules.checking import Registry
from panshi.kit import facts, verbs


def _item_fields(kind: Any) -> tuple[str, ...]:
    for inner in get_args(kind):
        if dataclasses.is_dataclass(inner):
            return tuple(f.name for f in dataclasses.fields(inner))
    return ()


def _facts() -> dict[str, dict[str, Any]]:
    """Per fact its fields, each with the fields of its items when it holds rows."""
    return {
        name: {
            field.name: _item_fields(get_type_hints(kind)[field.name])
            for field in dataclasses.fields(kind)
        }
        for name, kind in facts.REGISTRY.items()
    }


def _verbs() -> dict[str, dict[str, Any]]:
    """Per verb the arguments that a step fills in, each with whether it must be given."""
    return {
        name: {
            key: parameter.default is parameter.empty
            for key, parameter in verbs.parameters(verb).items()
        }
        for name, verb in verbs.VERBS.items()
    }


def read() -> Registry:
    """The facts and verbs of all rooms that Django has loaded."""
    return Registry(facts=_facts(), verbs=_verbs())
