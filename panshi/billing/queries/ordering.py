"""In which order a node's payments settle bills."""

from panshi.billing.models import AllocationOrder, AllocationRule
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import question


@question
def allocation_order(*, org_id: int, actor: Actor) -> str:
    """The order that holds at a node: its own, or the nearest above; CHOSEN when nobody said."""
    nodes = lineage(org_id)
    rules = dict(AllocationRule.objects.filter(org_id__in=nodes).values_list("org_id", "order"))
    return next((rules[node] for node in nodes if node in rules), AllocationOrder.CHOSEN.value)
