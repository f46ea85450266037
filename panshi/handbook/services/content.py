"""Verbs by which the encyclopedia's text comes into force: import, draft, review, release."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from panshi.handbook import content_files, registry
from panshi.handbook.changes import changed_documents, changed_limits
from panshi.handbook.content_files import Content
from panshi.handbook.events import (
    ContentImported,
)
from panshi.handbook.models import (
    EDITION_LIFE,
    Case,
    CaseState,
    ChangeNotice,
    Edition,
    EditionItem,
    EditionState,
    Node,
    Revision,
    RevisionState,
    SearchDocument,
    Step,
    Synonym,
)
from panshi.handbook.rules import checking, differences, flow, terms, texts
from panshi.handbook.rules.procedure import Rule
from panshi.handbook.rules.texts import NodeDocument, Outline
from panshi.handbook.services.bank import keep_bank
from panshi.handbook.services.finding import document_of_case, weigh_terms
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

GRACE_DAYS: Final = 7
AUTHORS: Final = uuid5(UUID(int=0), "panshi.handbook.authors")
_FIT: Final[dict[str, checking.Report]] = {}
"""The content last found fit, by its digest: to judge four hundred nodes takes seconds."""


class ContentUnfit(Refusal):
    """The files do not pass the check; the words list the first findings."""


class TriggerUnknown(ContentUnfit):
    """Nothing that happens is called what a procedure waits for; the words say which."""


class EditionFrozen(Refusal):
    pass


def digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(
        json.dumps(files, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


def whole_digest(content: Content) -> str:
    """The digest that an edition of exactly these files bears."""
    return digest({**content.root, **{name: digest(f) for name, f in content.folders.items()}})


def unfit(findings: list[checking.Finding]) -> ContentUnfit:
    """What to refuse such content with: TriggerUnknown when nothing but triggers is wrong."""
    shown = "\n".join(str(f) for f in findings[:20])
    waits_in_vain = all(finding.rule == Rule.FACT for finding in findings)
    return (TriggerUnknown if waits_in_vain else ContentUnfit)(
        _("%(count)d things are wrong with the content:\n%(list)s")
        % {"count": len(findings), "list": shown}
    )


def checked(content: Content) -> checking.Report:
    """Check the files by themselves and against the registries; raises ContentUnfit."""
    mark = whole_digest(content)
    if mark in _FIT:
        return _FIT[mark]
    report = checking.check(content.root, content.folders)
    findings = [*report.findings]
    findings += checking.check_registry(report.documents, registry.read())
    if findings:
        raise unfit(findings)
    _FIT.clear()
    _FIT[mark] = report
    return report


def _keep_nodes(org_id: int, outline: Outline) -> dict[str, Node]:
    """Bring the list of nodes to what the outline says; slugs stay, the rest follows."""
    known = {n.slug: n for n in Node.objects.filter(org_id=org_id)}
    fields = (
        "code",
        "line",
        "category",
        "level",
        "position",
        "zh",
        "en",
        "owner_role",
        "trigger",
        "kpi",
    )
    for level in (1, 2):
        fresh, changed = [], []
        for wanted in (n for n in outline.nodes if n.level == level):
            values: dict[str, Any] = {f: getattr(wanted, f) for f in fields}
            values["parent"] = known.get(wanted.parent) if wanted.parent else None
            node = known.get(wanted.slug)
            if node is None:
                known[wanted.slug] = node = Node(org_id=org_id, slug=wanted.slug, **values)
                fresh.append(node)
            elif any(getattr(node, f) != v for f, v in values.items()):
                for name, value in values.items():
                    setattr(node, name, value)
                changed.append(node)
        Node.objects.bulk_create(fresh, batch_size=500)
        Node.objects.bulk_update(changed, [*fields, "parent"])
    return known


def _steps_of(revision: Revision, document: NodeDocument) -> list[Step]:
    return [
        Step(
            org_id=revision.org_id,
            revision=revision,
            step_id=s.id,
            position=n,
            zh=s.zh,
            kind=s.evidence.kind if s.evidence else "",
            role=s.role,
            required=s.required,
            conditional=s.conditional,
            repeated=s.repeated,
        )
        for n, s in enumerate(document.procedure.steps)
    ]


def draft(
    node: Node, folder: str, files: Mapping[str, str], document: NodeDocument, author_id: UUID
) -> Revision:
    last = Revision.objects.filter(node=node).aggregate(last=Max("number"))["last"] or 0
    procedure = document.procedure
    revision = Revision.objects.create(
        org_id=node.org_id,
        node=node,
        number=last + 1,
        folder=folder,
        files=dict(files),
        sha256=digest(files),
        summary_en=document.text.summary_en,
        trigger_event=procedure.trigger.event,
        hears=flow.hears(procedure),
        author_id=author_id,
    )
    Step.objects.bulk_create(_steps_of(revision, document))
    return revision


def rewrite(revision: Revision, files: Mapping[str, str], document: NodeDocument) -> None:
    """Put other words into a draft."""
    procedure = document.procedure
    revision.files, revision.sha256 = dict(files), digest(files)
    revision.summary_en = document.text.summary_en
    revision.trigger_event = procedure.trigger.event
    revision.hears = flow.hears(procedure)
    revision.save(update_fields=["files", "sha256", "summary_en", "trigger_event", "hears"])
    revision.steps.all().delete()
    Step.objects.bulk_create(_steps_of(revision, document))


def approve(revision: Revision, approver_id: UUID, at: datetime) -> None:
    revision.state = RevisionState.APPROVED
    revision.approver_id, revision.approved_at = approver_id, at
    revision.save(update_fields=["state", "approver_id", "approved_at"])


@dataclass(slots=True)
class _Count:
    added: int = 0
    changed: int = 0
    same: int = 0


def _keep_revisions(
    nodes: Mapping[str, Node], content: Content, report: checking.Report, actor: Actor, at: datetime
) -> tuple[list[Revision], _Count]:
    count = _Count()
    kept: list[Revision] = []
    folders = {d.text.slug: f"{d.text.code}-{d.text.slug}" for d in report.documents.values()}
    known: dict[UUID, dict[str, Revision]] = {}
    for revision in Revision.objects.filter(
        node__in=nodes.values(), state=RevisionState.APPROVED
    ).defer("files"):
        known.setdefault(revision.node_id, {})[revision.sha256] = revision
    for slug, document in report.documents.items():
        node, files = nodes[slug], content.folders[folders[slug]]
        before = known.get(node.id, {})
        same = before.get(digest(files))
        if same is not None:
            count.same += 1
            kept.append(same)
            continue
        count.changed += bool(before)
        count.added += not before
        revision = draft(node, folders[slug], files, document, AUTHORS)
        approve(revision, actor.id, at)
        kept.append(revision)
    return kept, count


@verb
def import_content(*, directory: str, actor: Actor, at: datetime) -> ContentImported:
    """Bring a checked directory into the database and into force, all or nothing.

    Idempotent by slug and hash: what is the same makes no row. What is in the files was reviewed
    where they are kept, so the importer approves it. Raises ContentUnfit, ContentFault (not a
    content directory), EditionFrozen (it would take force before the one it follows).
    """
    actor.must("handbook.import_content", actor.org_id)
    content = content_files.read_directory(Path(directory))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('handbook-import', 6))")
    edition, count = _edition_of(content, actor, at)
    return ContentImported(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=edition.number,
        added=count.added,
        changed=count.changed,
        same=count.same,
    )


def _edition_of(content: Content, actor: Actor, at: datetime) -> tuple[Edition, _Count]:
    """The edition of these files; one that is there already is not judged again.

    Other files under a number that is taken, as a newer installation brings them, make the next
    edition below it (0.3, then 0.3.1), in force from now on.
    """
    org_id, sha256 = actor.org_id, whole_digest(content)
    about = texts.load_yaml(content.root["edition.yaml"], "edition.yaml")
    number = str(about["number"])
    before = Edition.objects.filter(Q(number=number) | Q(number__startswith=f"{number}."))
    taken = {edition.sha256: edition for edition in before.filter(org_id=org_id)}
    if sha256 in taken:
        return taken[sha256], _Count(same=len(content.folders))
    report = checked(content)
    if report.outline is None:
        raise ContentUnfit(_("The content has no outline."))
    nodes = _keep_nodes(org_id, report.outline)
    kept, count = _keep_revisions(nodes, content, report, actor, at)
    follows = f"{number}.{len(taken)}" if taken else number
    edition = new_edition(org_id, follows, about, content.root, sha256)
    hold(edition, kept)
    index(edition, report, nodes, content)
    propose(edition)
    starts = at if taken else datetime.fromisoformat(about["effective_from"])
    release(edition, starts, actor, documents=report.documents)
    return edition, count


def new_edition(
    org_id: int, number: str, about: Mapping[str, Any], root: Mapping[str, str], sha256: str
) -> Edition:
    return Edition.objects.create(
        org_id=org_id,
        number=number,
        title=about["title"],
        note=about.get("note", ""),
        files=dict(root),
        sha256=sha256,
        previous=current_edition(org_id),
    )


def current_edition(org_id: int) -> Edition | None:
    return Edition.objects.filter(org_id=org_id, state=EditionState.RELEASED).first()


def hold(edition: Edition, revisions: list[Revision]) -> None:
    EditionItem.objects.bulk_create(
        EditionItem(org_id=edition.org_id, edition=edition, node_id=r.node_id, revision=r)
        for r in revisions
    )


def documents_of(edition: Edition) -> dict[str, NodeDocument]:
    """Every written node of an edition, read."""
    items = EditionItem.objects.filter(edition=edition).select_related("node", "revision")
    return {i.node.slug: texts.document_of(i.revision.files) for i in items}


def propose(edition: Edition) -> int:
    """Freeze the set, and note for each role what changed for it since the edition before."""
    before, after = changed_documents(edition.previous, edition) if edition.previous else ({}, {})
    nodes = {n.slug: n for n in Node.objects.filter(org_id=edition.org_id)}
    notices: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for change in differences.compare(before, after, changed_limits(edition.previous, edition)):
        for role in change.roles:
            _gravity, words = notices.setdefault((change.slug, role), (change.gravity, []))
            words.append(change.what)
    ChangeNotice.objects.bulk_create(
        ChangeNotice(
            org_id=edition.org_id,
            edition=edition,
            node=nodes[slug],
            role=role,
            gravity=gravity,
            changes=words,
        )
        for (slug, role), (gravity, words) in notices.items()
    )
    edition.state = EDITION_LIFE.step(edition.state, EditionState.FROZEN)
    edition.save(update_fields=["state"])
    return len(notices)


def release(
    edition: Edition,
    effective_from: datetime,
    actor: Actor,
    grace_days: int = GRACE_DAYS,
    documents: Mapping[str, NodeDocument] | None = None,
) -> None:
    """Put an edition in force from a moment on, the one before ending there, and the bank with it.

    `documents` are its texts where they have been read already. Raises EditionFrozen when it
    would begin before the one in force.
    """
    if effective_from.tzinfo is None:
        effective_from = effective_from.replace(tzinfo=UTC)
    before = current_edition(edition.org_id)
    if before is not None:
        if before.effective_from is not None and effective_from <= before.effective_from:
            raise EditionFrozen(_("An edition takes force after the one before it."))
        before.state = EDITION_LIFE.step(before.state, EditionState.SUPERSEDED)
        before.effective_until = effective_from
        before.save(update_fields=["state", "effective_until"])
    edition.state = EDITION_LIFE.step(edition.state, EditionState.RELEASED)
    edition.effective_from, edition.released_by_id = effective_from, actor.id
    edition.grace_days = grace_days
    if edition.pilot_from is not None:
        edition.pilot_until = max(effective_from, edition.pilot_from)
    edition.save(
        update_fields=["state", "effective_from", "released_by_id", "grace_days", "pilot_until"]
    )
    if before is None and documents is not None:
        keep_bank(edition, {}, documents)
    else:
        keep_bank(edition, *changed_documents(before, edition), changed_limits(before, edition))


def try_out(edition: Edition, cities: Sequence[str], since: datetime, actor: Actor) -> None:
    """Put an edition in force in some cities only. Raises EditionFrozen as `release` does."""
    before = current_edition(edition.org_id)
    if before is not None and before.effective_from is not None and since <= before.effective_from:
        raise EditionFrozen(_("An edition takes force after the one before it."))
    on_trial = Edition.objects.filter(org_id=edition.org_id, state=EditionState.PILOT).first()
    if on_trial is not None:
        raise EditionFrozen(
            _("Edition %s is on trial; release it to all or withdraw it first.") % on_trial.number
        )
    edition.state = EDITION_LIFE.step(edition.state, EditionState.PILOT)
    edition.pilot_cities, edition.pilot_from = list(cities), since
    edition.released_by_id = actor.id
    edition.save(update_fields=["state", "pilot_cities", "pilot_from", "released_by_id"])


def _parts(
    document: NodeDocument,
) -> Iterator[tuple[str, str, str, str]]:
    """Findable parts of a node: (kind, anchor, title, text)."""
    text = document.text
    yield "NODE", "", text.zh, "\n".join([text.what, text.why, text.how])
    for number, clause in document.clauses.items():
        yield "CLAUSE", f"clause-{number}", f"{text.zh} · 制度 {number}", clause
    for step in document.procedure.steps:
        yield "STEP", f"step-{step.id}", step.zh, step.why or step.zh
    for case in document.cases:
        yield "CASE", case.anchor, case.title, case.text


def index(
    edition: Edition,
    report: checking.Report,
    nodes: Mapping[str, Node],
    content: Content,
) -> None:
    """Write the search documents of an edition anew: every title, and what is written."""
    org_id = edition.org_id
    SearchDocument.objects.filter(org_id=org_id).delete()
    rows: list[SearchDocument] = []
    for wanted in report.outline.nodes if report.outline else ():
        document = report.documents.get(wanted.slug)
        node, names = nodes[wanted.slug], f"{wanted.zh} {wanted.en} {wanted.code}"
        if document is None:
            rows.append(_document(node, "NODE", "", wanted.zh, "", [("A", names)]))
            continue
        for kind, anchor, title, text in _parts(document):
            if kind == "NODE":
                steps = " ".join(s.zh for s in document.procedure.steps)
                weights = [("A", names), ("B", f"{document.text.summary_en} {steps}"), ("D", text)]
            else:
                weights = [("B", title), ("C", text)]
            rows.append(_document(node, kind, anchor, title, text, weights))
    published = Case.objects.filter(org_id=org_id, state=CaseState.PUBLISHED)
    for case in published.exclude(node=None).select_related("node"):
        rows.append(document_of_case(case))
    SearchDocument.objects.bulk_create(rows, batch_size=500)
    weigh_terms(org_id)
    words = texts.load_yaml(content.root["synonyms.yaml"], "synonyms.yaml")["synonyms"]
    # What people of operations have added stays, and goes before what the files say.
    Synonym.objects.filter(org_id=org_id, added_by_id=None).delete()
    Synonym.objects.bulk_create(
        (Synonym(org_id=org_id, said=said, meant=meant) for said, meant in words.items()),
        ignore_conflicts=True,
    )


def reindex(edition: Edition) -> None:
    """Let the search find what this edition says, now that it is in force."""
    content = content_of(edition)
    nodes = {n.slug: n for n in Node.objects.filter(org_id=edition.org_id)}
    index(edition, checked(content), nodes, content)


def _document(
    node: Node, kind: str, anchor: str, title: str, text: str, weights: list[tuple[str, str]]
) -> SearchDocument:
    return SearchDocument(
        org_id=node.org_id, node=node, kind=kind, anchor=anchor, title=title[:200], text=text,
        terms=terms.vector(weights),
    )  # fmt: skip


def content_of(edition: Edition) -> Content:
    """The files of an edition as they were imported or drafted."""
    items = EditionItem.objects.filter(edition=edition).select_related("revision")
    return Content(root=edition.files, folders={i.revision.folder: i.revision.files for i in items})
