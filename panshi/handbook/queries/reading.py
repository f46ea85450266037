"""Questions about the text: the map of all nodes, one node, editions, search, bindings."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from panshi.handbook import book, wording
from panshi.handbook.changes import changed_documents, changed_limits
from panshi.handbook.models import (
    OPEN_STATES,
    AdherenceCity,
    AdherenceDay,
    Edition,
    EditionItem,
    EditionState,
    Node,
    Revision,
    Run,
    SearchDocument,
    Synonym,
)
from panshi.handbook.rules import differences, terms, texts
from panshi.handbook.rules.differences import Change
from panshi.handbook.rules.measure import Tally
from panshi.handbook.rules.texts import NodeDocument
from panshi.kit import facts
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.kit.wording import reads_chinese

PARTS_SHOWN = 3
# Nodes by what the terms say of them, a rare term more than a common one (Okapi BM25).
_BEST: LiteralString = """
WITH asked AS (SELECT * FROM unnest(%(terms)s::text[], %(counts)s::float8[]) AS a (term, counts)),
held AS (SELECT t.*, a.counts, sum(cardinality(t.nodes)) OVER (PARTITION BY t.term) AS df
    FROM handbook_searchterm t JOIN asked a USING (term)),
whole AS (SELECT count(*) AS n FROM handbook_node)
SELECT p.node_id FROM held h, whole w, unnest(h.nodes, h.weights) AS p (node_id, weight)
GROUP BY p.node_id
ORDER BY sum(p.weight * h.counts * ln(1 + (greatest(w.n - h.df, 0) + 0.5) / (h.df + 0.5))) DESC, 1
LIMIT %(limit)s
"""
# Of these nodes the parts that match best.
_PARTS: LiteralString = """
SELECT id FROM (SELECT d.id, r.rank, row_number() OVER (PARTITION BY d.node_id
        ORDER BY r.rank DESC, d.id) AS place
    FROM handbook_searchdocument d,
        ts_rank('{0.1, 0.3, 0.6, 1.0}', d.terms, %(query)s::tsquery, 1) AS r (rank)
    WHERE d.node_id = ANY(%(nodes)s::uuid[]) AND r.rank > 0) AS found
