"""In which order a payment settles bills: as chosen, the oldest first, or fees first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from panshi.billing.events import AllocationOrderSet
from panshi.billing.models import AllocationOrder, AllocationRule, Bill, BillLine
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import verb

FEES = ("LATE_FEE", "AGENCY_FEE", "EARLY_FEE")


def in_order(bills: Mapping[UUID, Sequence[Bill]], *, actor: Actor) -> dict[UUID, list[Bill]]:
    """The bills of each payment in the order of its operator; without a rule, as they came."""
    orgs = {bill.org_id for some in bills.values() for bill in some}
    above = {org_id: lineage(org_id) for org_id in orgs}
    wanted = {node for nodes in above.values() for node in nodes}
    rules = {row.org_id: row for row in AllocationRule.objects.filter(org_id__in=wanted)}
    chosen = {
        org_id: next((rules[node] for node in nodes if node in rules), None)
        for org_id, nodes in above.items()
    }
    fees = _fees(bills, chosen)
    return {key: _sorted(some, chosen, fees) for key, some in bills.items()}


def _fees(
    bills: Mapping[UUID, Sequence[Bill]], chosen: Mapping[int, AllocationRule | None]
) -> set[UUID]:
    """The bills that hold a fee, among those whose operator wants fees first."""
    found: set[UUID] = set()
    for rule in {r.id: r for r in chosen.values() if r is not None}.values():
        if rule.order == AllocationOrder.FEES_FIRST:
            ids = [bill.id for some in bills.values() for bill in some]
            lines = BillLine.objects.filter(bill_id__in=ids, product_id__in=rule.fee_products)
            found |= set(lines.values_list("bill_id", flat=True))
    return found


def _sorted(
    bills: Sequence[Bill], chosen: Mapping[int, AllocationRule | None], fees: set[UUID]
) -> list[Bill]:
    rule = chosen[bills[0].org_id] if bills else None
    if rule is None or rule.order == AllocationOrder.CHOSEN:
        return list(bills)
    first = fees if rule.order == AllocationOrder.FEES_FIRST else set()
    return sorted(bills, key=lambda bill: (bill.id not in first, bill.due_on, bill.id))


@verb
def set_allocation_order(
    *, org_id: int, order: str, actor: Actor, at: datetime
) -> AllocationOrderSet:
    """Say in which order payments settle bills at a node and, unless they say otherwise, below."""
    actor.must("billing.set_allocation_order", org_id)
    AllocationRule.objects.update_or_create(
        org_id=org_id,
        defaults={"order": AllocationOrder(order), "fee_products": list(FEES)},
    )
    return AllocationOrderSet(org_id=org_id, actor_id=actor.id, at=at, order=order)
