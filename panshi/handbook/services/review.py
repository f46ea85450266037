"""Verbs by which a new text is drafted, reviewed and released."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.content_files import Content
from panshi.handbook.events import (
    EditionProposed,
    EditionReleased,
    EditionWithdrawn,
    RevisionApproved,
    RevisionDrafted,
    RevisionEdited,
    RevisionReturned,
    RevisionSubmitted,
    TextHolds,
)
from panshi.handbook.models import (
    EDITION_LIFE,
    REVISION_LIFE,
    Approval,
    Edition,
    EditionItem,
    EditionState,
    Node,
    Revision,
    RevisionState,
    TextConfirmed,
)
from panshi.handbook.queries.drafts import burdens_of
from panshi.handbook.rules import checking, texts
from panshi.handbook.rules.procedure import ContentFault
from panshi.handbook.rules.texts import NodeDocument
from panshi.handbook.services.bank import forget_bank
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.services.content import (
    GRACE_DAYS,
    ContentUnfit,
    EditionFrozen,
    approve,
    checked,
    content_of,
    current_edition,
    digest,
    draft,
    hold,
    new_edition,
    propose,
    reindex,
    release,
    rewrite,
    try_out,
    unfit,
    whole_digest,
)
from panshi.handbook.services.notices import restore
from panshi.handbook.services.starting import start_runs
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.org import queries as org

COMPLIANCE: Final = "compliance"


class AuthorCannotApprove(Refusal):
    pass


class NothingChanged(Refusal):
    pass


class CityUnknown(Refusal):
    """No operator works in a city that is named for a trial."""


class ReleaseUnconfirmed(Refusal):
    """Whoever releases has not taken on what the edition asks to be answered for."""


class ApprovedAlready(Refusal):
    pass


class ComplianceMissing(Refusal):
    """A text about safety or law has one approver already; the second is of compliance."""


@verb
def draft_revision(
    *, node_slug: str, files: Mapping[str, str], actor: Actor, at: datetime
) -> RevisionDrafted:
    """Write a new text for a node, as a draft.

    Raises ContentUnfit with the list of faults, NothingChanged.
    """
    actor.must("handbook.draft_revision", actor.org_id)
    node = Node.objects.visible_to(actor).get(slug=node_slug, org_id=actor.org_id)
    document = _read(files)
    _must_differ(node, files)
    revision = draft(node, f"{node.code}-{node.slug}", files, document, actor.id)
    return RevisionDrafted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=node_slug,
        number=revision.number,
    )


def _must_differ(node: Node, files: Mapping[str, str]) -> None:
    if Revision.objects.filter(
        node=node, sha256=digest(files), state=RevisionState.APPROVED
    ).exists():
        raise NothingChanged(_("This text has been approved before, word for word."))


@verb
def edit_revision(
    *, revision_id: UUID, files: Mapping[str, str], actor: Actor, at: datetime
) -> RevisionEdited:
    """Go on writing a draft. Raises ContentUnfit, NothingChanged, IllegalMove once submitted."""
    revision = _revision(revision_id, actor)
    actor.must("handbook.draft_revision", revision.org_id)
    if revision.state != RevisionState.DRAFT:
        REVISION_LIFE.step(revision.state, RevisionState.IN_REVIEW)
    document = _read(files)
    _must_differ(revision.node, files)
    rewrite(revision, files, document)
    return RevisionEdited(
        org_id=revision.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=revision.node.slug,
    )


def _read(files: Mapping[str, str]) -> NodeDocument:
    try:
        return texts.document_of(files)
    except ContentFault as fault:
        raise unfit(checking.findings_of("draft", fault.faults)) from fault


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
    """Approve a text that another person wrote; one about safety or law takes two of them.

    Of the two one holds the post of compliance. Raises AuthorCannotApprove, ApprovedAlready,
    ComplianceMissing, IllegalMove.
    """
    revision = _revision(revision_id, actor)
    actor.must("handbook.approve_revision", revision.org_id)
    if revision.author_id == actor.id:
        raise AuthorCannotApprove(_("Who wrote a text does not approve it."))
    REVISION_LIFE.step(revision.state, RevisionState.APPROVED)
    complete = _count_approval(revision, actor, at)
    if complete:
        approve(revision, actor.id, at)
    return RevisionApproved(
        org_id=revision.org_id,
        actor_id=actor.id,
        at=at,
        revision_id=revision.id,
        node_slug=revision.node.slug,
        author_id=revision.author_id,
        complete=complete,
    )


def _count_approval(revision: Revision, actor: Actor, at: datetime) -> bool:
    """Keep a reviewer's yes to this very text; whether it is the last that is needed."""
    edition = book.book_at(at)
    compliance = edition is not None and COMPLIANCE in edition.posts_of(actor)
    before = Approval.objects.filter(revision=revision, sha256=revision.sha256)
    if before.filter(person_id=actor.id).exists():
        raise ApprovedAlready(_("You have approved this text already; another person has to."))
    if texts.needs_two(texts.document_of(revision.files)):
        heard = compliance or before.filter(compliance=True).exists()
        if before.exists() and not heard:
            raise ComplianceMissing(
                _("This text is about safety or law: somebody of compliance has to approve it.")
            )
        complete = before.exists() and heard
    else:
        complete = True
    Approval.objects.create(
        org_id=revision.org_id,
        revision=revision,
        sha256=revision.sha256,
        person_id=actor.id,
        compliance=compliance,
        at=at,
    )
    return complete


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
    withdrawn = EditionItem.objects.filter(edition__state=EditionState.WITHDRAWN)
    approved = Revision.objects.filter(org_id=org_id, state=RevisionState.APPROVED).exclude(
        id__in=withdrawn.values("revision_id")
    )
    for revision in approved.order_by("number"):
        held_number = held[revision.node_id].number if revision.node_id in held else 0
        if revision.number > held_number:
            fresh[revision.node_id] = revision
    if {r.id for r in fresh.values()} == {r.id for r in held.values()}:
        raise ContentUnfit(_("No text was approved since edition %s.") % before.number)
    content = Content(root=before.files, folders={r.folder: r.files for r in fresh.values()})
    checked(content)
    edition = new_edition(org_id, number, {"title": title}, content.root, whole_digest(content))
    hold(edition, list(fresh.values()))
    notices = propose(edition)
    fact = EditionProposed(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=number,
        notices=notices,
    )
    # Facts of this room do not come back to it through the outbox.
    start_runs(facts=(fact,), actor=actor, at=at)
    return fact


