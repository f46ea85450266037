"""How the demo's engineers came by their certificates: one exam, passed by some and not by all."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from panshi.demo.founding import Company
from panshi.demo.staff import staff_of
from panshi.handbook import queries as handbook_queries
from panshi.handbook import services as handbook
from panshi.handbook.queries.notices import PosedRow
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor, hq_actor

NODES: Final[Mapping[str, int]] = {
    "hv-repair": 3, "insulation-power-down": 3, "insulation-sectioning": 2, "hv-retest": 2,
    "battery-removal": 1,
}  # fmt: skip
QUESTIONS: Final = 10
# The right options of each question, in their order.
Known = Mapping[str, tuple[str, ...]]


def set_and_sit(company: Company, at: datetime, random: Random) -> None:
    """Set the exam of high-voltage work; two engineers of each operator have sat it lately."""
    hq = hq_actor(company.platform_id)
    pages = {slug: handbook_queries.node_page(slug=slug, actor=hq, at=at) for slug in NODES}
    books = {slug: page.document for slug, page in pages.items() if page.document}
    exam_id = handbook.set_exam(
        certificate="HV_ELECTRICIAN",
        post="engineer",
        zh="高压作业上岗考试",
        en="High-voltage work",
        nodes={slug: NODES[slug] for slug in books},
        questions=min(QUESTIONS, sum(len(d.questions) for d in books.values())),
        practice_slug="insulation-power-down",
        actor=hq,
        at=at,
    ).exam_id
    known = {
        question.zh: tuple(question.options[place] for place in question.answer)
        for document in books.values()
        for question in document.questions
    }
    for operator in company.operators:
        people = staff_of(operator.org_id)
        for number, engineer in enumerate(people.engineers()[:2]):
            when = at - timedelta(days=number + 1, hours=random.randrange(2, 6))
            _sit(exam_id, engineer, known, when, random, misses=number)
        if len(people.engineers()) > 1:
            engineer, observer = people.engineers()[:2]
            _observe(exam_id, engineer, observer, at)
        if len(people.engineers()) > 2:
            handbook.schedule_exam(
                exam_id=exam_id,
                user_id=people.engineers()[2].id,
                due_on=local_day(at) + timedelta(days=7),
                actor=people.one("OPERATIONS"),
                at=at,
            )


def _chosen(question: PosedRow, known: Known, right: bool) -> tuple[int, ...]:
    places = tuple(question.options.index(words) for words in known[question.text])
    return places if right else places[1:]


def _sit(
    exam_id: UUID, engineer: Actor, known: Known, at: datetime, random: Random, *, misses: int
) -> None:
    begun = handbook.begin_attempt(exam_id=exam_id, actor=engineer, at=at)
    paper = handbook_queries.exam_paper(attempt_id=begun.attempt_id, actor=engineer)
    wrong = set(random.sample(range(paper.asked), misses))
    handbook.submit_attempt(
        attempt_id=begun.attempt_id,
        answers=[
            handbook.Given(
                question_id=UUID(question.key), chosen=_chosen(question, known, place not in wrong)
            )
            for place, question in enumerate(paper.questions)
        ],
        actor=engineer,
        at=at + timedelta(minutes=random.randrange(9, 25)),
    )


def _observe(exam_id: UUID, engineer: Actor, observer: Actor, at: datetime) -> None:
    """A colleague who holds the certificate looks on, and all is done right."""
    sheet = handbook_queries.practice_sheet(exam_id=exam_id, actor=observer, at=at)
    handbook.grade_practice(
        exam_id=exam_id,
        user_id=engineer.id,
        marks={step: True for step, _words, _required in sheet.steps},
        actor=observer,
        at=at,
    )
