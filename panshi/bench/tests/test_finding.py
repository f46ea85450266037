"""The search's benchmark asks of nodes that exist, and judges ranks as it says."""

import pytest

from panshi.bench import finding
from panshi.bench.finding import Question
from panshi.handbook.content_files import SHIPPED
from panshi.handbook.rules import texts

pytestmark = pytest.mark.plain


def test_every_question_has_answers_that_the_outline_knows() -> None:
    known = texts.outline_of((SHIPPED / "outline.yaml").read_text("utf-8")).by_slug()
    asked = finding.questions()
    assert (len(asked["words"]), len(asked["sentences"])) == (30, 30)
    for questions in asked.values():
        assert all(q.right and q.right <= set(known) for q in questions)
        assert len({q.said for q in questions}) == len(questions)


def test_a_rank_is_judged() -> None:
    answers = {"a": ["x", "right"], "b": ["x"] * 6 + ["right"], "c": []}
    asked = [Question(said, frozenset({"right"})) for said in answers]
    judged = finding.judge(asked, lambda said: answers[said])
    assert judged["hit_at_5"] == round(1 / 3, 3)
    assert judged["mrr"] == round((1 / 2 + 1 / 7) / 3, 3)
    assert judged["missed"] == ["b", "c"]
