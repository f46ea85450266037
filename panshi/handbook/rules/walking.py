"""Walk a procedure through its branches: can every run close, is every step ever reached?"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from panshi.handbook.rules import conditions, flow
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item, Judge, Record, Standing
from panshi.handbook.rules.procedure import MAX_ROUNDS, Procedure, Step

MAX_PATHS: Final = 300
MAX_FACTS: Final = 32
EAGER: Final = 0.7
PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class Walk:
    """What the walk found: paths taken, steps never reached, and where a run got stuck."""

    paths: int
    unreached: tuple[str, ...]
    stuck: tuple[str, ...]


def answers(item: Item, procedure: Procedure, world: World) -> list[object]:
    """Values worth trying for a step: each choice, and readings on both sides of each limit."""
    return _worth_trying(item.step, _limits(procedure, item.step.id), world)


def _worth_trying(step: Step, limits: Iterable[object], world: World) -> list[object]:
    wanted = step.evidence
    if wanted is None:
        return [True]
    if wanted.kind == "choice":
        return list(wanted.of)
    if wanted.kind != "reading":
        known = (conditions.resolve(value, world) for value in limits)
        return ["yes", *(value for value in known if value and isinstance(value, str))]
    # What nothing is compared with branches nowhere: its range is tried instead.
    bounds = list(limits) or [wanted.low, wanted.high]
    read = (conditions.number(conditions.resolve(limit, world)) for limit in bounds)
    tried = [n for n in read if n is not None]
    return list(dict.fromkeys(n + apart for apart in (-1, 1, 0) for n in tried)) or [1]


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a walk gave at a turn of a step."""

    step_id: str
    iteration: int
    value: object


@dataclass(frozen=True, slots=True)
class Script:
    """One run from its fact to its end: what is answered in turn, and the branches it takes."""

    fact: Mapping[str, object]
    answers: tuple[Answer, ...]
    branches: frozenset[str]


def branches(procedure: Procedure) -> frozenset[str]:
    """Every branch of a procedure by name: conditions both ways, and all that a stop leads to."""
    found: set[str] = set()
    for step in procedure.steps:
        if step.when is not None:
            found |= {applied(step, True), applied(step, False)}
        if step.stop_if is not None:
            found |= {stopped(step, True), stopped(step, False)}
            found |= {followed(step, n) for n in range(len(step.on_fail))}
    return frozenset(found)


def applied(step: Step, does: bool) -> str:
    return f"{step.id} {'applies' if does else 'does not apply'}"


def stopped(step: Step, does: bool) -> str:
    return f"{step.id} {'stops' if does else 'goes on'}"


def followed(step: Step, number: int) -> str:
    """The name of what comes at a place in `on_fail` of a step."""
    what = step.on_fail[number]
    return f"{step.id} {number + 1}: {what.goto or what.start or what.call}"


def standing(items: Iterable[Item]) -> set[str]:
    """The branches that a finished run took by its conditions."""
    return {
        applied(i.step, i.standing != Standing.NOT_APPLICABLE)
        for i in items
        if i.step.when is not None
    }


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
                        values += [value] if size is None else [size - 1, size + 1, size]
    if math.prod(map(len, tried.values())) <= MAX_FACTS:
        return [dict(zip(tried, made, strict=True)) for made in itertools.product(*tried.values())]
    throw = random.Random(6)
    return [{name: throw.choice(tried[name]) for name in tried} for _n in range(MAX_FACTS)]


@dataclass(slots=True)
class _Path:
    """One run as it is walked."""

    answers: list[Answer] = field(default_factory=list)
    branches: set[str] = field(default_factory=set)
    open: tuple[str, ...] = ()


