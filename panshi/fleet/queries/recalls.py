"""Questions about recalls."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from panshi.fleet.models import Recall
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRow:
    """A vehicle under a recall; `done_at` is None while it is open."""

    vehicle_id: UUID
    plate: str
    model_name: str
    number: str
    words: str
    opened_at: datetime
    done_at: datetime | None
    done_words: str


@dataclass(frozen=True, slots=True)
class RecallPage:
    rows: tuple[RecallRow, ...]
    total: int


@question
def recalls(
    *,
    actor: Actor,
    vehicle_id: UUID | None = None,
    open_only: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> RecallPage:
    """Vehicles under recalls, the open ones first, then the newest; of one vehicle the first 50."""
    found = Recall.objects.visible_to(actor)
    if vehicle_id is not None:
        found = found.filter(vehicle_id=vehicle_id)
    if open_only:
        found = found.filter(done_at=None)
    open_first = F("done_at").desc(nulls_first=True)
    ordered = found.select_related("vehicle").order_by(open_first, "-opened_at", "id")
    rows = tuple(
        RecallRow(
            vehicle_id=row.vehicle_id,
            plate=row.vehicle.plate or row.vehicle.vin,
            model_name=row.vehicle.model_name,
            number=row.number,
            words=row.words,
            opened_at=row.opened_at,
            done_at=row.done_at,
            done_words=row.done_words,
        )
        for row in ordered[offset : offset + limit]
    )
    return RecallPage(rows, len(rows) if vehicle_id is not None else found.count())
