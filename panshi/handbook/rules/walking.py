"""Walk a procedure through its branches: can every run close, is every step ever reached?"""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from panshi.handbook.rules import conditions, flow
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item, Record, Standing
from panshi.handbook.rules.procedure import MAX_ROUNDS, Procedure

MAX_PATHS: Final = 300
MAX_FACTS: Final = 32
EAGER: Final = 0.7


@dataclass(frozen=True, slots=True)
class Walk:
    """What the walk found: paths taken, steps never reached, and where a run got stuck."""

    paths: int
    unreached: tuple[str, ...]
    stuck: tuple[str, ...]


def answers(item: Item, procedure: Procedure, world: World) -> list[object]:
    """Values worth trying for a step: each choice, and readings on both sides of each limit."""
    wanted = item.step.evidence
    if wanted is None:
        return [True]
    if wanted.kind == "choice":
        return list(wanted.of)
    if wanted.kind != "reading":
        return ["yes"]
    limits = [wanted.low, wanted.high, *_limits(procedure, item.step.id)]
    tried = [n for limit in limits if (n := conditions.number(conditions.resolve(limit, world)))]
    return list(dict.fromkeys([*(n - 1 for n in tried), *(n + 1 for n in tried)])) or [1]


def _limits(procedure: Procedure, name: str) -> Iterator[object]:
    """What a step's value is compared with anywhere in the procedure."""
    for step in procedure.steps:
        for condition in (step.when, step.stop_if, *(c.when for c in step.on_fail)):
            yield from _compared(condition, name)


def _compared(condition: object, name: str) -> Iterator[object]:
    """What a name, or a reference, is compared with inside a condition."""
    if isinstance(condition, list):
        for inner in condition:
            yield from _compared(inner, name)
    elif isinstance(condition, Mapping):
        for operator, arguments in condition.items():
            if operator in conditions.JOINS:
                yield from _compared(arguments, name)
            elif name == arguments[0] or name in set(conditions.names(condition)):
                yield arguments[1]


def _after(
    procedure: Procedure,
    records: dict[tuple[str, int], Record],
    item: Item,
    world: World,
    value: object,
    rounds: int,
) -> tuple[dict[tuple[str, int], Record], int]:
    """Records and rounds after a step, when it stopped the run and sent it back."""
    if flow.stops(item.step, world, value):
        for consequence in flow.consequences(item.step, world, value):
            if consequence.goto and rounds < MAX_ROUNDS:
                ids = [s.id for s in procedure.steps]
                again = set(ids[ids.index(consequence.goto) : ids.index(item.step.id) + 1])
                return {k: v for k, v in records.items() if k[0] not in again}, rounds + 1
    return records, rounds


def facts_to_try(procedure: Procedure, params: Mapping[str, object]) -> list[dict[str, object]]:
    """Facts worth trying: on both sides of each limit that a condition sets to a field."""
    world = World(param=params)
    tried: dict[str, list[object]] = {}
    for step in procedure.steps:
        for condition in (step.when, step.stop_if, *(c.when for c in step.on_fail)):
            for reference in conditions.references(condition):
                if reference.startswith("$fact."):
                    values = tried.setdefault(reference.removeprefix("$fact."), [None])
                    for limit in _compared(condition, reference):
                        value = conditions.resolve(limit, world)
                        size = conditions.number(value)
                        values += [value] if size is None else [size - 1, size + 1]
    names = list(tried)
    made = itertools.islice(itertools.product(*tried.values()), MAX_FACTS)
    return [dict(zip(names, values, strict=True)) for values in made]


def _play(procedure: Procedure, base: World, pick: "Picker", reached: set[str]) -> tuple[str, ...]:
    """Play one run to its end with answers tried least so far; answers the steps left open."""
    records: dict[tuple[str, int], Record] = {}
    rounds = 0
    while True:
        found = flow.progress(procedure, records, base)
        if not found.ready:
            return tuple(i.step.id for i in found.owed if not i.settled)
        item = found.ready[0]
        reached.add(item.step.id)
        value = pick.answer(item.step.id, answers(item, procedure, found.world))
        records[item.step.id, item.iteration] = Record(standing=Standing.DONE, value=value)
        if item.step.stop_if is not None:
            world = flow.progress(procedure, records, base).world
            records, rounds = _after(procedure, records, item, world, value, rounds)


class Picker:
    """Chooses what was tried least; among equals by a fixed throw, so a walk can be repeated."""

    def __init__(self) -> None:
        self.tried: dict[tuple[str, str], int] = {}
        self.random = random.Random(6)

    def answer(self, name: str, values: list[object]) -> object:
        counts = [self.tried.setdefault((name, str(v)), 0) for v in values]
        least = [v for v, n in zip(values, counts, strict=True) if n == min(counts)]
        chosen = self.random.choice(least if self.random.random() < EAGER else values)
        self.tried[name, str(chosen)] += 1
        return chosen

    @property
    def all_tried(self) -> bool:
        return all(self.tried.values())


def walk(procedure: Procedure, params: Mapping[str, object]) -> Walk:
    """Play runs until every step was reached and every answer tried, or MAX_PATHS were played.

    A halted run goes on as if it were released.
    """
    pick, reached, stuck = Picker(), set[str](), set[str]()
    worlds = [World(fact=fact, param=params) for fact in facts_to_try(procedure, params)]
    wanted = {s.id for s in procedure.steps if not conditions.is_reference(s.repeat_for)}
    paths = 0
    while paths < MAX_PATHS:
        stuck |= set(_play(procedure, worlds[paths % len(worlds)], pick, reached))
        paths += 1
        if paths >= len(worlds) and wanted <= reached and pick.all_tried:
            break
    unreached = [s.id for s in procedure.steps if s.id in wanted - reached]
    return Walk(paths, tuple(unreached), tuple(sorted(stuck)))
