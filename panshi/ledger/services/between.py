"""Entries between two books: what one owes is what the other is owed, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import rules
from panshi.ledger.events import PairsPosted
from panshi.ledger.services.posting import (
    BooksDisagree,
    NewEntry,
    NewPosting,
    Unbalanced,
    post_given,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransfer:
    """What `payer_id` owes `receiver_id` in CNY; below zero it takes an earlier one back.

    `cost` is what the payer's book charges, `income` what the receiver's books; the source names
    the transfer in both books, once.
    """

    payer_id: int
    receiver_id: int
    kind: str
    source_kind: str
    source_id: UUID
    occurred_on: date
    amount: Decimal
    cost: str = "6401.share"
    income: str = "6001.share"
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None
    city: str = ""


def _pair(transfer: NewTransfer) -> tuple[NewEntry, NewEntry]:
    owed, owing = rules.BETWEEN
    pair_id = uuid7()
    sides = (
        (transfer.payer_id, transfer.cost, owing),
        (transfer.receiver_id, owed, transfer.income),
    )
    first, second = (
        NewEntry(
            org_id=org_id,
            kind=transfer.kind,
            source_kind=transfer.source_kind,
            source_id=transfer.source_id,
            occurred_on=transfer.occurred_on,
            pair_id=pair_id,
            postings=tuple(
                NewPosting(
                    account=account,
                    amount=amount,
                    vehicle_id=transfer.vehicle_id,
                    customer_id=transfer.customer_id,
                    city=transfer.city,
                )
                for account, amount in ((debit, transfer.amount), (credit, -transfer.amount))
            ),
        )
        for org_id, debit, credit in sides
    )
    return first, second


@verb
def post_between(*, transfers: Sequence[NewTransfer], actor: Actor, at: datetime) -> PairsPosted:
    """Post each transfer in both books; one posted before is left as it is.

    Raises Unbalanced for nothing or a fraction of a fen, BooksDisagree for one book with itself,
    UnknownAccount or PeriodClosed; then none of them is posted.
    """
    for org_id in sorted({node for t in transfers for node in (t.payer_id, t.receiver_id)}):
        actor.must("ledger.post_between", org_id)
    if any(t.amount == 0 or t.amount != round(t.amount, 2) for t in transfers):
        raise Unbalanced(_("The entry does not balance; nothing was posted."))
    if any(t.payer_id == t.receiver_id for t in transfers):
        raise BooksDisagree(_("A book owes itself nothing."))
    posted = post_given([entry for transfer in transfers for entry in _pair(transfer)])
    return PairsPosted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        posted=posted.entries // 2,
        known=posted.known // 2,
    )