class _Course:
    """A procedure to be walked many times: each step is judged from where the run then stands."""

    def __init__(self, procedure: Procedure) -> None:
        self.steps = procedure.steps
        self.places = {step.id: place for place, step in enumerate(procedure.steps)}
        self.limits = [tuple(_limits(procedure, step.id)) for step in procedure.steps]

    def play(self, base: World, pick: "Picker") -> _Path:
        """Play one run to its end with answers tried least so far."""
        path, rounds, place = _Path(), 0, 0
        records: dict[tuple[str, int], Record] = {}
        before, judged = [Judge(base)], list[list[Item]]()
        while place < len(self.steps):
            step, judge = self.steps[place], copy(before[place])
            items, back = judge.items(step, records), None
            for item in items:
                if item.standing != Standing.READY:
                    continue
                value = pick.answer(step.id, _worth_trying(step, self.limits[place], judge.world))
                path.answers.append(Answer(step.id, item.iteration, value))
                records[step.id, item.iteration] = Record(standing=Standing.DONE, value=value)
                if step.stop_if is not None:
                    known = flow.with_step(judge.world, step, len(items), records)
                    back = self._stop(step, known, value, rounds < MAX_ROUNDS, path.branches)
                if back is not None:
                    break
            if back is None:
                judge.learn(step, items, records)
                before.append(judge)
                judged.append(items)
                place += 1
            else:
                again = {s.id for s in self.steps[back : place + 1]}
                records = {k: v for k, v in records.items() if k[0] not in again}
                del before[back + 1 :], judged[back:]
                rounds, place = rounds + 1, back
        found = [item for items in judged for item in items]
        path.open = tuple(i.step.id for i in found if i.owed and i.standing == Standing.AHEAD)
        path.branches |= standing(found)
        return path

    def _stop(
        self, step: Step, world: World, value: object, may_go_back: bool, taken: set[str]
    ) -> int | None:
        """The place a run goes back to when the step's value stops it; notes what is taken."""
        stops = flow.stops(step, world, value)
        taken.add(stopped(step, stops))
        if not stops:
            return None
        following = list(flow.consequences(step, world, value))
        taken |= {
            followed(step, number)
            for number, consequence in enumerate(step.on_fail)
            if consequence in following and (may_go_back or not consequence.goto)
        }
        gone = [self.places[c.goto] for c in following if c.goto and may_go_back]
        return min(gone, default=None)


class Picker:
    """Chooses what was tried least; among equals by a fixed throw, so a walk can be repeated.

    With a `place` it answers what stands there among the answers of each step, or the last: some
    branches are reached only by those who always answer alike.
    """

    def __init__(self) -> None:
        self.place: int | None = None
        self.tried: dict[tuple[str, str], int] = {}
        self.random = random.Random(6)

    def turn(self, number: int) -> None:
        """Begin a walk: every third answers alike throughout, from the first place to the last."""
        self.place = number // 3 % PLACES if number % 3 == 2 else None

    def answer(self, name: str, values: list[object]) -> object:
        counts = [self.tried.setdefault((name, str(v)), 0) for v in values]
        if self.place is not None:
            chosen = values[min(self.place, len(values) - 1)]
            self.tried[name, str(chosen)] += 1
            return chosen
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
    course, pick, reached, stuck = _Course(procedure), Picker(), set[str](), set[str]()
    worlds = [World(fact=fact, param=params) for fact in facts_to_try(procedure, params)]
    wanted = {s.id for s in procedure.steps if not conditions.is_reference(s.repeat_for)}
    paths = 0
    while paths < MAX_PATHS:
        pick.turn(paths)
        path = course.play(worlds[paths % len(worlds)], pick)
        stuck |= set(path.open)
        reached |= {answer.step_id for answer in path.answers}
        paths += 1
        if paths >= len(worlds) and wanted <= reached and pick.all_tried:
            break
    unreached = [s.id for s in procedure.steps if s.id in wanted - reached]
    return Walk(paths, tuple(unreached), tuple(sorted(stuck)))


def scripts(
    procedure: Procedure,
    params: Mapping[str, object],
    subject: Mapping[str, object],
    wanted: frozenset[str],
) -> list[Script]:
    """As few runs as take every branch wanted that some hundred walks came upon, the fullest first.

    One run where no branch is wanted.
    """
    course, pick, facts = _Course(procedure), Picker(), facts_to_try(procedure, params)
    seen = set[str]()
    walked: list[Script] = []
    most = 2 * MAX_PATHS
    while len(walked) < most and (len(walked) < len(facts) or not wanted <= seen):
        fact = facts[len(walked) % len(facts)]
        pick.turn(len(walked))
        path = course.play(World(fact=fact, param=params, subject=subject), pick)
        walked.append(Script(fact, tuple(path.answers), frozenset(path.branches)))
        seen |= path.branches & wanted
    chosen: list[Script] = []
    while seen or not (chosen or wanted):
        # Of runs that add as much the shorter one is played.
        best = max(walked, key=lambda s: (len(s.branches & seen), -len(s.answers)))
        chosen.append(best)
        seen -= best.branches
    return chosen
