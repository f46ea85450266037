"""Questions about complaints as they are counted, and who waits for an answer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.crm.models import Complaint, ComplaintState
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True)
class FiledRow:
    """A complaint as it is counted."""

    complaint_id: UUID
    org_id: int
    city: str
    filed_at: datetime


@question
def complaining(*, customer_ids: tuple[UUID, ...], actor: Actor) -> frozenset[UUID]:
    """Those of these customers who have a complaint that is not yet answered."""
    found = Complaint.objects.visible_to(actor).filter(
        state=ComplaintState.OPEN, customer_id__in=customer_ids
    )
    return frozenset(found.values_list("customer_id", flat=True))


@question
def complaints_filed(*, since: datetime, until: datetime, actor: Actor) -> list[FiledRow]:
    """Every complaint filed in [since, until), in the city of its customer, the oldest first."""
    found = Complaint.objects.visible_to(actor).filter(filed_at__gte=since, filed_at__lt=until)
    rows = found.order_by("filed_at").values_list("id", "org_id", "customer__city", "filed_at")
    return [FiledRow(*row) for row in rows]
