"""Whether the person behind a customer is on one's own blacklist."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from panshi.crm.models import BlacklistEntry, BlacklistReason, Customer
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class Blacklisting:
    """A person on the list of a node: why, by whom and since when."""

    org_id: int
    reason: BlacklistReason
    listed_by_id: UUID
    listed_at: datetime


@question
def blacklisting(*, customer_id: UUID, actor: Actor) -> Blacklisting | None:
    """The listing of a customer's person by the customer's own node, while it stands.

    What other nodes list is asked only when somebody is to qualify, and that is on record.
    """
    return listing_of(Customer.objects.visible_to(actor).get(id=customer_id))


def standing_entry(
    customer: Customer, entries: QuerySet[BlacklistEntry] | None = None
) -> BlacklistEntry | None:
    """The entry by which a customer's own node lists its person, among all or among `entries`."""
    if not customer.person_key:
        return None
    found = BlacklistEntry.objects.all() if entries is None else entries
    return found.filter(
        org_id=customer.org_id, person_key=customer.person_key, lifted_at=None
    ).first()


def listing_of(customer: Customer) -> Blacklisting | None:
    entry = standing_entry(customer)
    if entry is None:
        return None
    return Blacklisting(
        org_id=entry.org_id,
        reason=BlacklistReason(entry.reason_code),
        listed_by_id=entry.listed_by_id,
        listed_at=entry.listed_at,
    )
