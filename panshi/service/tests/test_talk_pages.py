"""Staff see who waits for an answer, answer, take over and settle."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.urls import reverse

from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window
from panshi.service import queries, rules, services
from panshi.service.models import Conversation, Message
from panshi.service.tests import make
from panshi.service.tests.make import NOON, City


@pytest.fixture
def where() -> City:
    return make.city(engineers=0)


def asked(where: City, text: str, minutes: int = 0) -> UUID:
    """A thread that a customer began so many minutes after noon."""
    customer_id, _vehicle = make.customer_vehicle(where)
    return services.post_message(
        customer_id=customer_id,
        text=text,
        actor=make.customer_actor(where, customer_id),
        at=NOON + timedelta(minutes=minutes),
    ).conversation_id


def clerk(where: City) -> Window:
    return window(where.org, "DISPATCHER")


def test_who_waits_longest_stands_first_and_settled_threads_are_gone(where: City) -> None:
    late, early = asked(where, "充电口打不开", 5), asked(where, "怎么预约保养", 1)
    done = asked(where, "谢谢")
    services.resolve_conversation(conversation_id=done, actor=where.boss, at=NOON)
    answered = asked(where, "多少钱")
    services.offer_answer(
        conversation_id=answered, text="见价目", node_code="KF-01", actor=where.boss,
        at=NOON + timedelta(minutes=1),
    )  # fmt: skip

    found = queries.conversation_page(state="OPEN", actor=where.boss)
    assert [row.id for row in found.rows] == [early, late, answered]
    every = queries.conversation_page(actor=where.boss)
    assert {row.id for row in every.rows[2:]} == {answered, done}
    assert (found.total, found.waiting) == (3, 2)
    assert [row.waiting_from for row in found.rows][1:] == [NOON + timedelta(minutes=5), None]
    # Asked for a person, it waits again though an answer was given.
    services.hand_over(
        conversation_id=answered, reason="ASKED", actor=where.boss, at=NOON + timedelta(minutes=2)
    )
    assert queries.conversation_page(actor=where.boss).waiting == 3
    shown = page(clerk(where).get(reverse("service-talks"), {"state": "OPEN"}))
    assert shown.index("怎么预约保养") < shown.index("充电口打不开")
    assert "谢谢" not in shown
    settled = {"state": "RESOLVED"}
    assert "谢谢" in page(clerk(where).get(reverse("service-talks"), settled))


def test_an_answer_takes_the_thread_and_the_customer_waits_no_more(where: City) -> None:
    thread, staff = asked(where, "充电口打不开"), clerk(where)
    url = reverse("service-talk", args=[thread])
    assert "充电口打不开" in page(staff.get(url))
    assert staff.post(url + "answer/", {"text": ""}).status_code == 422
    assert staff.post(url + "answer/", {"text": "请先断电"}).status_code == 302
    row = Conversation.objects.get(id=thread)
    assert (row.state, Message.objects.filter(conversation=row).count()) == ("WAITING_CUSTOMER", 2)
    assert queries.conversation_row(conversation_id=thread, actor=where.boss).waiting_from is None
    shown = page(staff.get(url))
    assert "王芳" in shown
    assert staff.post(url + "resolve/").status_code == 302
    row.refresh_from_db()
    assert row.state == "RESOLVED"


def test_a_thread_is_taken_once_and_strangers_find_nothing(where: City) -> None:
    thread = asked(where, "电池在冒烟")
    url = reverse("service-talk", args=[thread])
    first, second = clerk(where), clerk(where)
    assert first.post(url + "take/").status_code == 302
    assert second.post(url + "take/").status_code == 409
    stranger = window(org_make.operator(), "DISPATCHER")
    assert stranger.get(url).status_code == 404
    assert stranger.post(url + "answer/", {"text": "?"}).status_code == 404
    assert "电池在冒烟" not in page(stranger.get(reverse("service-talks")))


@pytest.mark.parametrize(
    ("state", "hour", "seconds"),
    [("WAITING_STAFF", 10, 60), ("WAITING_STAFF", 23, 300), ("WITH_STAFF", 23, 180)],
)
def test_patience_is_of_state_and_hour(state: str, hour: int, seconds: int) -> None:
    assert rules.patience(state=state, hour=hour) == timedelta(seconds=seconds)
