"""Conditions as data: `{lt: [{min: tyres}, $param.tread_min_mm]}`; judged without `eval`.

A well-formed condition never raises, whatever the values are: a value that is missing, or of a
kind that cannot be compared, makes its comparison false.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

COMPARISONS: Final = ("eq", "ne", "lt", "le", "gt", "ge", "in")
JOINS: Final = ("and", "or", "not")
GATHERERS: Final = ("min", "max", "count")
ROOTS: Final = ("fact", "subject", "steps", "param", "actor", "now")
MAX_DEPTH: Final = 5

_NONE: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a condition or a step's argument may look at.

    `steps` holds the value of each finished step (a list when it repeats), `results` what the
    verb of a step answered. A bare name means a step, or a field of the fact when `bare` says so.
    """

    fact: Mapping[str, object] = field(default_factory=dict)
    subject: Mapping[str, object] = field(default_factory=dict)
    steps: Mapping[str, object] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    param: Mapping[str, object] = field(default_factory=dict)
    actor: str = ""
    now: str = ""
    bare: str = "steps"


def is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$")


def _dig(value: object, path: Sequence[str]) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def look_up(reference: str, world: World) -> object:
    """The value of `$fact.x`, `$subject.x`, `$steps.id[.field]`, `$param.x`, `$actor` or `$now`.

    None when there is no such value.
    """
    root, *path = reference[1:].split(".")
    if root == "now":
        return world.now
    if root == "actor":
        return world.actor
    if root == "steps":
        if len(path) > 1:
            return _dig(world.results.get(path[0]), path[1:])
        return world.steps.get(path[0]) if path else None
    scopes = {"fact": world.fact, "subject": world.subject, "param": world.param}
    return _dig(scopes.get(root, _NONE), path) if path else None


def resolve(value: object, world: World) -> object:
    """The value itself, or what its references stand for, inside lists and mappings too."""
    if isinstance(value, str):
        return look_up(value, world) if is_reference(value) else value
    if isinstance(value, Mapping):
        return {key: resolve(inner, world) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(inner, world) for inner in value]
    return value


