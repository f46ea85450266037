"""Questions about what an edition changed for somebody: which notices stand, what one says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q

from panshi.handbook import book, learning, wording
from panshi.handbook.models import Acknowledgement, ChangeNotice, EditionState, QuizTry
from panshi.handbook.rules.differences import EDITORIAL, WEIGHT, Change
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.people import queries as people
from panshi.people.queries import HeldCertificate

# A change older than this is known by the text itself.
STANDS: Final = timedelta(days=400)
SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A change of one node that a person has yet to read, and until when; `quiz` says how."""

    id: UUID
    edition: str
    code: str
    title: str
    slug: str
    gravity: str
    changes: tuple[str, ...]
    due_at: datetime
    quiz: bool
    suspended: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedRow:
    """A question as it is put to somebody; the answer and its reason only once that is over.

    `chosen` and `answer` are places among `options` as they stand, from 0.
    """

    key: str
    kind: str
    text: str
    options: tuple[str, ...]
    many: bool
    chosen: tuple[int, ...] = ()
    answer: tuple[int, ...] = ()
    right: bool | None = None
    why: str = ""
    place: str = ""
    figure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """One notice with the difference and, unless it is read, its quiz for who asks.

    `number` counts the tries from 1; `last_right` of `last_asked` is how the last one went.
    """

    row: NoticeRow
    changes: tuple[Change, ...]
    number: int
    quiz: tuple[PosedRow, ...]
    read_at: datetime | None
    last_right: int = 0
    last_asked: int = 0


def due_at(notice: ChangeNotice) -> datetime:
    """When a certificate that rests on the node is suspended if the notice is not read."""
    edition = notice.edition
    start = edition.effective_from or edition.pilot_from or edition.created_at
    return start + timedelta(days=notice.edition.grace_days)


def standing(at: datetime, city: str = "") -> list[ChangeNotice]:
    """The notices that still count of editions released in the last year, or on trial in a city.

    Of each node the newest of each gravity, unless a heavier one came after it.
    """
    rows = (
        ChangeNotice.objects.filter(
            Q(
                edition__state__in=(EditionState.RELEASED, EditionState.SUPERSEDED),
                edition__effective_from__gt=at - STANDS,
            )
            | Q(edition__state=EditionState.PILOT, edition__pilot_cities__contains=[city])
        )
        .select_related("edition", "node")
        .defer("edition__files")
        .order_by("edition__effective_from", "gravity", "node__code", "role")
    )
    newest: dict[UUID, dict[str, UUID]] = {}
    for row in rows:
        mine = newest.setdefault(row.node_id, {})
        lighter = [g for g in mine if WEIGHT[g] > WEIGHT[row.gravity]]
        for gravity in lighter:
            del mine[gravity]
        mine[row.gravity] = row.edition_id
    return [row for row in rows if newest[row.node_id].get(row.gravity) == row.edition_id]


def _trial_city(actor: Actor, at: datetime) -> str:
    """Where this person works, while an edition is on trial somewhere."""
    if not any(edition.on_trial(at) for edition in book.books()):
        return ""
    return next((n.city for n in org.nodes(actor=actor) if n.id == actor.org_id), "")


def _joined(actor: Actor) -> datetime | None:
    return get_user_model().objects.filter(id=actor.id).values_list(
        "date_joined", flat=True
    ).first()  # fmt: skip


def _suspended(held: Sequence[HeldCertificate], slug: str) -> tuple[str, ...]:
    """The kinds of these certificates that an unread change of a node suspends."""
    return tuple(sorted({p.kind for p in held if learning.cause_of(slug) in p.causes}))


def notices_for(posts: Sequence[str], actor: Actor, at: datetime) -> tuple[NoticeRow, ...]:
    """What changed for these posts and for the certificates a person holds, unread, by weight."""
    rows = standing(at, _trial_city(actor, at))
    if not rows:
        return ()
    held = people.certificates(user_ids=[actor.id], actor=actor)
    mine = {paper.kind for paper in held}
    kinds = learning.kinds_on({row.node.slug for row in rows}, at) if mine else {}
    read = set(
        Acknowledgement.objects.filter(person_id=actor.id).values_list("notice_id", flat=True)
    )
    joined = _joined(actor)
    found: dict[tuple[UUID, UUID], NoticeRow] = {}
    for row in rows:
        slug = row.node.slug
        concerns = row.role in posts or bool(kinds.get(slug, set()) & mine)
        start = row.edition.effective_from or row.edition.pilot_from
        if not concerns or row.id in read or (joined and start and start < joined):
            continue
        found.setdefault((row.node_id, row.edition_id), _row(row, _suspended(held, slug)))
    return tuple(sorted(found.values(), key=lambda r: (WEIGHT[r.gravity], r.code))[:SHOWN])


def _row(notice: ChangeNotice, suspended: tuple[str, ...]) -> NoticeRow:
    return NoticeRow(
        id=notice.id,
        edition=notice.edition.number,
        code=notice.node.code,
        title=wording.spoken(notice.node.zh, notice.node.en),
        slug=notice.node.slug,
        gravity=notice.gravity,
        changes=tuple(notice.changes),
        due_at=due_at(notice),
        quiz=notice.gravity != EDITORIAL,
        suspended=suspended,
    )


@question
def notice_page(*, notice_id: UUID, actor: Actor, at: datetime) -> NoticePage:
    """One notice: the difference in order of weight, and the quiz on it; as a person sees it."""
    notice = ChangeNotice.objects.select_related("edition__previous", "node").get(id=notice_id)
    found = learning.changed(notice)
    read = Acknowledgement.objects.filter(notice=notice, person_id=actor.id).first()
    held = people.certificates(user_ids=[actor.id], actor=actor)
    tries = QuizTry.objects.filter(
        edition=notice.edition_id, node=notice.node_id, person_id=actor.id
    )
    last = tries.order_by("-number").first()
    quiz = None if read else learning.quiz_of(notice, actor.id, found)
    return NoticePage(
        row=_row(notice, _suspended(held, notice.node.slug)),
        changes=found.changes,
        number=quiz.number if quiz else 0,
        quiz=tuple(
            PosedRow(
                key=str(index), kind=posed.question.kind, text=posed.question.zh,
                options=posed.options, many=posed.many,
            )
            for index, posed in enumerate(quiz.questions)
        )
        if quiz
        else (),
        read_at=read.read_at if read else None,
        last_right=last.right if last else 0,
        last_asked=last.asked if last else 0,
    )  # fmt: skip
