"""Verbs by which a new text is drafted, reviewed and released."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.content_files import Content
from panshi.handbook.events import (
    EditionProposed,
    EditionReleased,
    NoticeAcknowledged,
    RevisionApproved,
    RevisionDrafted,
    RevisionReturned,
    RevisionSubmitted,
)
from panshi.handbook.models import (
    REVISION_LIFE,
    Acknowledgement,
    ChangeNotice,
    Edition,
    Node,
    Revision,
    RevisionState,
)
from panshi.handbook.rules import checking, texts
from panshi.handbook.rules.procedure import ContentFault
from panshi.handbook.rules.texts import NodeDocument
from panshi.handbook.services.content import (
    ContentUnfit,
    approve,
    checked,
    content_of,
    current_edition,
    digest,
    draft,
    hold,
    index,
    new_edition,
    propose,
    release,
    unfit,
)
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class AuthorCannotApprove(Refusal):
    pass


class ReasonMissing(Refusal):
    pass


@verb
def draft_revision(
    *, node_slug: str, files: Mapping[str, str], actor: Actor, at: datetime
) -> RevisionDrafted:
    """Write a new text for a node, as a draft. Raises ContentUnfit with the list of faults."""
    actor.must("handbook.draft_revision", actor.org_id)
    node = Node.objects.visible_to(actor).get(slug=node_slug, org_id=actor.org_id)
    document = _read(files)
    revision = draft(node, f"{node.code}-{node.slug}", files, document, actor.id)
    return RevisionDrafted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=node_slug,
        number=revision.number,
    )


def _read(files: Mapping[str, str]) -> NodeDocument:
    try:
        return texts.document_of(files)
    except ContentFault as fault:
        raise unfit([checking.Finding("draft", words) for words in fault.faults]) from fault


def _revision(revision_id: UUID, actor: Actor) -> Revision:
    return (
        Revision.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("node")
        .get(id=revision_id, org_id=actor.org_id)
    )


@verb
def submit_revision(*, revision_id: UUID, actor: Actor, at: datetime) -> RevisionSubmitted:
    """Hand a draft to review, if it passes every check among the text in force."""
    revision = _revision(revision_id, actor)
    actor.must("handbook.submit_revision", revision.org_id)
    current = current_edition(revision.org_id)
    if current is None:
        raise ContentUnfit(_("There is no edition yet that this could change."))
    held = content_of(current)
    checked(Content(root=held.root, folders={**held.folders, revision.folder: revision.files}))
    revision.state = REVISION_LIFE.step(revision.state, RevisionState.IN_REVIEW)
    revision.save(update_fields=["state"])
    return RevisionSubmitted(
        org_id=revision.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=revision.node.slug,
    )


@verb
def approve_revision(*, revision_id: UUID, actor: Actor, at: datetime) -> RevisionApproved:
    """Approve a text that another person wrote. Raises AuthorCannotApprove, IllegalMove."""
    revision = _revision(revision_id, actor)
    actor.must("handbook.approve_revision", revision.org_id)
    if revision.author_id == actor.id:
        raise AuthorCannotApprove(_("Who wrote a text does not approve it."))
    REVISION_LIFE.step(revision.state, RevisionState.APPROVED)
    approve(revision, actor.id, at)
    return RevisionApproved(
        org_id=revision.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=revision.node.slug,
        author_id=revision.author_id,
    )


@verb
def return_revision(
    *, revision_id: UUID, reason: str, actor: Actor, at: datetime
) -> RevisionReturned:
    """Give a text back to its author, for a reason. Raises ReasonMissing, IllegalMove."""
    revision = _revision(revision_id, actor)
    actor.must("handbook.approve_revision", revision.org_id)
    if not reason.strip():
        raise ReasonMissing(_("Say what is to be changed."))
    revision.state = REVISION_LIFE.step(revision.state, RevisionState.DRAFT)
    revision.review_words = reason
    revision.save(update_fields=["state", "review_words"])
    return RevisionReturned(
        org_id=revision.org_id, actor_id=actor.id, at=at, revision_id=revision.id, reason=reason
    )


@verb
def freeze_edition(*, number: str, title: str, actor: Actor, at: datetime) -> EditionProposed:
    """Fix the next edition: the one in force with every text approved since.

    Raises ContentUnfit when the whole does not pass the check, or nothing was approved.
    """
    org_id = actor.org_id
    actor.must("handbook.freeze_edition", org_id)
    before = current_edition(org_id)
    if before is None:
        raise ContentUnfit(_("There is no edition yet that this could follow."))
    held = {i.node_id: i.revision for i in before.items.select_related("revision")}
    fresh = dict(held)
    approved = Revision.objects.filter(org_id=org_id, state=RevisionState.APPROVED)
    for revision in approved.order_by("number"):
        held_number = held[revision.node_id].number if revision.node_id in held else 0
        if revision.number > held_number:
            fresh[revision.node_id] = revision
    if {r.id for r in fresh.values()} == {r.id for r in held.values()}:
        raise ContentUnfit(_("No text was approved since edition %s.") % before.number)
    content = Content(root=before.files, folders={r.folder: r.files for r in fresh.values()})
    report = checked(content)
    sha256 = digest({**content.root, **{r.folder: r.sha256 for r in fresh.values()}})
    edition = new_edition(org_id, number, {"title": title}, content.root, sha256)
    hold(edition, list(fresh.values()))
    index(edition, report, {n.slug: n for n in Node.objects.filter(org_id=org_id)}, content)
    notices = propose(edition)
    return EditionProposed(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=number,
        notices=notices,
    )


@verb
def release_edition(
    *, edition_id: UUID, effective_from: datetime, actor: Actor, at: datetime
) -> EditionReleased:
    """Put a frozen edition in force from a moment on; open runs keep the text they began with."""
    edition = Edition.objects.visible_to(actor).select_for_update().get(id=edition_id)
    actor.must("handbook.release_edition", edition.org_id)
    release(edition, effective_from, actor)
    book.forget()
    return EditionReleased(
        org_id=edition.org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=edition.number,
        effective_from=effective_from,
    )


@verb
def acknowledge_notice(*, notice_id: UUID, actor: Actor, at: datetime) -> NoticeAcknowledged:
    """Say that one has read what changed; a second time changes nothing."""
    notice = ChangeNotice.objects.get(id=notice_id)
    actor.must("handbook.acknowledge_notice", actor.org_id)
    Acknowledgement.objects.get_or_create(
        notice=notice,
        person_id=actor.id,
        defaults={"org_id": actor.org_id, "read_at": at},
    )
    return NoticeAcknowledged(
        org_id=actor.org_id, actor_id=actor.id, at=at, notice_id=notice.id, person_id=actor.id
    )
