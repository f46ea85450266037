"""The people of one operator as they sign in, with the permissions their own roles give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model

from panshi.kit.tenancy import PORTAL, Actor, lineage
from panshi.org import queries as org

CUSTOMER_MAY: Final = frozenset(
    {
        "service.confirm_booking", "service.review_work_order", "billing.start_payment",
        "crm.file_complaint",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Staff:
    """Who works at an operator, and which of its customers sign in themselves."""

    org_id: int
    by_role: Mapping[str, tuple[Actor, ...]]
    guests: frozenset[UUID]

    @property
    def everybody(self) -> tuple[Actor, ...]:
        return tuple({a.id: a for people in self.by_role.values() for a in people}.values())

    def one(self, role: str) -> Actor:
        """The first holder of a role. Raises LookupError when nobody has it."""
        if not self.by_role.get(role):
            raise LookupError(f"nobody at {self.org_id} is {role}")
        return self.by_role[role][0]

    def person(self, user_id: UUID) -> Actor:
        """One of the staff. Raises LookupError for a stranger."""
        for actor in self.everybody:
            if actor.id == user_id:
                return actor
        raise LookupError(f"{user_id} does not work at {self.org_id}")

    def engineers(self) -> tuple[Actor, ...]:
        return self.by_role.get("ENGINEER", ())

    def customer(self, customer_id: UUID) -> Actor:
        """A customer as it acts in the portal."""
        nodes = lineage(self.org_id)
        return Actor(
            id=customer_id,
            org_id=self.org_id,
            org_ids=(self.org_id,),
            ref_org_ids=nodes,
            permissions=CUSTOMER_MAY,
            db_role=PORTAL,
            customer_id=customer_id,
            roles=frozenset({"CUSTOMER"}),
        )


def staff_of(org_id: int) -> Staff:
    """Everybody who can sign in at an operator."""
    by_role: dict[str, tuple[Actor, ...]] = {}
    guests: set[UUID] = set()
    found = get_user_model().objects.filter(org_id=org_id, is_active=True)
    for user in found.order_by("username"):
        if user.customer_id is not None:
            guests.add(user.customer_id)
            continue
        actor = org.actor_of(user)
        for role in user.roles:
            by_role[role] = (*by_role.get(role, ()), actor)
    return Staff(org_id, by_role, frozenset(guests))
