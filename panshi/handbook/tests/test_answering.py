"""A customer who asks is answered from the book at once, or a person is called."""

from datetime import timedelta
from uuid import UUID

import pytest

from panshi.handbook import content_files, services
from panshi.handbook.models import SearchMiss
from panshi.handbook.rules import answering, terms, texts
from panshi.handbook.rules.procedure import ContentFault
from panshi.handbook.tests import make
from panshi.kit import relay
from panshi.kit.tenancy import Actor
from panshi.service import queries
from panshi.service import services as service
from panshi.service.tests import make as service_make

pytestmark = pytest.mark.usefixtures("in_force")

NODES = ("CS-C-09-", "CS-D-23-")
# Written after the weights were set; what is left out of it goes to a person.
SPOKEN = {
    "车突然启动不了了，开不动": "CS-C-06",
    "在路上抛锚了怎么办": "CS-C-06",
    "我追尾了别人的车": "CS-C-07",
    "充电充到一半老是停": "CS-C-09",
    "怎么预约上门保养": "CS-C-10",
    "预约的时间能改吗": "CS-C-10",
    "我对处理结果不满意": "CS-C-12",
    "没收到这个月的账单": "CS-D-01",
    "为什么多收了我两百块": "CS-D-02",
    "电子发票在哪下载": "CS-D-04",
    "租金逾期三天会怎样": "CS-D-05",
    "车被你们锁车了": "CS-D-08",
    "续租价格是多少": "CS-D-15",
    "我要换车型": "CS-D-16",
    "以租代购怎么办": "CS-D-17",
    "提前退租要多少违约金": "CS-D-18",
    "还车要带什么东西": "CS-D-19",
    "验车的损伤怎么定价": "CS-D-21",
    "退押金要几天": "CS-D-23",
    "我想改交车时间": "CS-B-01",
    "第一次充电要注意什么": "CS-B-07",
    "货车进城要通行证吗": "CS-B-10",
    "新来的司机怎么登记": "CS-B-11",
    "修车期间有代步车吗": "CS-B-12",
    "跨城送货要不要报备": "CS-B-13",
    "可以加装货架吗": "CS-B-14",
}
NOTHING = (
    "你好", "在吗", "谢谢", "今天天气怎么样", "你们公司地址在哪里", "我想应聘司机",
    "帮我写一首诗", "hello", "what is the capital of France", "我要买一台冰箱",
)  # fmt: skip


def shipped() -> list[answering.Answer]:
    files = sorted(content_files.SHIPPED.glob("*/node.md"))
    found = [texts.node_text(file.read_text()) for file in files]
    return [answering.answer_of(text) for text in found if texts.CUSTOMER in text.audience]


def test_nine_of_ten_questions_meet_their_answer_and_others_meet_none() -> None:
    answers = shipped()
    first = {
        said: [a.code for a in answering.best(terms.query(said, synonyms={}), answers)][:1]
        for said in (*SPOKEN, *NOTHING)
    }
    right = [said for said, code in SPOKEN.items() if first[said] == [code]]
    wrong = [said for said, code in SPOKEN.items() if first[said] not in ([code], [])]

    assert len(right) >= 0.9 * len(SPOKEN), sorted(set(SPOKEN) - set(right))
    assert len(wrong) <= 1, wrong
    assert not [said for said in NOTHING if first[said]]


TEXT = """---
code: CS-X-01
slug: some
zh: 一
en: One
summary_en: One.
owner_role: ops
audience: [{audience}]
review_every: 12m
{more}---
## 是什么
一
## 为什么
二
## 怎么做
三
{answer}"""
TOLD = {"more": "asks: [怎么办]\nanswer_en: Ask.\n", "answer": "## 对客户说\n请问。\n"}


def test_customers_read_only_what_is_written_for_them() -> None:
    assert texts.node_text(TEXT.format(audience="STAFF, CUSTOMER", **TOLD)).answer == "请问。"
    for audience, told in (
        ("STAFF", TOLD),
        ("STAFF, CUSTOMER", TOLD | {"answer": ""}),
        ("STAFF, CUSTOMER", TOLD | {"more": ""}),
    ):
        with pytest.raises(ContentFault):
            texts.node_text(TEXT.format(audience=audience, **told))


@pytest.fixture
def town() -> service_make.City:
    make.edition(*NODES)
    return service_make.city(engineers=0)


def customer(town: service_make.City) -> tuple[Actor, UUID]:
    customer_id = service_make.customer_vehicle(town)[0]
    return service_make.customer_actor(town, customer_id), customer_id


def say(me: Actor, text: str, *, thread: UUID | None = None, minute: int = 0) -> UUID:
    assert me.customer_id is not None
    fact = service.post_message(
        customer_id=me.customer_id, text=text, conversation_id=thread, actor=me,
        at=service_make.NOON + timedelta(minutes=minute),
    )  # fmt: skip
    relay.drain()
    return fact.conversation_id


def test_a_question_is_answered_word_for_word_once(town: service_make.City) -> None:
    me, customer_id = customer(town)
    said = service.post_message(
        customer_id=customer_id, text="充不上电，充电中断", actor=me, at=service_make.NOON
    )
    for _twice in range(2):
        services.answer_customer(
            conversation_id=said.conversation_id, message_id=said.message_id,
            text="充不上电，充电中断", actor=town.boss, at=service_make.NOON,
        )  # fmt: skip
    relay.drain()

    (_asked, line) = queries.messages_of(conversation_id=said.conversation_id, actor=me)
    assert (line.author_kind, line.node_code) == ("AUTOMATIC", "CS-C-09")
    assert line.text in {answer.zh for answer in shipped()}
    (row,) = queries.conversations(conversation_id=said.conversation_id, actor=me)
    assert row.state == "SELF_SERVICE"


def test_an_english_question_has_an_english_answer(town: service_make.City) -> None:
    me, _customer_id = customer(town)
    thread = say(me, "when is my deposit paid back")

    (_asked, line) = queries.messages_of(conversation_id=thread, actor=me)
    assert line.text in {answer.en for answer in shipped()}


def test_what_the_book_does_not_answer_goes_to_a_person_and_is_noted(
    town: service_make.City,
) -> None:
    me, _customer_id = customer(town)
    thread = say(me, "帮我写一首诗")

    (row,) = queries.conversations(conversation_id=thread, actor=me)
    assert row.state == "WAITING_STAFF"
    miss = SearchMiss.objects.get()
    assert (miss.query, miss.audience) == ("帮我写一首诗", "CUSTOMER")


def test_after_two_answers_a_person_answers(town: service_make.City) -> None:
    me, _customer_id = customer(town)
    thread = say(me, "充不上电")
    say(me, "充电中断", thread=thread, minute=1)
    say(me, "充电枪拔不出来", thread=thread, minute=2)

    kinds = [m.author_kind for m in queries.messages_of(conversation_id=thread, actor=me)]
    assert kinds == ["CUSTOMER", "AUTOMATIC", "CUSTOMER", "AUTOMATIC", "CUSTOMER"]
    (row,) = queries.conversations(conversation_id=thread, actor=me)
    assert row.state == "WAITING_STAFF"


def test_danger_and_what_a_person_answers_are_left_alone(town: service_make.City) -> None:
    me, _customer_id = customer(town)
    thread = say(me, "充电的时候冒烟了，充不上电")
    service.take_conversation(conversation_id=thread, actor=town.boss, at=service_make.NOON)
    say(me, "充不上电", thread=thread, minute=1)

    kinds = {m.author_kind for m in queries.messages_of(conversation_id=thread, actor=me)}
    assert kinds == {"CUSTOMER"}
