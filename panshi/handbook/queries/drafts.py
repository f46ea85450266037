"""Questions about texts on their way: what is drafted, what the checker says, what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from panshi.handbook import book, registry, wording
from panshi.handbook.content_files import NODE_FILES
from panshi.handbook.models import (
    Edition,
    EditionItem,
    EditionState,
    Node,
    Revision,
    RevisionState,
)
from panshi.handbook.rules import checking, differences, texts
from panshi.handbook.rules.differences import Change
from panshi.handbook.rules.procedure import ContentFault
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question
from panshi.org import queries as org

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A revision on its way: drafted, in review, or approved and not yet in force."""

    id: UUID
    code: str
    slug: str
    title: str
    number: int
    state: RevisionState
    author: str
    written_at: datetime
    approvals: int
    words: str


@dataclass(frozen=True, slots=True)
class UncheckedLaw:
    """A text whose legal periods counsel has not checked, and what is to be checked."""

    code: str
    title: str
    reference: str


@dataclass(frozen=True, slots=True)
class OwnAct:
    """An act that a step does without a person: releasing the text permits it."""

    code: str
    title: str
    step: str
    verb: str


@dataclass(frozen=True, slots=True)
class Burdens:
    """What whoever releases an edition answers for by name."""

    laws: tuple[UncheckedLaw, ...]
    acts: tuple[OwnAct, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEdition:
    """An edition that is frozen or on trial, or the one in force with the one before it."""

    id: UUID
    number: str
    title: str
    notices: int
    previous: str
    pilot_cities: tuple[str, ...] = ()
    pilot_from: datetime | None = None
    burdens: Burdens | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    """What editors have in hand, by what is to be done with it."""

    rows: tuple[DraftRow, ...]
    frozen: tuple[WaitingEdition, ...]
    in_force: WaitingEdition | None
    cities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionPage:
    """One text on its way: its files, its difference to what is in force, what is wrong with it."""

    row: DraftRow
    files: Mapping[str, str]
    changes: tuple[Change, ...]
    findings: tuple[str, ...]
    two: bool
    mine: bool
    approved_by: tuple[str, ...]


def _here(actor: Actor, at: datetime) -> book.Book:
    """The edition in force, if this is where the handbook is written. Raises NotPermitted."""
    edition = book.book_at(at)
    if edition is None or edition.org_id != actor.org_id:
        raise NotPermitted(_("The handbook is written at its own office."))
    return edition


@question
def writes_here(*, actor: Actor, at: datetime) -> bool:
    """Whether this person's office is the one that writes the handbook."""
    edition = book.book_at(at)
    return edition is not None and edition.org_id == actor.org_id


def findings_of(files: Mapping[str, str], folder: str, edition: book.Book) -> tuple[str, ...]:
    """What the checker says of one node's files, held against outline, facts and verbs.

    That it is too much like another node is judged when it is handed in.
    """
    report = checking.check(edition.files, {folder: files})
    found = [*report.findings]
    found += checking.check_registry(report.documents, registry.read())
    return tuple(finding.words for finding in found)


def _rows(revisions: list[Revision], actor: Actor) -> list[DraftRow]:
    names = org.names_of(user_ids=tuple({r.author_id for r in revisions}), actor=actor)
    return [
        DraftRow(
            id=r.id,
            code=r.node.code,
            slug=r.node.slug,
            title=wording.spoken(r.node.zh, r.node.en),
            number=r.number,
            state=RevisionState(r.state),
            author=names.get(r.author_id, ""),
            written_at=r.created_at,
            approvals=sum(a.sha256 == r.sha256 for a in r.approvals.all()),
            words=r.review_words,
        )
        for r in revisions
    ]


def burdens_of(edition: Edition) -> Burdens:
    """The texts of an edition with periods to be checked, and the acts that need no person."""
    node, sop = (KeyTextTransform(name, "revision__files") for name in ("node.md", "sop.yaml"))
    items = EditionItem.objects.filter(edition=edition).annotate(text=node, sop=sop)
    laws, acts = [], []
    for item in items.filter(text__contains="legal_check:").order_by("node__position"):
        text = texts.node_text(item.text)
        if text.legal_check and text.legal_check["status"] == "pending":
            title = wording.spoken(text.zh, text.en)
            laws.append(UncheckedLaw(text.code, title, text.legal_check.get("reference", "")))
    own = items.filter(sop__contains="auto: true").select_related("node", "revision")
    for item in own.order_by("node__position"):
        title = wording.spoken(item.node.zh, item.node.en)
        acts += [
            OwnAct(item.node.code, title, wording.spoken(step.zh, step.en), step.call)
            for step in book.procedure_of(item.revision).steps
            if step.auto
        ]
    return Burdens(tuple(laws), tuple(acts))


def _waiting(edition: Edition) -> WaitingEdition:
    return WaitingEdition(
        id=edition.id,
        number=edition.number,
        title=edition.title,
        notices=edition.notices.values("node_id").distinct().count(),
        previous=edition.previous.number if edition.previous else "",
        pilot_cities=tuple(edition.pilot_cities),
        pilot_from=edition.pilot_from,
        burdens=burdens_of(edition) if edition.state == EditionState.FROZEN else None,
    )


@question
def drafts(*, actor: Actor, at: datetime) -> Drafts:
    """Texts on their way, the newest first, with the editions that wait to be released."""
    edition = _here(actor, at)
    held = EditionItem.objects.filter(edition__org_id=actor.org_id).exclude(
        edition__state=EditionState.OPEN
    )
    waiting = Revision.objects.filter(org_id=actor.org_id).filter(
        ~Q(state=RevisionState.APPROVED)
        | Q(state=RevisionState.APPROVED) & ~Q(id__in=held.values("revision_id"))
    )
    rows = waiting.select_related("node").prefetch_related("approvals").defer("files")
    frozen = Edition.objects.filter(
        org_id=actor.org_id, state__in=(EditionState.FROZEN, EditionState.PILOT)
    )
    current = Edition.objects.select_related("previous").get(id=edition.id)
    return Drafts(
        rows=tuple(_rows(list(rows.order_by("-created_at")[:SHOWN]), actor)),
        frozen=tuple(_waiting(e) for e in frozen.select_related("previous").order_by("number")),
        in_force=_waiting(current),
        cities=tuple(sorted({node.city for node in org.operators(actor=actor)} - {""})),
    )


@question
def node_files(*, slug: str, actor: Actor, at: datetime) -> dict[str, str]:
    """The files of a node in force, as the editor begins with them; empty ones of a new node."""
    edition = _here(actor, at)
    item = (
        EditionItem.objects.filter(edition_id=edition.id, node__slug=slug)
        .select_related("revision")
        .first()
    )
    if item is not None:
        return dict(item.revision.files)
    Node.objects.get(slug=slug, org_id=actor.org_id)
    return dict.fromkeys(NODE_FILES, "")


def draft_findings(
    *, slug: str, files: Mapping[str, str], actor: Actor, at: datetime
) -> tuple[str, ...]:
    """What the checker says of a node's files before they are kept."""
    with acting(actor):
        edition = _here(actor, at)
        node = Node.objects.get(slug=slug, org_id=actor.org_id)
    return findings_of(files, f"{node.code}-{node.slug}", edition)


@question
def revision_page(*, revision_id: UUID, actor: Actor, at: datetime) -> RevisionPage:
    """One text on its way, with its difference to what is in force, the heaviest first."""
    edition = _here(actor, at)
    revision = (
        Revision.objects.select_related("node")
        .prefetch_related("approvals")
        .get(id=revision_id, org_id=actor.org_id)
    )
    document = texts.document_of(revision.files)
    slug = revision.node.slug
    held = EditionItem.objects.filter(edition_id=edition.id, node__slug=slug)
    item = held.select_related("revision").first()
    before = {}
    if item is not None:
        try:
            before = {slug: texts.document_of(item.revision.files)}
        except ContentFault:  # What was in force before the checker learned more.
            before = {}
    (row,) = _rows([revision], actor)
    yes = [a.person_id for a in revision.approvals.all() if a.sha256 == revision.sha256]
    names = org.names_of(user_ids=tuple(yes), actor=actor)
    return RevisionPage(
        row=row,
        files=revision.files,
        changes=tuple(differences.compare(before, {slug: document})),
        findings=findings_of(revision.files, revision.folder, edition),
        two=texts.needs_two(document),
        mine=revision.author_id == actor.id,
        approved_by=tuple(names.get(person, "") for person in yes),
    )
