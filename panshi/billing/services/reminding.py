"""What customers are told about money they owe: queued with notify, taken back when they pay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final
from uuid import UUID

from django.conf import settings

from panshi.billing.queries.dunning import CASE, source_of
from panshi.crm import queries as crm
from panshi.kit.tenancy import HQ, Actor, hq_actor, system_actor
from panshi.notify import services as notify
from panshi.notify.services import BY_PREFERENCE, NewMessage

BILL: Final = "billing.Bill"
BILLS_PAGE: Final = "/portal/bills/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing to tell a customer: about `topic_id`, at a rung of the ladder, in CNY."""

    org_id: int
    customer_id: UUID
    kind: str
    topic_id: UUID
    rung: str
    template: str
    amount: Decimal
    due_on: date
    number: str = ""


def pay_address() -> str:
    """Where a customer pays, as a full address."""
    origin = next(iter(settings.CSRF_TRUSTED_ORIGINS), "") or f"https://{settings.ALLOWED_HOSTS[0]}"
    return origin.rstrip("/") + BILLS_PAGE


def tell(tellings: Iterable[Telling], *, actor: Actor, at: datetime) -> int:
    """Queue these messages, each once for ever; answers how many are new."""
    wanted = sorted((t for t in tellings if t.template), key=lambda t: t.org_id)
    if not wanted:
        return 0
    as_whom = hq_actor(actor.org_id) if actor.db_role == HQ else actor
    ids = tuple({t.customer_id for t in wanted})
    names = crm.names_of(ids, as_whom)
    phones = crm.telephones(ids=ids, actor=as_whom)
    link, sent = pay_address(), 0
    for org_id, group in groupby(wanted, key=lambda t: t.org_id):
        fact = notify.send_messages(
            org_id=org_id,
            messages=[
                _message(t, names.get(t.customer_id, ""), phones, link) for t in group
            ],
            actor=system_actor(org_id),
            at=at,
        )  # fmt: skip
        sent += fact.count
    return sent


def _message(telling: Telling, name: str, phones: dict[UUID, str], link: str) -> NewMessage:
    phone = phones.get(telling.customer_id, "")
    return NewMessage(
        customer_id=telling.customer_id,
        source_kind=telling.kind,
        source_id=source_of(telling.topic_id, telling.rung),
        topic_id=telling.topic_id,
        channel=BY_PREFERENCE,
        message_class="COLLECTION" if telling.kind == CASE else "TRANSACTION",
        template=telling.template,
        values={
            "name": name,
            "amount": f"{telling.amount:,.2f}",
            "due": telling.due_on.isoformat(),
            "number": telling.number,
            "link": link,
        },
        link=BILLS_PAGE,
        addresses={"SMS": phone} if phone else {},
    )


def take_back(
    topics: Sequence[tuple[int, UUID]], *, reason: str, actor: Actor, at: datetime
) -> None:
    """Withdraw what has not left yet about these (org, bill or case)."""
    for org_id, group in groupby(sorted(topics, key=lambda t: t[0]), key=lambda t: t[0]):
        notify.withdraw_messages(
            org_id=org_id,
            topic_ids=[topic_id for _org, topic_id in group],
            reason=reason,
            actor=system_actor(org_id),
            at=at,
        )
