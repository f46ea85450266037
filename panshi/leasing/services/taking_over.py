"""Leases that ran before their operator moved in: taken over as they stand, and given back."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet_queries
from panshi.fleet import services as fleet
from panshi.kit.clock import day_start, local_day
from panshi.kit.ids import uuid7
from panshi.kit.imports import RecordsInUse
from panshi.kit.money import ZERO
from panshi.kit.numbers import next_numbers
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.leasing.events import LeasesTakenOver
from panshi.leasing.models import Lease, LeaseState, Segment, SegmentState
from panshi.leasing.services.common import (
    SOURCE,
    NotQualified,
    TermsInvalid,
    lock_vehicles,
    one_lease_per_vehicle,
)

_BATCH: Final = 1000
_OURS: Final = re.compile(r"L-\d{4}-\d+")


class NumberTaken(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningLease:
    """A lease that runs already; amounts in CNY, tax included.

    `ends_on` is the day after its last. `paid_until` is the last day whose rent was settled
    elsewhere, `deposit` what is held of the security, `arrears` what is owed up to `paid_until`.
    An empty number is given here; an empty alignment stands for calendar months.
    """

    org_id: int
    vehicle_id: UUID
    customer_id: UUID
    product_code: str
    monthly_rent: Decimal
    starts_on: date
    months: int
    ends_on: date
    paid_until: date
    number: str = ""
    deposit: Decimal = ZERO
    arrears: Decimal = ZERO
    arrears_due_on: date | None = None
    alignment: str = ""
    note: str = ""


def is_reserved(number: str) -> bool:
    """Whether a number has the form of those that leases get here."""
    return _OURS.fullmatch(number) is not None


@verb
def take_over_leases(
    *, leases: Sequence[RunningLease], actor: Actor, at: datetime
) -> LeasesTakenOver:
    """Enter leases that run already, all or none, in the order given.

    The vehicle is leased from then on, whatever its papers, for it is on the road; rent is billed
    from the day after `paid_until`; deposit and arrears stand as openings. Raises TermsInvalid,
    NotQualified, NumberTaken, VehicleAlreadyLeased, fleet.VehicleUnavailable, ledger.PeriodClosed.
    """
    for org_id in sorted({lease.org_id for lease in leases}) or [actor.org_id]:
        actor.must("leasing.take_over_leases", org_id)
    for lease in leases:
        _refuse_terms(lease, local_day(at))
    cities = _cities(leases, actor)
    _refuse_numbers(leases, actor)
    lock_vehicles(lease.vehicle_id for lease in leases)
    ids = [uuid7() for _lease in leases]
    accounts = billing.take_over_accounts(
        accounts=[
            _account(lease, lease_id, cities[lease.vehicle_id])
            for lease, lease_id in zip(leases, ids, strict=True)
        ],
        actor=actor,
        at=at,
    )
    numbers = _numbers(leases)
    rows = [
        Lease(
            id=lease_id,
            org_id=lease.org_id,
            number=number,
            customer_id=lease.customer_id,
            product_code=lease.product_code,
            state=LeaseState.ACTIVE,
            monthly_rent=lease.monthly_rent,
            deposit=lease.deposit,
            starts_on=lease.starts_on,
            months=lease.months,
            ends_on=lease.ends_on,
            city=cities[lease.vehicle_id],
            signed_at=day_start(lease.starts_on),
            active_from=day_start(lease.starts_on),
            deposit_held_at=day_start(lease.starts_on) if lease.deposit else None,
            plan_id=plan_id,
            moved_in_at=at,
            note=lease.note,
            alignment=lease.alignment or "CALENDAR",
        )
        for lease, lease_id, plan_id, number in zip(
            leases, ids, accounts.plan_ids, numbers, strict=True
        )
    ]
    Lease.objects.bulk_create(rows, batch_size=_BATCH)
    with one_lease_per_vehicle(), transaction.atomic():
        Segment.objects.bulk_create(
            (
                Segment(
                    org_id=lease.org_id,
                    lease_id=row.id,
                    customer_id=lease.customer_id,
                    vehicle_id=lease.vehicle_id,
                    state=SegmentState.OUT,
                    planned=(day_start(lease.starts_on), day_start(lease.ends_on)),
                    held=(day_start(lease.starts_on), None),
                )
                for lease, row in zip(leases, rows, strict=True)
            ),
            batch_size=_BATCH,
        )
    fleet.take_up_vehicles(
        holders=[
            fleet.Holder(vehicle_id=lease.vehicle_id, customer_id=lease.customer_id)
            for lease in leases
        ],
        actor=actor,
        at=at,
    )
    return LeasesTakenOver(
        org_id=leases[0].org_id if leases else actor.org_id,
        actor_id=actor.id,
        at=at,
        lease_ids=tuple(ids),
    )


def _refuse_terms(lease: RunningLease, today: date) -> None:
    one = timedelta(days=1)
    if lease.monthly_rent <= 0 or lease.deposit < 0 or not 1 <= lease.months <= 120:
        raise TermsInvalid(_("Rent, deposit and months (1 to 120) must be above zero."))
    if not lease.starts_on <= today < lease.ends_on:
        raise TermsInvalid(_("Only a lease that runs today is taken over."))
    if not lease.starts_on - one <= lease.paid_until < lease.ends_on:
        raise TermsInvalid(_("The last paid day lies outside the lease."))


def _cities(leases: Sequence[RunningLease], actor: Actor) -> dict[UUID, str]:
    """The city of each vehicle; raises NotQualified unless it and its customer are of the node."""
    vehicles = fleet_queries.vehicle_refs(
        vehicle_ids=tuple({lease.vehicle_id for lease in leases}), actor=actor
    )
    customers = crm.customer_refs(ids=tuple({lease.customer_id for lease in leases}), actor=actor)
    for lease in leases:
        vehicle, customer = vehicles.get(lease.vehicle_id), customers.get(lease.customer_id)
        if (
            vehicle is None
            or customer is None
            or {vehicle.org_id, customer.org_id} != {lease.org_id}
        ):
            raise NotQualified(_("Customer and vehicle must belong to one operator."))
    return {vehicle.id: vehicle.city for vehicle in vehicles.values()}


def _refuse_numbers(leases: Sequence[RunningLease], actor: Actor) -> None:
    given = [lease.number for lease in leases if lease.number]
    repeated = [number for number, count in Counter(given).items() if count > 1]
    known = Lease.objects.visible_to(actor).filter(
        org_id__in={lease.org_id for lease in leases}, number__in=given
    )
    taken = sorted({*repeated, *known.values_list("number", flat=True)})
    taken += [number for number in given if is_reserved(number)]
    if taken:
        raise NumberTaken(_("These numbers are taken: %s.") % ", ".join(taken[:10]))


def _numbers(leases: Sequence[RunningLease]) -> list[str]:
    """The number of each lease, those without one counted on in the series of its year."""
    wanted = Counter(
        (lease.org_id, f"L-{lease.starts_on.year}") for lease in leases if not lease.number
    )
    series = {
        (org_id, name): iter(next_numbers(org_id=org_id, series=name, count=count))
        for (org_id, name), count in sorted(wanted.items())
    }
    return [
        lease.number
        or f"L-{lease.starts_on.year}-{next(series[lease.org_id, f'L-{lease.starts_on.year}']):06d}"
        for lease in leases
    ]


def _account(lease: RunningLease, lease_id: UUID, city: str) -> billing.NewAccount:
    return billing.NewAccount(
        org_id=lease.org_id,
        source_kind=SOURCE,
        source_id=lease_id,
        payer_id=lease.customer_id,
        vehicle_id=lease.vehicle_id,
        product_code=lease.product_code,
        price=lease.monthly_rent,
        starts_on=lease.starts_on,
        ends_on=lease.ends_on,
        paid_until=lease.paid_until,
        alignment=lease.alignment or "CALENDAR",
        basis="",
        city=city,
        deposit=lease.deposit,
        arrears=lease.arrears,
        arrears_due_on=lease.arrears_due_on,
    )


def give_back(lease_ids: Iterable[UUID], *, actor: Actor, at: datetime) -> None:
    """Take leases out again as if they had never come; called inside a verb.

    Raises RecordsInUse once anything hangs on one of them; then all stay.
    """
    found = Lease.objects.visible_to(actor).filter(id__in=list(lease_ids))
    leases = list(found.order_by("id").select_for_update(of=("self",)))
    ids = [lease.id for lease in leases]
    used = billing_queries.accounts_in_use(source_kind=SOURCE, source_ids=tuple(ids), actor=actor)
    names = [
        lease.number
        for lease in leases
        if lease.state != LeaseState.ACTIVE or lease.moved_in_at is None or lease.id in used
    ]
    if names:
        raise RecordsInUse(
            _("%(count)d of these leases were billed, paid or changed since: %(names)s.")
            % {"count": len(names), "names": listed(names[:10])}
        )
    segments = Segment.objects.filter(lease__in=ids)
    by_moment: dict[tuple[int, datetime], list[UUID]] = {}
    moments = {lease.id: (lease.org_id, lease.moved_in_at or at) for lease in leases}
    for segment in segments.order_by("id"):
        by_moment.setdefault(moments[segment.lease_id], []).append(segment.vehicle_id)
    for (org_id, moment), vehicle_ids in by_moment.items():
        lock_vehicles(vehicle_ids)
        try:
            fleet.give_up_vehicles(vehicle_ids=vehicle_ids, since=moment, actor=actor, at=at)
        except fleet.VehicleMovedSince as refusal:
            raise RecordsInUse(refusal.words) from refusal
        billing.give_back_accounts(
            org_id=org_id,
            source_kind=SOURCE,
            source_ids=[lease.id for lease in leases if moments[lease.id] == (org_id, moment)],
            actor=actor,
            at=at,
        )
    try:
        with transaction.atomic():
            segments.delete()
            Lease.objects.filter(id__in=ids).delete()
    except ProtectedError as error:
        raise RecordsInUse(_("Other records already name these leases, so they stay.")) from error