WHERE place <= %(each)s ORDER BY rank DESC, id
"""

COUNTS = tuple(Tally.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePage:
    org_id: int
    code: str
    slug: str
    title: str
    title_en: str
    category: str
    owner: str
    owner_en: str
    posts: Mapping[str, str]
    kpi: dict[str, Any]
    trigger: dict[str, Any]
    bound: bool
    parent: tuple[str, str] | None
    children: tuple[tuple[str, str, str], ...]
    document: NodeDocument | None
    edition: str
    revision: int
    open: int
    overdue: int
    tally: Tally
    cities: tuple[tuple[str, Tally], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    id: UUID
    number: str
    title: str
    state: EditionState
    effective_from: datetime | None
    effective_until: datetime | None
    pilot_cities: tuple[str, ...]
    pilot_from: datetime | None
    nodes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPart:
    kind: str
    anchor: str
    title: str
    text: str
    passage: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A node that a search found, with the parts of it that match best."""

    code: str
    slug: str
    title: str
    written: bool
    parts: tuple[FoundPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRow:
    code: str
    slug: str
    title: str
    kind: str
    starts_on: str
    written: bool
    reason: str


def _load(node: Node, actor: Actor, at: datetime) -> tuple[int, int]:
    """How many runs of a node are open, and how many of these are overdue."""
    runs = Run.objects.visible_to(actor).filter(node=node, state__in=OPEN_STATES)
    counted = runs.aggregate(n=Count("id"), late=Count("id", Q(due_at__lt=at)))
    return counted["n"], counted["late"]


def _summed(days: QuerySet[AdherenceDay], by: str) -> dict[Any, Tally]:
    """The counts of these days added up for each value of one field."""
    rows = days.values_list(by).annotate(**{f"sum_{name}": Sum(name) for name in COUNTS})
    return {key: Tally(*counts) for key, *counts in rows}


def _written(edition: book.Book | None) -> set[UUID]:
    if edition is None:
        return set()
    return set(EditionItem.objects.filter(edition_id=edition.id).values_list("node_id", flat=True))


@question
def cities(*, actor: Actor) -> list[str]:
    """Cities in which runs fell due or are open, for filters."""
    counted = AdherenceCity.objects.visible_to(actor).values("city")
    going = Run.objects.visible_to(actor).filter(state__in=OPEN_STATES).values("city")
    return sorted(row["city"] for row in counted.union(going) if row["city"])


@question
def node_page(*, slug: str, actor: Actor, at: datetime) -> NodePage:
    """One node: its text where it is written, its place, its load and its adherence."""
    edition = book.book_for(actor.org_id, actor, at)
    node = Node.objects.select_related("parent").get(
        slug=slug, org_id=edition.org_id if edition else actor.org_id
    )
    item = (
        EditionItem.objects.filter(edition_id=edition.id, node=node)
        .select_related("revision")
        .first()
        if edition
        else None
    )
    post = edition.posts.get(node.owner_role) if edition else None
    open_, late = _load(node, actor, at)
    days = AdherenceDay.objects.visible_to(actor).filter(
        node=node, day__gt=local_day(at) - timedelta(days=28)
    )
    by_city = tuple(sorted(_summed(days, "city").items()))
    return NodePage(
        org_id=node.org_id,
        code=node.code,
        slug=node.slug,
        title=wording.spoken(node.zh, node.en),
        title_en=node.en,
        category=node.category,
        owner=post.zh if post else node.owner_role,
        owner_en=post.en if post else node.owner_role,
        kpi=node.kpi,
        trigger=node.trigger,
        bound=node.trigger.get("event") in facts.REGISTRY,
        parent=(node.parent.slug, wording.spoken(node.parent.zh, node.parent.en))
        if node.parent
        else None,
        children=tuple(
            (child.slug, child.code, wording.spoken(child.zh, child.en))
            for child in node.children.order_by("position")
        ),
        posts={p.slug: wording.spoken(p.zh, p.en) for p in edition.posts.values()}
        if edition
        else {},
        document=texts.document_of(item.revision.files) if item else None,
        edition=edition.number if edition else "",
        revision=item.revision.number if item else 0,
        open=open_,
        overdue=late,
        tally=sum((t for _, t in by_city), Tally()),
        cities=by_city,
    )


@question
def editions(*, actor: Actor) -> list[EditionRow]:
    """Every edition this actor may see, newest first."""
    rows = Edition.objects.annotate(held=Count("items")).order_by("-created_at")
    return [
        EditionRow(
            id=e.id, number=e.number, title=e.title, state=EditionState(e.state),
            effective_from=e.effective_from, effective_until=e.effective_until, nodes=e.held,
            pilot_cities=tuple(e.pilot_cities), pilot_from=e.pilot_from,
            sha256=e.sha256,
        )
        for e in rows.defer("files")
    ]  # fmt: skip


@question
def edition_diff(*, before: str, after: str, actor: Actor) -> list[Change]:
    """What changed between two editions, by number, the heaviest first."""
    old, new = Edition.objects.get(number=before), Edition.objects.get(number=after)
    return differences.compare(*changed_documents(old, new), changed_limits(old, new))


@question
def findable_parts(*, actor: Actor) -> list[tuple[str, str, str]]:
    """Every part that a search may find: the node's slug, its title, its text."""
    rows = SearchDocument.objects.order_by("node__position", "id")
    return list(rows.values_list("node__slug", "title", "text"))


def _any_of(wanted: Iterable[str]) -> str:
    """A `tsquery` for documents that hold any of these terms."""
    return " | ".join(f"'{term}'" for term in wanted)


def _english(edition: book.Book | None, nodes: Collection[UUID]) -> dict[UUID, Revision]:
    """The texts of these nodes, for English readers only: they hold what is said in English."""
    if edition is None or reads_chinese():
        return {}
    rows = EditionItem.objects.filter(edition_id=edition.id, node_id__in=nodes)
    return {row.node_id: row.revision for row in rows.select_related("revision")}


def _part(part: SearchDocument, node: Node, english: Revision | None, said: str) -> FoundPart:
    """A part as its reader is to see it: by its English name and summary where there are such."""
    title, text = part.title, part.text
    if part.kind == "NODE":
        title = wording.spoken(node.zh, node.en)
        text = english.summary_en if english and english.summary_en else text
    elif part.kind == "CLAUSE":
        title = _("Policy %s") % part.anchor.removeprefix("clause-")
    elif part.kind == "STEP" and english:
        step = book.procedure_of(english).step(part.anchor.removeprefix("step-"))
        title = wording.spoken(title, step.en if step else "")
    return FoundPart(
        kind=part.kind,
        anchor=part.anchor,
        title=title,
        text=text,
        passage=tuple(terms.mark(text, said)),
    )


@question
def search(*, text: str, actor: Actor, at: datetime, limit: int = 10) -> list[Found]:
    """Nodes that answer these words, best first, each with the parts that match."""
    edition = book.book_at(at)
    meant: dict[str, list[str]] = {}
    for synonym in Synonym.objects.all():
        known = meant.setdefault(synonym.said, [])
        known += [word for word in synonym.meant if word not in known]
    wanted = terms.query(text, synonyms=meant)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_BEST, {"terms": [*wanted], "counts": [*wanted.values()], "limit": limit})
        best = [row[0] for row in cursor.fetchall()]
        cursor.execute(_PARTS, {"nodes": best, "query": _any_of(wanted), "each": PARTS_SHOWN})
        hits = [row[0] for row in cursor.fetchall()]
    documents = SearchDocument.objects.in_bulk(hits)
    parts: dict[UUID, list[SearchDocument]] = {}
    for hit in hits:
        parts.setdefault(documents[hit].node_id, []).append(documents[hit])
    nodes = Node.objects.in_bulk(best)
    written = _written(edition)
    english = _english(edition, best)
    said = f"{text} {' '.join(w for k, ws in meant.items() if k in text for w in ws)}"
    found = []
    for node_id in best:
        node = nodes[node_id]
        found.append(
            Found(
                code=node.code,
                slug=node.slug,
                title=wording.spoken(node.zh, node.en),
                written=node_id in written,
                parts=tuple(
                    _part(d, node, english.get(node_id), said)
                    for d in parts.get(node_id, ())
                    if d.text
                ),
            )
        )
    return found


@question
def binding_status(*, actor: Actor, at: datetime) -> list[BindingRow]:
    """Which nodes start by themselves, and why the others do not."""
    edition = book.book_at(at)
    if edition is None:
        return []
    written = _written(edition)
    rows = []
    for node in Node.objects.filter(org_id=edition.org_id).order_by("position"):
        event = node.trigger.get("event", "")
        has_text, exists = node.id in written, event in facts.REGISTRY
        if node.trigger["kind"] == "schedule":
            kind, reason = "SCHEDULE", "" if has_text else "UNWRITTEN"
        elif has_text and exists:
            kind, reason = "BOUND", ""
        else:
            kind, reason = "MANUAL", "UNWRITTEN" if exists else "NO_FACT"
        rows.append(
            BindingRow(
                code=node.code,
                slug=node.slug,
                title=wording.spoken(node.zh, node.en),
                kind=kind,
                starts_on=wording.starter(node.trigger),
                written=has_text,
                reason=reason,
            )
        )
    return rows
