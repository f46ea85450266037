"""Verbs of those whom an edition binds: they read, pass the quiz, and keep their certificates."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import learning
from panshi.handbook.events import ChangeQuizTried, NoticeAcknowledged, UnreadSuspended
from panshi.handbook.models import Acknowledgement, ChangeNotice, QuizTry
from panshi.handbook.queries.notices import due_at, standing
from panshi.handbook.rules.differences import GRAVE
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.people import queries as people
from panshi.people import services as people_services
from panshi.people.queries import HeldCertificate


class QuizNotPassed(Refusal):
    """What changed is more than wording: its quiz comes before the acknowledgement."""


class QuizOver(Refusal):
    """These answers belong to a try that is over already."""


def _notice(notice_id: UUID) -> ChangeNotice:
    return ChangeNotice.objects.select_related("edition__previous", "node").get(id=notice_id)


def _acknowledge(notice: ChangeNotice, quiz: QuizTry | None, actor: Actor, at: datetime) -> None:
    """One reading counts for every post of the person; a certificate it suspended counts again."""
    rows = ChangeNotice.objects.filter(edition=notice.edition_id, node=notice.node_id)
    for row in rows:
        Acknowledgement.objects.get_or_create(
            notice=row,
            person_id=actor.id,
            defaults={"org_id": actor.org_id, "read_at": at, "quiz": quiz},
        )
    _lift(notice.node.slug, people.certificates(user_ids=[actor.id], actor=actor), actor, at)


@verb
def acknowledge_notice(*, notice_id: UUID, actor: Actor, at: datetime) -> NoticeAcknowledged:
    """Say that one has read what changed; a second time changes nothing.

    Raises QuizNotPassed for a change of more than wording, which `submit_change_quiz` acknowledges.
    """
    notice = _notice(notice_id)
    actor.must("handbook.acknowledge_notice", actor.org_id)
    read = Acknowledgement.objects.filter(notice=notice, person_id=actor.id).exists()
    if not read:
        if learning.quiz_of(notice, actor.id, learning.changed(notice)) is not None:
            raise QuizNotPassed(_("Read the change and pass its quiz first."))
        _acknowledge(notice, None, actor, at)
    return NoticeAcknowledged(
        org_id=actor.org_id, actor_id=actor.id, at=at, notice_id=notice.id, person_id=actor.id
    )


@verb
def submit_change_quiz(
    *,
    notice_id: UUID,
    number: int,
    chosen: Sequence[Sequence[int]],
    actor: Actor,
    at: datetime,
) -> ChangeQuizTried:
    """Answer the quiz on a change: per question the places chosen, as shown, from 0.

    Everything has to be right; then the notice is acknowledged, and what it suspended is restored.
    The next try is another paper. Raises QuizOver for another try than the one that is due.
    """
    notice = _notice(notice_id)
    actor.must("handbook.acknowledge_notice", actor.org_id)
    quiz = learning.quiz_of(notice, actor.id, learning.changed(notice))
    read = Acknowledgement.objects.filter(notice=notice, person_id=actor.id).exists()
    if quiz is None or read or number != quiz.number or len(chosen) != len(quiz.questions):
        raise QuizOver(_("This quiz has been answered already. Look at the notice again."))
    right = sum(p.right(given) for p, given in zip(quiz.questions, chosen, strict=True))
    passed = right == len(quiz.questions)
    tried = QuizTry.objects.create(
        org_id=actor.org_id,
        edition_id=notice.edition_id,
        node_id=notice.node_id,
        person_id=actor.id,
        number=number,
        asked=len(quiz.questions),
        right=right,
        chosen=[list(given) for given in chosen],
        passed=passed,
        at=at,
    )
    if passed:
        _acknowledge(notice, tried, actor, at)
    return ChangeQuizTried(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        notice_id=notice.id,
        person_id=actor.id,
        node_slug=notice.node.slug,
        right=right,
        asked=len(quiz.questions),
        passed=passed,
    )


def restore(slug: str, actor: Actor, at: datetime) -> int:
    """Lift what an unread change of this node suspended, whosever it is; answers how many."""
    return _lift(slug, people.certificates(actor=actor), actor, at)


def _lift(slug: str, papers: Sequence[HeldCertificate], actor: Actor, at: datetime) -> int:
    cause = learning.cause_of(slug)
    found = [paper for paper in papers if cause in paper.causes]
    for paper in found:
        people_services.restore_certificate(
            certificate_id=paper.id, cause=cause, actor=actor, at=at
        )
    return len(found)


def _overdue(at: datetime) -> list[ChangeNotice]:
    """One notice per node whose grave change should have been read by now."""
    found = {n.node_id: n for n in standing(at) if n.gravity == GRAVE and due_at(n) <= at}
    return list(found.values())


def anything_unread(at: datetime) -> bool:
    """Whether a grave change is past its grace, so that the verb has something to look at."""
    return bool(_overdue(at))


@verb
def suspend_unread(*, actor: Actor, at: datetime) -> UnreadSuspended:
    """Suspend the certificates of those who have not read a grave change within its grace.

    A certificate earned on the edition or after it is not touched; a second time changes nothing.
    """
    actor.must("handbook.suspend_unread", actor.org_id)
    overdue = _overdue(at)
    kinds = learning.kinds_on({n.node.slug for n in overdue}, at)
    suspended: list[UUID] = []
    for notice in overdue:
        wanted = sorted(kinds[notice.node.slug])
        if not wanted:
            continue
        cause = learning.cause_of(notice.node.slug)
        since = local_day(due_at(notice) - timedelta(days=notice.edition.grace_days))
        readers = Acknowledgement.objects.filter(
            notice__edition=notice.edition_id, notice__node=notice.node_id
        )
        read = set(readers.values_list("person_id", flat=True))
        for paper in people.certificates(kinds=wanted, actor=actor):
            current = paper.edition == notice.edition.number or paper.valid_from > since
            if current or paper.user_id in read or cause in paper.causes:
                continue
            people_services.suspend_certificate(
                certificate_id=paper.id,
                reason=_("The change of “%(node)s” in edition %(edition)s was not read in time.")
                % {"node": notice.node.zh, "edition": notice.edition.number},
                cause=cause,
                actor=actor,
                at=at,
            )
            suspended.append(paper.id)
    return UnreadSuspended(
        org_id=actor.org_id, actor_id=actor.id, at=at, certificate_ids=tuple(suspended)
    )
