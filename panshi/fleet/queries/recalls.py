"""Questions about recalls."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q

from panshi.fleet.models import Recall, Vehicle, VehicleState
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
def vins_concerned(
    *,
    actor: Actor,
    model_name: str = "",
    pack_from: str = "",
    pack_until: str = "",
    since: date | None = None,
    until: date | None = None,
    limit: int = 2000,
) -> tuple[str, ...]:
    """VINs of the register that a recall may concern, those sold left out; none without a filter.

    By model, numbers of battery packs from first to last, and days of first registration, both
    ends included.
    """
    wanted = Q()
    if model_name:
        wanted &= Q(model_name__icontains=model_name)
    if pack_from:
        wanted &= Q(pack_no__gte=pack_from)
    if pack_until:
        wanted &= Q(pack_no__lte=pack_until) & ~Q(pack_no="")
    if since is not None:
        wanted &= Q(first_registered_on__gte=since)
    if until is not None:
        wanted &= Q(first_registered_on__lte=until)
    if not wanted:
        return ()
    found = Vehicle.objects.visible_to(actor).filter(wanted).exclude(state=VehicleState.SOLD)
    return tuple(found.order_by("vin").values_list("vin", flat=True)[:limit])


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
