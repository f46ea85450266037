"""How much of the processor the engine of procedures takes, without a database and its verbs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from panshi.handbook.content_files import SHIPPED, read_directory
from panshi.handbook.rules import flow, parameters, texts, walking
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Record, Standing
from panshi.handbook.rules.procedure import Procedure

_Acts = Sequence[tuple[tuple[str, int], Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Steps done in all, and seconds of the processor: of the engine, and of a plain list.

    The plain list ticks the same steps off in the order in which they came, and knows nothing of
    conditions, groups, repeats and stops: the least that any engine has to do.
    """

    steps: int
    engine_s: float
    list_s: float


def _told(procedure: Procedure, base: World) -> _Acts:
    """One run to its end, with the last answer that fits at each turn."""
    records: dict[tuple[str, int], Record] = {}
    while (found := flow.progress(procedure, records, base)).ready:
        item = found.ready[0]
        value = walking.answers(item, procedure, found.world)[-1]
        records[item.step.id, item.iteration] = Record(standing=Standing.DONE, value=value)
    return list(records.items())


def _engine(procedure: Procedure, base: World, acts: _Acts) -> None:
    """What a step costs: where the run stands after it, and whether it stops there."""
    records: dict[tuple[str, int], Record] = {}
    for place, record in acts:
        records[place] = record
        found = flow.progress(procedure, records, base)
        step = procedure.step(place[0])
        if step is not None and step.stop_if is not None:
            flow.stops(step, found.world, record.value)


def _list(acts: _Acts) -> None:
    left = [place for place, _record in acts]
    records: dict[tuple[str, int], Record] = {}
    for place, record in acts:
        records[place] = record
        left.remove(place)


def engine_pace(*, turns: int) -> Pace:
    """Play every shipped procedure once, so many times over."""
    content = read_directory(SHIPPED)
    rows = texts.load_yaml(content.root["params.yaml"], "params.yaml")["params"]
    limits = {name: one.value for name, one in parameters.parameters_of(rows).items()}
    base = World(param=limits)
    procedures = [texts.document_of(files).procedure for files in content.folders.values()]
    runs = [(procedure, _told(procedure, base)) for procedure in procedures]
    began = time.process_time()
    for procedure, acts in runs * turns:
        _engine(procedure, base, acts)
    engine_s = time.process_time() - began
    began = time.process_time()
    for _procedure, acts in runs * turns:
        _list(acts)
    return Pace(
        steps=sum(len(acts) for _procedure, acts in runs) * turns,
        engine_s=engine_s,
        list_s=time.process_time() - began,
    )