def grounded(value: object, world: World) -> object:
    """The value with each reference but `$steps` put as `{"is": …}`, to be judged elsewhere."""
    if is_reference(value) and not str(value).startswith("$steps."):
        return {"is": look_up(str(value), world)}
    if isinstance(value, Mapping):
        return {key: grounded(inner, world) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [grounded(inner, world) for inner in value]
    return value


def number(value: object) -> Decimal | None:
    """The value as a finite number, or None; numbers written as text count."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    try:
        made = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return made if made.is_finite() else None


def _equal(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str) and "." not in left + right:
        return left == right  # Codes: 01 is not 1. Amounts of facts are words with a point.
    one, other = number(left), number(right)
    return one == other if one is not None and other is not None else left == right


def _order(left: object, right: object) -> int | None:
    one, other = number(left), number(right)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def _compare(operator: str, left: object, right: object) -> bool:
    if left is None or right is None:
        return False
    if operator == "eq":
        return _equal(left, right)
    if operator == "ne":
        return not _equal(left, right)
    if operator == "in":
        return isinstance(right, (list, tuple)) and any(_equal(left, item) for item in right)
    order = _order(left, right)
    if order is None:
        return False
    return {"lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[operator]


def _bare(name: str, world: World) -> object:
    return world.fact.get(name) if world.bare == "fact" else world.steps.get(name)


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _gather(operator: str, value: object) -> object:
    items = [item for item in _items(value) if item is not None]
    if operator == "count":
        return len(items)
    numbers = [n for item in items if (n := number(item)) is not None]
    if not numbers:
        return None
    return min(numbers) if operator == "min" else max(numbers)


def _left(side: object, world: World) -> object:
    if isinstance(side, Mapping):
        operator, name = next(iter(side.items()))
        return _gather(operator, _left(name, world))
    if isinstance(side, str):
        return look_up(side, world) if is_reference(side) else _bare(side, world)
    return side


def _right(side: object, world: World) -> object:
    if isinstance(side, Mapping):
        return _left(side, world)
    return resolve(side, world)


def holds(condition: Mapping[str, object], world: World) -> bool:
    """Whether a well-formed condition is true; of a repeated step, for any of its values."""
    operator, arguments = next(iter(condition.items()))
    if operator == "not":
        return isinstance(arguments, Mapping) and not holds(arguments, world)
    if operator in ("and", "or"):
        parts = (holds(c, world) for c in _items(arguments) if isinstance(c, Mapping))
        return all(parts) if operator == "and" else any(parts)
    left, right = (arguments[0], arguments[1]) if isinstance(arguments, (list, tuple)) else (0, 0)
    wanted = _right(right, world)
    seen = _left(left, world)
    if isinstance(seen, (list, tuple)):
        return any(_compare(operator, one, wanted) for one in seen)
    return _compare(operator, seen, wanted)


def problems(condition: object, *, depth: int = 1) -> Iterator[str]:
    """What is wrong with the form of a condition, in words."""
    if depth > MAX_DEPTH:
        yield f"a condition is nested deeper than {MAX_DEPTH}"
        return
    if not isinstance(condition, Mapping) or len(condition) != 1:
        yield f"a condition is one operator with its arguments, not {condition!r}"
        return
    operator, arguments = next(iter(condition.items()))
    if operator == "not":
        yield from problems(arguments, depth=depth + 1)
    elif operator in JOINS:
        if not isinstance(arguments, list) or not arguments:
            yield f"“{operator}” takes a list of conditions"
        else:
            for inner in arguments:
                yield from problems(inner, depth=depth + 1)
    elif operator in COMPARISONS:
        yield from _comparison_problems(operator, arguments)
    else:
        yield f"unknown operator “{operator}”"


def _comparison_problems(operator: str, arguments: object) -> Iterator[str]:
    if not isinstance(arguments, list) or len(arguments) != 2:
        yield f"“{operator}” takes [name, value]"
        return
    left, right = arguments
    if isinstance(left, Mapping):
        yield from _gather_problems(left)
    elif not isinstance(left, str):
        yield f"“{operator}” compares a named value, not {left!r}"
    if isinstance(right, Mapping):
        yield from _gather_problems(right)
    if operator == "in" and not (isinstance(right, list) or is_reference(right)):
        yield "“in” takes a list on the right"
    for side in (left, *(right if isinstance(right, list) else [right])):
        if is_reference(side):
            yield from reference_problems(str(side))


def _gather_problems(side: Mapping[object, object]) -> Iterator[str]:
    if len(side) != 1 or next(iter(side)) not in GATHERERS:
        yield f"only {', '.join(GATHERERS)} gather values, not {dict(side)!r}"
    elif not isinstance(next(iter(side.values())), str):
        yield "a gathered value is named"


def reference_problems(reference: str) -> Iterator[str]:
    """What is wrong with the form of a `$` reference."""
    root, *path = reference[1:].split(".")
    if root not in ROOTS:
        yield f"{reference} does not begin with ${', $'.join(ROOTS)}"
    elif (root in ("now", "actor")) == bool(path):
        yield f"{reference} is not a value"


def references(value: object) -> Iterator[str]:
    """Every `$` reference inside a value, depth first."""
    if is_reference(value):
        yield str(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from references(inner)


def names(condition: object) -> Iterator[str]:
    """The bare names a condition compares: steps, or fields of the fact."""
    if not isinstance(condition, Mapping):
        return
    for operator, arguments in condition.items():
        if operator == "not":
            yield from names(arguments)
        elif operator in JOINS and isinstance(arguments, list):
            for inner in arguments:
                yield from names(inner)
        elif isinstance(arguments, list) and arguments:
            yield from _side_names(arguments[0], bare=True)
            yield from _side_names(arguments[-1], bare=False)


def _side_names(side: object, *, bare: bool) -> Iterator[str]:
    if isinstance(side, Mapping):
        for inner in side.values():
            yield from _side_names(inner, bare=True)
    elif isinstance(side, str) and bare and not is_reference(side):
        yield side


def step_names(value: object) -> Iterator[str]:
    """The steps that a value or condition refers to by `$steps.`."""
    for reference in references(value):
        root, *path = reference[1:].split(".")
        if root == "steps" and path:
            yield path[0]
