"""send messages …"""

import pytest
from django.utils import timezone

from panshi.kit.ids import uuid7
from panshi.notify import queries, services
from panshi.notify.services import NewMessage
from panshi.org.tests import make


def test_stores_each_once_and_shows_it_to_its_reader() -> None:
    org = make.operator()
    reader = make.actor(org, "notify.*")
    message = NewMessage(
        subject="租金明日到期", source_kind="bill", source_id="1", user_id=reader.id
    )
    counts = [
        services.send_messages(
            org_id=org.id, messages=[message], actor=reader, at=timezone.now()
        ).count
        for _ in range(2)
    ]
    assert counts == [1, 0]
    assert queries.unread_count(actor=reader) == 1
    services.mark_messages_read(actor=reader, at=timezone.now())
    assert queries.unread_count(actor=reader) == 0


def test_refuses_a_message_without_a_recipient() -> None:
    org = make.operator()
    with pytest.raises(services.NoAddress):
        services.send_messages(
            org_id=org.id,
            messages=[NewMessage(subject="x", source_kind="bill", source_id="1")],
            actor=make.actor(org, "notify.*"),
            at=timezone.now(),
        )


def test_hides_ones_messages_from_a_colleague() -> None:
    org = make.operator()
    mine, colleague = make.actor(org, "notify.*"), make.actor(org, "notify.*")
    services.send_messages(
        org_id=org.id,
        messages=[NewMessage(subject="x", source_kind="b", source_id="1", user_id=uuid7())],
        actor=mine,
        at=timezone.now(),
    )
    assert queries.my_messages(actor=colleague) == []
