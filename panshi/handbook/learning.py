"""What people must have learned: which certificates rest on a node, what a change asks of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

from panshi.handbook import book, quizzes
from panshi.handbook.changes import changed_documents, changed_limits
from panshi.handbook.models import ChangeNotice, EditionItem, Exam, QuizTry
from panshi.handbook.rules import differences, papers, texts
from panshi.handbook.rules.differences import EDITORIAL, Change
from panshi.handbook.rules.texts import NodeDocument

CAUSE: Final = "handbook:"


def cause_of(slug: str) -> str:
    """What a certificate is suspended for when a change of this node was not read."""
    return f"{CAUSE}{slug}"


def kinds_on(slugs: Collection[str], at: datetime) -> dict[str, set[str]]:
    """The certificates that rest on these nodes: asked for by the procedure, or granted on it."""
    found: dict[str, set[str]] = {slug: set() for slug in slugs}
    edition = book.book_at(at)
    if edition is not None:
        held = EditionItem.objects.filter(edition_id=edition.id, node__slug__in=slugs)
        by_revision = dict(held.values_list("revision_id", "node__slug"))
        for revision_id, procedure in book.procedures(by_revision).items():
            found[by_revision[revision_id]] |= set(procedure.certificates)
    for exam in Exam.objects.all():
        for slug in {*exam.nodes, exam.practice_slug} & set(slugs):
            found[slug].add(exam.certificate)
    return found


@dataclass(frozen=True, slots=True)
class Changed:
    """What one edition changed in one node, with the texts before and after."""

    changes: tuple[Change, ...]
    before: NodeDocument | None
    after: NodeDocument | None


def changed(notice: ChangeNotice) -> Changed:
    """What a notice is about, read from the two editions."""
    slug = notice.node.slug
    before, after = notice.edition.previous, notice.edition
    olds, news = changed_documents(before, after, slug=slug)
    return Changed(
        changes=tuple(differences.compare(olds, news, changed_limits(before, after))),
        before=olds.get(slug),
        after=news.get(slug),
    )


@dataclass(frozen=True, slots=True)
class Posed:
    """A question as one person sees it: `shown` gives the options' own places in their order."""

    question: texts.Question
    shown: tuple[int, ...]

    @property
    def many(self) -> bool:
        """Whether more than one option may be chosen."""
        return papers.many(self.question.kind, self.question.answer)

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(self.question.options[place] for place in self.shown)

    def right(self, chosen: Sequence[int]) -> bool:
        """Whether these places, as shown and from 0, are the answer."""
        if any(not 0 <= place < len(self.shown) for place in chosen):
            return False
        own = [self.shown[place] for place in chosen]
        return papers.is_right(self.question.kind, self.question.answer, own)


@dataclass(frozen=True, slots=True)
class Quiz:
    """The quiz on a change for one person; `number` counts their tries from 1."""

    number: int
    questions: tuple[Posed, ...]


def asks_quiz(gravity: str, document: NodeDocument | None) -> bool:
    """Whether a change is quizzed: not one of wording alone, and not a node that is gone."""
    return gravity != EDITORIAL and document is not None


def quiz_of(notice: ChangeNotice, person_id: UUID, found: Changed) -> Quiz | None:
    """This person's next quiz on a change, always the same until it is tried; None without one."""
    if found.after is None or not asks_quiz(notice.gravity, found.after):
        return None
    tries = QuizTry.objects.filter(
        edition=notice.edition_id, node=notice.node_id, person_id=person_id
    )
    number = tries.count() + 1
    seed = papers.seed_of(notice.edition_id, notice.node_id, person_id, number)
    drawn = quizzes.change_quiz(found.changes, found.before, found.after, seed)
    random = Random(seed)
    return Quiz(
        number=number,
        questions=tuple(
            Posed(q, tuple(papers.mix(len(q.options), q.answer, q.kind, random))) for q in drawn
        ),
    )
