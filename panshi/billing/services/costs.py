"""What a vehicle costs is recorded with its evidence and posted to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.billing.cost_events import (
    VehicleCostRecorded,
    VehicleCostsRecorded,
    VehicleCostsReversed,
)
from panshi.billing.models import CostKind, VehicleCost
from panshi.billing.queries.prepaid import COST, COST_ACCOUNTS, PREPAID
from panshi.billing.services.prepaid import take_back_releases
from panshi.fleet import queries as fleet
from panshi.kit import files
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, is_amount
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

COST_POSTED: Final = "VEHICLE_COST"
INPUT_VAT: Final = "2221.02"
# Debit and credit by kind. A closed claim posted its loss already, against what repairs will take:
# they are paid out of that, and what is never repaired goes back.
ACCOUNTS: Final = {kind: (code, "1002") for kind, code in COST_ACCOUNTS.items()} | {
    CostKind.ACCIDENT_REPAIR.value: ("2241.04", "1002"),
    CostKind.NOT_REPAIRED.value: ("2241.04", "6711"),
}


class CostInvalid(Refusal):
    pass


class CostReversed(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCost:
    """A cost of one vehicle, in CNY, tax included; the source names it when nobody typed it.

    `vat` is the input VAT within it. With `covers_from` and `covers_until`, its last day, it is
    prepaid and released by days.
    """

    vehicle_id: UUID
    kind: str
    amount: Decimal
    occurred_on: date
    words: str = ""
    reference: str = ""
    source_kind: str = ""
    source_id: UUID | None = None
    vat: Decimal = ZERO
    covers_from: date | None = None
    covers_until: date | None = None


def fault_of(
    *, kind: str, amount: Decimal, vat: Decimal, covers_from: date | None, covers_until: date | None
) -> tuple[str, str] | None:
    """What is wrong with input VAT or the days that a cost covers: the field and the words."""
    if vat < 0 or (vat and vat >= amount):
        return "vat", _("Input VAT must be a part of the cost.")
    if covers_from is None and covers_until is None:
        return None
    if kind not in COST_ACCOUNTS:
        return "covers_from", _("What a closed claim put aside is not spread over days.")
    if covers_from is None or covers_until is None:
        return "covers_until", _("Say both the first and the last day that the cost covers.")
    if covers_until < covers_from:
        return "covers_until", _("The last day that the cost covers lies before the first.")
    return None


def _refuse(costs: Sequence[NewCost], at: datetime) -> None:
    today = local_day(at)
    for cost in costs:
        if cost.kind not in CostKind.values:
            raise CostInvalid(_("There is no kind of cost “%s”.") % cost.kind)
        if not (is_amount(cost.amount) and is_amount(cost.vat)) or cost.amount <= 0:
            raise CostInvalid(_("A cost must be above zero."))
        if cost.occurred_on > today:
            raise CostInvalid(_("A cost cannot lie ahead."))
        fault = fault_of(
            kind=cost.kind,
            amount=cost.amount,
            vat=cost.vat,
            covers_from=cost.covers_from,
            covers_until=cost.covers_until,
        )
        if fault is not None:
            raise CostInvalid(fault[1])


def _rows(
    costs: Sequence[NewCost], *, permission: str, actor: Actor, at: datetime
) -> list[VehicleCost]:
    """The costs as rows of their vehicles' books. Raises CostInvalid."""
    _refuse(costs, at)
    ids = tuple({cost.vehicle_id for cost in costs})
    vehicles = fleet.vehicle_refs(vehicle_ids=ids, actor=actor)
    if len(vehicles) < len(ids):
        raise CostInvalid(_("There is no such vehicle here."))
    for org_id in sorted({vehicle.org_id for vehicle in vehicles.values()}):
        actor.must(permission, org_id)
    return [
        VehicleCost(
            id=uuid7(),
            org_id=vehicles[cost.vehicle_id].org_id,
            vehicle_id=cost.vehicle_id,
            kind=cost.kind,
            amount=cost.amount,
            occurred_on=cost.occurred_on,
            city=vehicles[cost.vehicle_id].city,
            words=cost.words.strip()[:200],
            reference=cost.reference.strip()[:64],
            source_kind=cost.source_kind,
            source_id=cost.source_id,
            vat=cost.vat,
            covers_from=cost.covers_from,
            covers_until=cost.covers_until and cost.covers_until + timedelta(1),
            recorded_by_id=actor.id,
            recorded_at=at,
        )
        for cost in costs
    ]


