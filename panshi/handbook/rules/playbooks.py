"""Playbooks: phases, each with nodes that begin so many days from a day, and a gate at its end."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from panshi.handbook.rules.procedure import ContentFault

SCHEMA: Final = "playbook/1"
PHASES: Final = ("PREPARE", "BUILD", "PROMOTE", "EXTEND")
MEASURES: Final = ("engineers", "vehicles", "parts", "orders", "adherence")


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node that begins `offset` days after the opening day; before it when negative."""

    slug: str
    offset: int
    owner: str

    def begins(self, opens_on: date) -> date:
        return opens_on + timedelta(days=self.offset)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A measured indicator and what it must reach."""

    measure: str
    at_least: int


@dataclass(frozen=True, slots=True)
class PlaybookPhase:
    """One phase; what its gate asks before the next may begin."""

    phase: str
    zh: str
    en: str
    nodes: tuple[PlannedNode, ...]
    closed: tuple[str, ...]
    measures: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Playbook:
    slug: str
    zh: str
    en: str
    phases: tuple[PlaybookPhase, ...]

    def phase(self, name: str) -> PlaybookPhase | None:
        return next((p for p in self.phases if p.phase == name), None)

    def upto(self, name: str) -> Iterator[PlaybookPhase]:
        """The phases up to this one, itself included."""
        for phase in self.phases:
            yield phase
            if phase.phase == name:
                return


def playbook_of(given: Mapping[str, Any]) -> Playbook:
    """Read the mapping of a playbook's file; raises ContentFault when it is not one."""
    try:
        book = Playbook(
            slug=given["slug"],
            zh=given["zh"],
            en=given["en"],
            phases=tuple(_phase(row) for row in given["phases"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ContentFault([f"playbook: {error!r} lacks or does not fit"]) from error
    if given.get("schema") != SCHEMA:
        raise ContentFault([f"playbook: schema must be {SCHEMA}"])
    if [p.phase for p in book.phases] != list(PHASES):
        raise ContentFault([f"playbook: the phases are {', '.join(PHASES)}, in this order"])
    return book


def _phase(row: Mapping[str, Any]) -> PlaybookPhase:
    gate = row.get("gate") or {}
    return PlaybookPhase(
        phase=row["phase"],
        zh=row["zh"],
        en=row["en"],
        nodes=tuple(PlannedNode(n["node"], int(n["at"]), n["owner"]) for n in row["nodes"]),
        closed=tuple(gate.get("closed") or ()),
        measures=tuple(
            Wanted(m["measure"], int(m["at_least"])) for m in gate.get("measures") or ()
        ),
    )


def problems(book: Playbook, slugs: Collection[str], roles: Collection[str]) -> Iterator[str]:
    """What of a playbook is not in the book, in words."""
    begun: set[str] = set()
    for phase in book.phases:
        for node in phase.nodes:
            begun.add(node.slug)
            if node.slug not in slugs:
                yield f"there is no node {node.slug}"
            if node.owner not in roles:
                yield f"there is no role {node.owner}"
        for slug in phase.closed:
            if slug not in begun:
                yield f"the gate of {phase.phase} waits for {slug}, which no phase has begun"
        for wanted in phase.measures:
            if wanted.measure not in MEASURES:
                yield f"nothing measures {wanted.measure}"


def occurrence_key(plan_id: UUID, slug: str) -> str:
    """What tells the run of one node of one plan from all others."""
    return f"playbook/{plan_id}/{slug}"
