"""Hand over messages … outside quiet hours, by the channels one prefers, with their receipts."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor
from panshi.notify import channels, queries, services
from panshi.notify.channels import Simulated
from panshi.notify.models import Message, Receipt, Template
from panshi.notify.services import NewMessage, NewReceipt
from panshi.org.models import OrgNode
from panshi.org.tests import make

NOON = datetime(2027, 6, 21, 4, tzinfo=UTC)
NIGHT = datetime(2027, 6, 21, 14, tzinfo=UTC)  # Ten in the evening in Shanghai.
SIMULATED = tuple(Simulated(code) for code in ("WECHAT", "SMS", "EMAIL"))


@pytest.fixture(autouse=True)
def _channels() -> Any:
    with channels.standing_in(*SIMULATED):
        yield


def send(org: OrgNode, *, at: datetime = NOON, **more: Any) -> UUID:
    customer_id: UUID = more.pop("customer_id", None) or uuid7()
    defaults: dict[str, Any] = {
        "subject": "租金",
        "source_kind": "bill",
        "source_id": "1",
        "channel": services.BY_PREFERENCE,
        "message_class": "TRANSACTION",
        "addresses": {"SMS": "13900001234"},
    }
    services.send_messages(
        org_id=org.id,
        messages=[NewMessage(customer_id=customer_id, **{**defaults, **more})],
        actor=make.actor(org, "notify.*"),
        at=at,
    )
    return customer_id


def carry(at: datetime) -> None:
    services.hand_over_messages(actor=hq_actor(), at=at)
    services.collect_receipts(actor=hq_actor(), at=at + timedelta(seconds=10))


def states(org: OrgNode) -> dict[str, str]:
    return dict(Message.objects.filter(org=org).values_list("channel", "state"))


def test_reaches_the_first_channel_with_an_address_and_keeps_the_receipt() -> None:
    org = make.operator()
    send(org)
    assert states(org) == {"IN_APP": "DELIVERED", "SMS": "QUEUED"}
    carry(NOON)
    assert states(org)["SMS"] == "DELIVERED"
    message = Message.objects.get(org=org, channel="SMS")
    assert Receipt.objects.get(message=message).word == "DELIVERED"
    assert (message.sent_at, message.shown_address) == (NOON, "139****1234")
    proof = queries.proofs_of(source_kind="bill", source_ids=["1"], actor=hq_actor())["1"]
    assert [(p.channel, p.delivered_at) for p in proof] == [("SMS", NOON + timedelta(seconds=3))]


def test_keeps_quiet_at_night_and_spreads_what_waited() -> None:
    org = make.operator()
    for number in range(6):
        send(org, at=NIGHT, source_id=str(number))
    waits = Message.objects.filter(org=org, channel="SMS").values_list("not_before", flat=True)
    morning = datetime(2027, 6, 22, 0, tzinfo=UTC)
    assert all(morning <= w < morning + timedelta(minutes=30) for w in waits if w is not None)
    assert len(set(waits)) > 3
    carry(NIGHT)
    assert states(org)["SMS"] == "QUEUED"


def test_passes_quiet_hours_for_safety_alone() -> None:
    org = make.operator()
    send(org, at=NIGHT, message_class="SAFETY")
    carry(NIGHT)
    assert states(org)["SMS"] == "DELIVERED"


def test_goes_the_next_way_when_an_address_is_dead_and_tells_when_none_is_left() -> None:
    org = make.operator()
    send(org, addresses={"WECHAT": "wx-0000", "SMS": "13900000000"})
    carry(NOON)
    assert states(org) == {"IN_APP": "DELIVERED", "WECHAT": "FAILED", "SMS": "QUEUED"}
    assert not Outbox.objects.filter(org_id=org.id, name="notify.DeliveryFailed").exists()
    carry(NOON + timedelta(minutes=1))
    assert states(org)["SMS"] == "FAILED"
    told = Outbox.objects.get(org_id=org.id, name="notify.DeliveryFailed")
    assert (told.payload["channel"], told.payload["reason"]) == ("SMS", "DEAD_ADDRESS")


def test_counts_a_missing_receipt_as_failed_after_the_limit_of_its_class() -> None:
    org = make.operator()
    send(org, addresses={"SMS": "13900009999"})
    carry(NOON)
    assert states(org)["SMS"] == "SENT"
    carry(NOON + timedelta(minutes=31))
    assert states(org)["SMS"] == "FAILED"
    assert Message.objects.get(org=org, channel="SMS").failure == "NO_RECEIPT"


def test_is_not_offered_a_channel_that_is_not_configured() -> None:
    org = make.operator()
    with channels.standing_in():
        send(org)
        with pytest.raises(services.ChannelNotOffered):
            services.set_preferences(
                channels_in_order=["SMS"], quiet_from=None, quiet_to=None,
                actor=make.actor(org, "notify.set_preferences"), at=NOON,
            )  # fmt: skip
    assert states(org) == {"IN_APP": "DELIVERED"}


def test_keeps_what_a_person_prefers() -> None:
    org = make.operator()
    person = make.actor(org, "notify.set_preferences")
    services.set_preferences(
        channels_in_order=["EMAIL", "SMS"],
        quiet_from=time(11),
        quiet_to=time(13),
        email="wang@example.com",
        language="en",
        actor=person,
        at=NOON,
    )
    services.send_messages(
        org_id=org.id,
        messages=[
            NewMessage(
                user_id=person.id,
                source_kind="bill",
                source_id="1",
                channel=services.BY_PREFERENCE,
                template="RENT_DUE",
                values={"name": "王芳", "number": "B1", "amount": "300.00"},
                addresses={"SMS": "13900001234"},
            )
        ],
        actor=make.actor(org, "notify.*"),
        at=NOON,
    )
    letter = Message.objects.get(org=org, channel="EMAIL")
    assert (letter.subject, letter.fallbacks) == ("300.00 CNY are due today", ["SMS"])
    assert letter.not_before is not None
    assert letter.not_before >= NOON + timedelta(hours=1)


def test_withdraws_what_has_not_left() -> None:
    org, topic = make.operator(), uuid7()
    send(org, at=NIGHT, topic_id=topic)
    fact = services.withdraw_messages(
        org_id=org.id, topic_ids=[topic], reason="PAID", actor=make.actor(org, "notify.*"), at=NIGHT
    )
    assert (fact.count, states(org)["SMS"]) == (1, "WITHDRAWN")
    carry(NIGHT + timedelta(hours=12))
    assert states(org)["SMS"] == "WITHDRAWN"


def test_takes_a_receipt_once_and_never_lowers_what_is_known() -> None:
    org = make.operator()
    send(org)
    services.hand_over_messages(actor=hq_actor(), at=NOON)
    number = Message.objects.get(org=org, channel="SMS").provider_id

    def told(word: str, receipt_id: str, provider_id: str = number) -> NewReceipt:
        return NewReceipt(
            channel="SMS", provider_id=provider_id, receipt_id=receipt_id, word=word,
            happened_at=NOON,
        )  # fmt: skip

    fact = services.record_receipts(
        receipts=[
            told("READ", "b"), told("READ", "b"), told("FAILED", "c"), told("READ", "d", "none"),
        ],
        actor=hq_actor(),
        at=NOON,
    )  # fmt: skip
    assert (fact.taken, fact.repeated, fact.unknown) == (2, 1, 1)
    assert states(org)["SMS"] == "DELIVERED"


@pytest.mark.parametrize("after", ["FAILED", "DELIVERED"])
def test_takes_what_comes_after_a_failure_in_one_batch(after: str) -> None:
    org = make.operator()
    send(org)
    services.hand_over_messages(actor=hq_actor(), at=NOON)
    number = Message.objects.get(org=org, channel="SMS").provider_id
    receipts = [
        NewReceipt(
            channel="SMS", provider_id=number, receipt_id=word + str(turn), word=word,
            happened_at=NOON, detail="DEAD_ADDRESS" if word == "FAILED" else "",
        )
        for turn, word in enumerate(["FAILED", after])
    ]  # fmt: skip
    fact = services.record_receipts(receipts=receipts, actor=hq_actor(), at=NOON)
    assert (fact.taken, states(org)["SMS"]) == (2, "FAILED")
    assert Message.objects.get(org=org, channel="SMS").failure == "DEAD_ADDRESS"
    assert Outbox.objects.filter(org_id=org.id, name="notify.DeliveryFailed").count() == 1


def test_a_second_message_to_one_recipient_is_refused_by_the_database() -> None:
    org = make.operator()
    customer_id = send(org)
    first = Message.objects.get(org=org, channel="SMS")
    send(org, customer_id=customer_id)
    assert Message.objects.filter(org=org, channel="SMS").count() == 1
    first.pk = uuid7()
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_a_template_wants_all_its_values_and_is_published_by_the_platform_alone() -> None:
    org = make.operator()
    with pytest.raises(services.ValueMissing):
        send(org, subject="", template="RENT_DUE", values={"name": "王芳"})
    given: dict[str, Any] = {
        "code": "RENT_DUE", "language": "en", "message_class": "TRANSACTION", "subject": "Due",
        "body": "{name}, {amount}", "at": NOON,
    }  # fmt: skip
    with pytest.raises(NotPermitted):
        services.publish_template(**given, actor=make.actor(org, "notify.*"))
    fact = services.publish_template(**given, actor=hq_actor(make.platform().id))
    assert fact.version == 2
    with pytest.raises(services.BracesUnclear):
        services.publish_template(**{**given, "body": "{Amount"}, actor=hq_actor())
    with pytest.raises(DatabaseError), transaction.atomic():
        Template.objects.filter(code="RENT_DUE").update(body="changed")
