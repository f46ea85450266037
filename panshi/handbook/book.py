"""The book in force: editions, revisions, roles and parameters, read once and kept.

What is released never changes, so it is kept by its id for the life of the process.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from panshi.handbook.models import Edition, EditionItem, EditionState, Revision
from panshi.handbook.rules import reading, texts
from panshi.handbook.rules.answering import Answer, answer_of
from panshi.handbook.rules.clock import Calendar
from panshi.handbook.rules.parameters import Parameter, parameters_of
from panshi.handbook.rules.playbooks import Playbook, playbook_of
from panshi.handbook.rules.procedure import Procedure
from panshi.handbook.rules.texts import Outline
from panshi.handbook.workdays import calendar
from panshi.kit.tenancy import Actor
from panshi.org import queries as org

IN_FORCE = (EditionState.RELEASED, EditionState.SUPERSEDED, EditionState.PILOT)
_SPAN = ("effective_from", "effective_until", "pilot_cities", "pilot_from", "pilot_until")


@dataclass(frozen=True, slots=True)
class Post:
    """A job post of the handbook: its names, and which sign-in roles hold it."""

    slug: str
    zh: str
    en: str
    holders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Span:
    """When an edition is in force: everywhere, and in its pilot cities before."""

    effective_from: datetime | None
    effective_until: datetime | None
    pilot_cities: tuple[str, ...]
    pilot_from: datetime | None
    pilot_until: datetime | None

    def everywhere(self, at: datetime) -> bool:
        return (
            self.effective_from is not None
            and self.effective_from <= at
            and (self.effective_until is None or at < self.effective_until)
        )

    @property
    def begins(self) -> datetime:
        """When it is first in force anywhere."""
        known = [moment for moment in (self.effective_from, self.pilot_from) if moment]
        return min(known, default=datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Book:
    """One released edition with what its files say about roles and parameters."""

    id: UUID
    number: str
    org_id: int
    span: Span
    files: Mapping[str, str]
    kept_since: datetime

    def in_force(self, at: datetime, city: str = "") -> bool:
        """Whether it is in force at a moment: everywhere, or on trial in a city."""
        return self.span.everywhere(at) or (city in self.span.pilot_cities and self.on_trial(at))

    def on_trial(self, at: datetime) -> bool:
        """Whether it is in force in its pilot cities, and not yet elsewhere."""
        span = self.span
        return (
            span.pilot_from is not None
            and span.pilot_from <= at
            and (span.pilot_until is None or at < span.pilot_until)
        )

    @cached_property
    def posts(self) -> dict[str, Post]:
        rows = texts.load_yaml(self.files["roles.yaml"], "roles.yaml")["roles"]
        return {r["slug"]: Post(r["slug"], r["zh"], r["en"], frozenset(r["holds"])) for r in rows}

    @cached_property
    def params(self) -> dict[str, object]:
        return {name: parameter.value for name, parameter in self.parameters.items()}

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """Every parameter with its bounds, in the order of the file."""
        rows = texts.load_yaml(self.files["params.yaml"], "params.yaml")["params"]
        return parameters_of(rows)

    def playbook(self, slug: str) -> Playbook | None:
        """A playbook of this edition; None when it holds none of this name."""
        name = f"playbooks/{slug}.yaml"
        text = self.files.get(name)
        return playbook_of(texts.load_yaml(text, name)) if text else None

    @cached_property
    def outline(self) -> Outline:
        return texts.outline_of(self.files["outline.yaml"])

    @property
    def schedules_from(self) -> datetime:
        """From when on its schedules start runs: it is in force, and it was there to be read."""
        return max(self.span.begins, self.kept_since)

    @cached_property
    def calendar(self) -> Calendar:
        return calendar(self.params.get("opens_at"), self.params.get("closes_at"))

    def posts_of(self, actor: Actor) -> list[str]:
        """The job posts this person holds, by the roles of the sign-in."""
        return [slug for slug, post in self.posts.items() if post.holders & actor.roles]


_BOOKS: dict[UUID, Book] = {}
_PROCEDURES: dict[UUID, Procedure] = {}
_ASKS: dict[UUID, bool] = {}


def _span(row: Mapping[str, Any]) -> Span:
    return Span(**{**row, "pilot_cities": tuple(row["pilot_cities"])})


def _book(row: Edition) -> Book:
    return Book(
        id=row.id,
        number=row.number,
        org_id=row.org_id,
        span=_span({name: getattr(row, name) for name in _SPAN}),
        files=row.files,
        kept_since=row.created_at,
    )


def books() -> list[Book]:
    """Every edition that is or was in force, or is on trial, the newest first."""
    rows = Edition.objects.filter(state__in=IN_FORCE).values("id", *_SPAN)
    spans = {row.pop("id"): _span(row) for row in rows}
    for row in Edition.objects.filter(id__in=[i for i in spans if i not in _BOOKS]):
        _BOOKS[row.id] = _book(row)
    for edition_id, span in spans.items():
        if _BOOKS[edition_id].span != span:
            _BOOKS[edition_id] = replace(_BOOKS[edition_id], span=span)
    # Of two released at different times the later one counts, also in cities of an earlier trial.
    return sorted(
        (_BOOKS[i] for i in spans),
        key=lambda b: b.span.effective_from or b.span.begins,
        reverse=True,
    )


def book_at(at: datetime, city: str = "") -> Book | None:
    """The edition in force at a moment, in a city where one is named; None before the first."""
    return next((b for b in books() if b.in_force(at, city)), None)


def book_for(org_id: int, actor: Actor, at: datetime) -> Book | None:
    """The edition in force where a node of the organisation works."""
    if not any(b.on_trial(at) for b in books()):
        return book_at(at)
    cities = {node.id: node.city for node in org.nodes(actor=actor)}
    return book_at(at, cities.get(org_id, ""))


def book_of(edition_id: UUID) -> Book:
    """One edition by its id; raises Edition.DoesNotExist."""
    if edition_id not in _BOOKS:
        _BOOKS[edition_id] = _book(Edition.objects.get(id=edition_id))
    return _BOOKS[edition_id]


def procedure_of(revision: Revision) -> Procedure:
    """The procedure of an approved revision, read once."""
    known = _PROCEDURES.get(revision.id)
    if known is None:
        known = reading.procedure_of(texts.load_yaml(revision.files["sop.yaml"], "sop.yaml"))
        _PROCEDURES[revision.id] = known
    return known


def asks_subject(revision: Revision) -> bool:
    """Whether a text looks at the card of what it is about, read once."""
    if revision.id not in _ASKS:
        _ASKS[revision.id] = "$subject." in revision.files["sop.yaml"]
    return _ASKS[revision.id]


def procedures(revision_ids: Collection[UUID]) -> dict[UUID, Procedure]:
    """The procedures of these approved revisions; only those never read before are fetched."""
    unread = [key for key in revision_ids if key not in _PROCEDURES]
    for revision in Revision.objects.filter(id__in=unread) if unread else ():
        procedure_of(revision)
    return {key: _PROCEDURES[key] for key in revision_ids if key in _PROCEDURES}


def revision_procedure(revision_id: UUID) -> Procedure:
    """The procedure of an approved revision by its id."""
    known = _PROCEDURES.get(revision_id)
    return known or procedure_of(Revision.objects.get(id=revision_id))


@dataclass(frozen=True, slots=True)
class Bound:
    """A node that a fact may start, in one edition."""

    node_id: UUID
    node_slug: str
    revision_id: UUID
    procedure: Procedure


@lru_cache(maxsize=4096)
def bound_to(edition_id: UUID, event: str) -> tuple[Bound, ...]:
    """The nodes of an edition that a kind of fact may start."""
    items = EditionItem.objects.filter(
        edition_id=edition_id, revision__trigger_event=event
    ).select_related("node", "revision")
    return tuple(
        Bound(i.node_id, i.node.slug, i.revision_id, procedure_of(i.revision)) for i in items
    )


@lru_cache(maxsize=64)
def scheduled(edition_id: UUID) -> tuple[Bound, ...]:
    """The nodes of an edition that a schedule starts."""
    items = (
        EditionItem.objects.filter(edition_id=edition_id, node__trigger__kind="schedule")
        .select_related("node", "revision")
        .order_by("node__position")
    )
    bounds = (Bound(i.node_id, i.node.slug, i.revision_id, procedure_of(i.revision)) for i in items)
    return tuple(b for b in bounds if b.procedure.trigger.kind == "schedule")


@lru_cache(maxsize=64)
def certified(edition_id: UUID) -> tuple[Procedure, ...]:
    """The procedures of an edition that ask for a certificate."""
    held = EditionItem.objects.filter(edition_id=edition_id).values_list("revision_id", flat=True)
    return tuple(p for p in procedures(list(held)).values() if p.certificates)


def bound_node(edition_id: UUID, slug: str) -> Bound | None:
    """One written node of an edition by its slug."""
    item = (
        EditionItem.objects.filter(edition_id=edition_id, node__slug=slug)
        .select_related("node", "revision")
        .first()
    )
    if item is None:
        return None
    return Bound(item.node_id, item.node.slug, item.revision_id, procedure_of(item.revision))


@lru_cache(maxsize=4096)
def heard(edition_id: UUID, event: str) -> tuple[tuple[str, ...], ...]:
    """The sets of fields by which open runs of an edition may wait for a kind of fact."""
    entries = EditionItem.objects.filter(
        Q(edition_id=edition_id), ~Q(revision__hears=[])
    ).values_list("revision__hears", flat=True)
    found: set[tuple[str, ...]] = set()
    for hears in entries:
        for entry in hears:
            name, _, fields = entry.partition("|")
            if name == event:
                found.add(tuple(f for f in fields.split(",") if f))
    return tuple(sorted(found))


@lru_cache(maxsize=8)
def answers(edition_id: UUID) -> tuple[Answer, ...]:
    """What an edition tells customers who ask."""
    files = KeyTextTransform("node.md", "revision__files")
    rows = EditionItem.objects.filter(edition_id=edition_id).annotate(text=files)
    told = rows.filter(text__contains=texts.CUSTOMER).order_by("node__position")
    found = (texts.node_text(text) for text in told.values_list("text", flat=True))
    return tuple(answer_of(text) for text in found if texts.CUSTOMER in text.audience)


def forget() -> None:
    """Drop what is kept; tests that roll editions back need it."""
    _BOOKS.clear()
    _PROCEDURES.clear()
    _ASKS.clear()
    bound_to.cache_clear()
    scheduled.cache_clear()
    heard.cache_clear()
    certified.cache_clear()
    answers.cache_clear()
