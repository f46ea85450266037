"""Entries with honest defaults."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.ledger import services
from panshi.ledger.events import EntriesPosted
from panshi.ledger.services import NewEntry, NewPosting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

NOON: Final = datetime(2027, 6, 21, 4, tzinfo=UTC)
DAY: Final = date(2027, 6, 21)


def entry(
    org: OrgNode,
    *amounts: tuple[str, Decimal | int],
    kind: str = "BILL_ISSUED",
    source_id: UUID | None = None,
    on: date = DAY,
    customer_id: UUID | None = None,
) -> NewEntry:
    """An entry of (account, amount) legs; without legs, a bill of 113.00."""
    legs = amounts or (("1122", 113), ("6001.rental", -100), ("2221.01", -13))
    return NewEntry(
        org_id=org.id,
        kind=kind,
        source_kind="billing.Bill",
        source_id=source_id or uuid7(),
        occurred_on=on,
        postings=tuple(
            NewPosting(
                account=account, amount=Decimal(amount), customer_id=customer_id, city=org.city
            )
            for account, amount in legs
        ),
    )


def clerk(org: OrgNode) -> Actor:
    return org_make.actor(org, "ledger.*")


def post(org: OrgNode, *entries: NewEntry) -> EntriesPosted:
    return services.post_entries(entries=entries, actor=clerk(org), at=NOON)