@verb
def release_edition(
    *,
    edition_id: UUID,
    effective_from: datetime,
    actor: Actor,
    at: datetime,
    grace_days: int = GRACE_DAYS,
    pilot_cities: Sequence[str] = (),
    confirmed: bool = False,
) -> EditionReleased:
    """Put a frozen edition in force from a moment on; open runs keep the text they began with.

    With `pilot_cities` it is on trial there alone, until it is released to all by a second call.
    Those bound have `grace_days` from the release to all to read a grave change before certificates
    that rest on it are suspended. Texts whose legal periods are still to be checked, and acts that
    steps do without a person, are released only `confirmed`: whoever releases has read their list.
    Raises ReleaseUnconfirmed, EditionFrozen, CityUnknown, IllegalMove.
    """
    edition = Edition.objects.visible_to(actor).select_for_update().get(id=edition_id)
    actor.must("handbook.release_edition", edition.org_id)
    cities = tuple(dict.fromkeys(city.strip() for city in pilot_cities if city.strip()))
    unknown = set(cities) - {node.city for node in org.operators(actor=actor)}
    if unknown:
        raise CityUnknown(_("No operator works in %s.") % listed(sorted(unknown)))
    burdens = burdens_of(edition) if edition.state == EditionState.FROZEN else None
    if burdens and (burdens.laws or burdens.acts) and not confirmed:
        raise ReleaseUnconfirmed(
            _("Read which legal periods are unchecked and which acts need no person, and confirm.")
        )
    if cities:
        try_out(edition, cities, effective_from, actor)
    else:
        release(edition, effective_from, actor, grace_days)
    book.forget()
    if not cities:
        reindex(edition)
    fact = EditionReleased(
        org_id=edition.org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=edition.number,
        effective_from=effective_from,
        pilot_cities=cities,
    )
    start_runs(facts=(fact,), actor=actor, at=at)
    return fact