def _post(rows: Sequence[VehicleCost], *, actor: Actor, at: datetime) -> None:
    entries = []
    for row in rows:
        debit, credit = ACCOUNTS[row.kind]
        if row.covers_from is not None:
            debit = PREPAID
        vat = ((INPUT_VAT, row.vat),) if row.vat else ()
        entries.append(
            NewEntry(
                org_id=row.org_id,
                kind=COST_POSTED,
                source_kind=COST,
                source_id=row.id,
                occurred_on=row.occurred_on,
                postings=legs_of(
                    (debit, row.amount - row.vat),
                    *vat,
                    (credit, -row.amount),
                    vehicle_id=row.vehicle_id,
                    city=row.city,
                ),
            )
        )
    ledger.post_entries(entries=entries, actor=actor, at=at)


@verb
def record_vehicle_cost(
    *,
    vehicle_id: UUID,
    kind: str,
    amount: Decimal,
    occurred_on: date,
    actor: Actor,
    at: datetime,
    words: str = "",
    reference: str = "",
    vat: Decimal = ZERO,
    covers_from: date | None = None,
    covers_until: date | None = None,
    file_name: str = "",
    content: Base64Bytes | None = None,
    source_kind: str = "",
    source_id: UUID | None = None,
) -> VehicleCostRecorded:
    """Post what a vehicle cost on a day, in CNY, with its receipt when there is one.

    `vat` of the amount is input VAT. A cost for the days `covers_from` to `covers_until`, both
    included, is prepaid; `release_prepaid` brings it to the vehicle month by month.
    Raises CostInvalid, ledger.PeriodClosed, or what kit.files refuses.
    """
    cost = NewCost(
        vehicle_id=vehicle_id,
        kind=kind,
        amount=amount,
        occurred_on=occurred_on,
        words=words,
        reference=reference,
        source_kind=source_kind,
        source_id=source_id,
        vat=vat,
        covers_from=covers_from,
        covers_until=covers_until,
    )
    (row,) = _rows([cost], permission="billing.record_vehicle_cost", actor=actor, at=at)
    if content is not None:
        row.file = files.store(content=content, name=file_name, org_id=row.org_id, actor=actor)
    row.save(force_insert=True)
    _post([row], actor=actor, at=at)
    return VehicleCostRecorded(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        cost_id=row.id,
        vehicle_id=vehicle_id,
        kind=kind,
        amount=amount,
        occurred_on=occurred_on,
    )


@verb
def record_vehicle_costs(
    *, costs: Sequence[NewCost], actor: Actor, at: datetime
) -> VehicleCostsRecorded:
    """Post costs of several vehicles, all or none; `cost_ids` are in the order given.

    Raises CostInvalid or ledger.PeriodClosed.
    """
    rows = _rows(costs, permission="billing.record_vehicle_cost", actor=actor, at=at)
    VehicleCost.objects.bulk_create(rows, batch_size=1000)
    _post(rows, actor=actor, at=at)
    return VehicleCostsRecorded(
        org_id=rows[0].org_id if rows else actor.org_id,
        actor_id=actor.id,
        at=at,
        cost_ids=tuple(row.id for row in rows),
        total=sum((row.amount for row in rows), ZERO),
    )


@verb
def reverse_vehicle_costs(
    *, cost_ids: Sequence[UUID], reason: str, actor: Actor, at: datetime
) -> VehicleCostsReversed:
    """Cancel costs that were wrong by mirror entries of today, all or none.

    What was released of a prepaid one goes back with it.

    Raises CostInvalid without a reason, CostReversed for one that is cancelled already, or
    ledger.PeriodClosed.
    """
    found = VehicleCost.objects.visible_to(actor).filter(id__in=list(cost_ids))
    rows = list(found.order_by("id").select_for_update(of=("self",)))
    for org_id in sorted({row.org_id for row in rows}):
        actor.must("billing.reverse_vehicle_costs", org_id)
    if not reason.strip():
        raise CostInvalid(_("Say why."))
    if any(row.reversed_at is not None for row in rows):
        raise CostReversed(_("This cost was cancelled already."))
    entries = ledger_queries.entries_of_sources(
        source_ids=tuple(row.id for row in rows), actor=actor
    )
    ledger.reverse_entries(
        entry_ids=[entry.id for entry in entries if entry.kind == COST_POSTED],
        occurred_on=local_day(at),
        actor=actor,
        at=at,
    )
    take_back_releases(rows, actor=actor, at=at)
    found.update(reversed_at=at, reversed_by_id=actor.id, reason=reason.strip()[:200])
    return VehicleCostsReversed(
        org_id=rows[0].org_id if rows else actor.org_id,
        actor_id=actor.id,
        at=at,
        cost_ids=tuple(row.id for row in rows),
        total=sum((row.amount for row in rows), ZERO),
        reason=reason,
    )
