"""Where a run stands: which steps apply, which are reached, what is still required."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.procedure import (
    MAX_STEPS,
    Condition,
    Consequence,
    Procedure,
    Step,
)


class Standing(StrEnum):
    """How one step of a run stands."""

    NOT_APPLICABLE = "NOT_APPLICABLE"
    AHEAD = "AHEAD"
    READY = "READY"
    DONE = "DONE"
    SKIPPED = "SKIPPED"


_SETTLED: Final = frozenset({Standing.DONE, Standing.SKIPPED, Standing.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a finished step: DONE or SKIPPED, its value, and its verb's answer."""

    standing: Standing
    value: object = None
    result: Mapping[str, object] | None = None


_PASSING: Final = ("$subject.", "$now", "$actor")
Records = Mapping[tuple[str, int], Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One step, or one turn of a repeated step, as it stands in a run.

    An `undecided` step does not apply as far as is known, but an open step may still call for it.
    """

    step: Step
    iteration: int
    label: str
    standing: Standing
    undecided: bool = False

    @property
    def settled(self) -> bool:
        return self.standing in _SETTLED

    @property
    def owed(self) -> bool:
        return self.step.required and self.standing != Standing.NOT_APPLICABLE


@dataclass(frozen=True)
class Progress:
    """All items of a run in order, with the world they were judged in."""

    items: tuple[Item, ...]
    world: World

    @cached_property
    def ready(self) -> tuple[Item, ...]:
        return tuple(i for i in self.items if i.standing == Standing.READY)

    @cached_property
    def owed(self) -> tuple[Item, ...]:
        return tuple(i for i in self.items if i.owed)

    @cached_property
    def finished(self) -> bool:
        """Nothing that is required stands open."""
        return all(i.settled for i in self.owed)

    @property
    def done(self) -> int:
        return sum(i.standing == Standing.DONE for i in self.owed)

    def item(self, step_id: str, iteration: int) -> Item | None:
        return next(
            (i for i in self.items if (i.step.id, i.iteration) == (step_id, iteration)), None
        )


def turns(step: Step, world: World) -> tuple[str, ...]:
    """The labels of a step's turns: one empty label unless it repeats, none for an empty list."""
    if not step.repeated:
        return ("",)
    if step.times is not None:
        times = conditions.number(conditions.resolve(step.times, world))
        return tuple(str(n) for n in range(1, min(int(times or 0), MAX_STEPS) + 1))
    if isinstance(step.repeat_for, tuple):
        return step.repeat_for
    found = conditions.resolve(step.repeat_for, world)
    return tuple(map(str, found[:MAX_STEPS])) if isinstance(found, list) else ()


def with_step(world: World, step: Step, turns: int, records: Records) -> World:
    """The world that also knows what a step's records say."""
    kept = [r for n in range(turns) if (r := records.get((step.id, n))) is not None]
    if not kept:
        return world
    values = [r.value for r in kept if r.standing == Standing.DONE and r.value is not None]
    result = next((r.result for r in kept if r.result), None)
    value = values if step.repeated else next(iter(values), None)
    steps = {**world.steps, step.id: value} if values else world.steps
    results = {**world.results, step.id: result} if isinstance(result, Mapping) else world.results
    return replace(world, steps=steps, results=results)


def _was_decided(step: Step, records: Records, turns: int) -> bool:
    """Whether a step was done under a condition that looks at what is true only for a moment.

    A vehicle that a step has taken out of use is out of use thereafter: the step stays done.
    """
    return any((step.id, n) in records for n in range(turns)) and any(
        name.startswith(_PASSING) for name in conditions.references(step.when)
    )


class Judge:
    """Judges the steps of a run in their order: how the turns of one stand, then what they say.

    A step sees only the steps of earlier groups. A copy goes on from where it was made.
    """

    def __init__(self, world: World) -> None:
        self.world = self._seen = world
        self._group, self._held, self._owing = -1, False, False
        self._unsure: frozenset[str] = frozenset()

    def __copy__(self) -> "Judge":
        made = object.__new__(Judge)
        made.__dict__.update(self.__dict__)
        return made

    def items(self, step: Step, records: Records) -> list[Item]:
        """How the turns of the step that comes next stand."""
        if step.group != self._group:
            self._group, self._seen, self._held = step.group, self.world, self._owing
        labels = turns(step, self._seen)
        applies = step.when is None or conditions.holds(step.when, self._seen)
        applies = applies or _was_decided(step, records, len(labels))
        undecided = not applies and not self._unsure.isdisjoint(step.asks)
        open_standing = Standing.AHEAD if self._held else Standing.READY
        found = []
        for iteration, label in enumerate(labels):
            if not applies:
                standing = Standing.NOT_APPLICABLE
            elif (record := records.get((step.id, iteration))) is not None:
                standing = record.standing
            else:
                standing = open_standing
            item = Item(
                step=step,
                iteration=iteration,
                label=label,
                standing=standing,
                undecided=undecided,
            )
            found.append(item)
        return found

    def learn(self, step: Step, items: Sequence[Item], records: Records) -> None:
        """Go on behind a step whose turns stood so; `world` then knows what its records say."""
        for item in items:
            is_open = not (item.settled or (step.id, item.iteration) in records)
            if item.undecided or is_open:
                self._unsure |= {step.id}
                self._owing |= item.owed and is_open
        if items and items[0].standing != Standing.NOT_APPLICABLE:
            self.world = with_step(self.world, step, len(items), records)


def progress(procedure: Procedure, records: Records, world: World) -> Progress:
    """Judge every step in order."""
    judge, found = Judge(world), list[Item]()
    for step in procedure.steps:
        items = judge.items(step, records)
        judge.learn(step, items, records)
        found += items
    return Progress(tuple(found), judge.world)


def _newly(condition: Condition, step: Step, world: World, value: object) -> bool:
    """Whether a condition holds after a turn of a repeated step, and holds because of that turn.

    It must not stop at every later turn for what one turn said: so it counts when this turn alone
    makes it true, or when it was not true before it. Of a step that is done once it just holds.
    """
    if not conditions.holds(condition, world):
        return False
    values = world.steps.get(step.id)
    if not step.repeated or not isinstance(values, list) or value not in values:
        return True
    alone = replace(world, steps={**world.steps, step.id: [value]})
    place = values.index(value)
    rest = [*values[:place], *values[place + 1 :]]
    before = replace(world, steps={**world.steps, step.id: rest})
    return conditions.holds(condition, alone) or not conditions.holds(condition, before)


def stops(step: Step, world: World, value: object = None) -> bool:
    """Whether the run halts after this step, in the world that already knows its `value`."""
    return step.stop_if is not None and _newly(step.stop_if, step, world, value)


def consequences(step: Step, world: World, value: object = None) -> Iterator[Consequence]:
    """What follows from a stop."""
    return (c for c in step.on_fail if c.when is None or _newly(c.when, step, world, value))


def listening_keys(procedure: Procedure, found: Progress) -> list[str]:
    """Keys of the facts this run waits for now: its closing fact, and proofs of open steps.

    A picture that is taken elsewhere may be taken anew when its step is done.
    """
    keys = []
    if procedure.closes_on:
        keys.append(_key(procedure.closes_on.event, procedure.closes_on.match, found.world))
    for item in found.items:
        proof = item.step.evidence
        if proof is None or proof.fact is None:
            continue
        if not item.settled or (proof.views and item.standing == Standing.DONE):
            keys.append(_key(proof.fact.event, proof.fact.match, found.world))
    return sorted({key for key in keys if key})


def _key(event: str, match: Mapping[str, object], world: World) -> str:
    values = conditions.resolve(dict(match), world)
    if not isinstance(values, dict) or any(v is None for v in values.values()):
        return ""
    return fact_key(event, tuple(match), values)


def fact_key(event: str, fields: tuple[str, ...], values: Mapping[str, object]) -> str:
    """One string by which a fact and those who wait for it find each other."""
    return "|".join([event, *(f"{name}={values.get(name)}" for name in sorted(fields))])


def hears(procedure: Procedure) -> list[str]:
    """`event|field,field` for each fact that a run of this procedure may wait for."""
    return sorted({f"{item.event}|{','.join(sorted(item.match))}" for item in procedure.listens})
