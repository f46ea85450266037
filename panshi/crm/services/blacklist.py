"""Verbs by which a person comes on the blacklist of the platform, and off it again."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.crm.events import BlacklistingLifted, CustomerBlacklisted
from panshi.crm.models import BlacklistEntry, BlacklistReason, Customer
from panshi.crm.queries.blacklist import standing_entry
from panshi.crm.services.customers import ReasonMissing
from panshi.crm.services.qualification import IdentityMissing, OwnSubmission
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class NotListed(Refusal):
    pass


@verb
def blacklist_person(
    *, customer_id: UUID, reason_code: str, actor: Actor, at: datetime
) -> CustomerBlacklisted:
    """List the person behind a customer, so that no node qualifies it. Raises IdentityMissing."""
    customer = Customer.objects.visible_to(actor).select_for_update().get(id=customer_id)
    actor.must("crm.blacklist_person", customer.org_id)
    if customer.person_key is None:
        raise IdentityMissing(_("A customer without an identity number cannot be listed."))
    entry, _new = BlacklistEntry.objects.get_or_create(
        org_id=customer.org_id,
        person_key=customer.person_key,
        lifted_at=None,
        defaults={
            "reason_code": BlacklistReason(reason_code),
            "listed_by_id": actor.id,
            "listed_at": at,
        },
    )
    Customer.objects.filter(id=customer.id).update(qualified=False)
    return CustomerBlacklisted(
        org_id=customer.org_id,
        actor_id=actor.id,
        at=at,
        entry_id=entry.id,
        reason_code=entry.reason_code,
    )


@verb
def lift_blacklisting(
    *, customer_id: UUID, reason: str, actor: Actor, at: datetime
) -> BlacklistingLifted:
    """Take the person behind a customer off the list of the customer's node; not qualified by that.

    Raises NotListed, ReasonMissing, or OwnSubmission for who put the person there.
    """
    customer = Customer.objects.visible_to(actor).get(id=customer_id)
    actor.must("crm.lift_blacklisting", customer.org_id)
    if not reason.strip():
        raise ReasonMissing(_("Say why."))
    entry = standing_entry(customer, BlacklistEntry.objects.select_for_update())
    if entry is None:
        raise NotListed(_("This customer is not on your blacklist."))
    if entry.listed_by_id == actor.id:
        raise OwnSubmission(_("Another person has to decide this."))
    entry.lifted_at, entry.lifted_by_id, entry.lifted_because = at, actor.id, reason.strip()[:200]
    entry.save(update_fields=["lifted_at", "lifted_by_id", "lifted_because"])
    return BlacklistingLifted(
        org_id=customer.org_id,
        actor_id=actor.id,
        at=at,
        entry_id=entry.id,
        customer_id=customer.id,
        reason=reason,
    )