def _end_trial(edition: Edition, reason: str, at: datetime) -> Edition:
    """Withdraw an edition that is on trial; answers the one in force everywhere."""
    edition.state = EDITION_LIFE.step(edition.state, EditionState.WITHDRAWN)
    edition.pilot_until = max(at, edition.pilot_from or at)
    edition.withdrawn_why = reason
    edition.save(update_fields=["state", "pilot_until", "withdrawn_why"])
    current = current_edition(edition.org_id)
    if current is None:
        raise EditionFrozen(_("There is no edition before this one to go back to."))
    return current


def _go_back(edition: Edition, reason: str, actor: Actor, at: datetime) -> Edition:
    """Withdraw the edition in force; answers the one before it, which is in force again."""
    edition.state = EDITION_LIFE.step(edition.state, EditionState.WITHDRAWN)
    before = edition.previous
    if before is None:
        raise EditionFrozen(_("There is no edition before this one to go back to."))
    edition.effective_until, edition.withdrawn_why = at, reason
    edition.save(update_fields=["state", "effective_until", "withdrawn_why"])
    before.state = EDITION_LIFE.step(before.state, EditionState.RELEASED)
    before.effective_until = None
    before.save(update_fields=["state", "effective_until"])
    forget_bank(edition)
    for slug in edition.notices.values_list("node__slug", flat=True).distinct():
        restore(slug, actor, at)
    book.forget()
    reindex(before)
    return before


@verb
def withdraw_edition(
    *, edition_id: UUID, reason: str, actor: Actor, at: datetime
) -> EditionWithdrawn:
    """Take an edition out of force: the one before it is in force again, as if without a break.

    One on trial ends in its pilot cities. Runs that began under it keep their text; what it
    suspended is restored, its questions are asked no longer. Raises ReasonMissing, EditionFrozen
    (there is none before it), IllegalMove.
    """
    edition = Edition.objects.visible_to(actor).select_for_update().get(id=edition_id)
    actor.must("handbook.withdraw_edition", edition.org_id)
    if not reason.strip():
        raise ReasonMissing(_("Say why the edition is withdrawn."))
    trial = edition.state == EditionState.PILOT
    before = _end_trial(edition, reason, at) if trial else _go_back(edition, reason, actor, at)
    book.forget()
    return EditionWithdrawn(
        org_id=edition.org_id,
        actor_id=actor.id,
        at=at,
        edition_id=edition.id,
        edition=edition.number,
        back_to=before.number,
        reason=reason,
    )


@verb
def confirm_text(*, node_slug: str, words: str, actor: Actor, at: datetime) -> TextHolds:
    """Say that a text in force was read again and still holds; its next review counts from now.

    `words` say against what it was held: a law, an accident, the work as it is done. Raises
    ReasonMissing, EditionItem.DoesNotExist.
    """
    actor.must("handbook.confirm_text", actor.org_id)
    if not words.strip():
        raise ReasonMissing(_("Say against what the text was held."))
    edition = current_edition(actor.org_id)
    item = EditionItem.objects.get(edition=edition, node__slug=node_slug)
    TextConfirmed.objects.create(
        org_id=actor.org_id,
        revision_id=item.revision_id,
        person_id=actor.id,
        words=words.strip()[:300],
        at=at,
    )
    return TextHolds(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        node_slug=node_slug,
        revision_id=item.revision_id,
    )
