"""Verbs by which an operator's running leases move in from its spreadsheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.crm import queries as crm
from panshi.crm.queries import CustomerRef
from panshi.fleet import queries as fleet
from panshi.fleet.queries import NamedVehicle
from panshi.kit import imports
from panshi.kit.clock import day_start, local_day
from panshi.kit.imports import Checked, Importer, Problem
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.leasing import queries, rules
from panshi.leasing.events import LeaseImportCommitted, LeaseImportStaged, LeaseImportUndone
from panshi.leasing.models import Lease, Segment, SegmentState
from panshi.leasing.services.taking_over import (
    RunningLease,
    give_back,
    is_reserved,
    take_over_leases,
)
from panshi.leasing.sheet import KIND, RENT_TO_OWN, SHEET, LeaseSheetRow

_ONE = timedelta(days=1)
# What a row that is there already is compared by; what runs on since is not.
_LASTING = ("vin", "plate", "customer", "starts_on", "monthly_rent")


class _Fault(Exception):
    """A cell that does not fit the books: its column's key and the words."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key
        self.words = words


@dataclass(frozen=True, slots=True)
class _Books:
    """What the rows of a file are compared with."""

    vehicles: Mapping[str, NamedVehicle]
    customers: Mapping[str, tuple[CustomerRef, ...]]
    numbers: Mapping[str, UUID]
    segments: Mapping[UUID, Sequence[Segment]]
    today: date


def _books(rows: Sequence[LeaseSheetRow], org_id: int, actor: Actor, at: datetime) -> _Books:
    vehicles = fleet.vehicles_named(
        org_id=org_id,
        words=tuple({word for row in rows for word in (row.vin, row.plate) if word}),
        actor=actor,
        at=at,
    )
    customers = crm.customers_named(
        org_id=org_id,
        id_nos=tuple({row.id_no for row in rows if row.id_no}),
        phones=tuple({row.phone for row in rows if row.phone}),
        names=tuple({row.customer for row in rows if row.customer}),
        actor=actor,
    )
    numbers = Lease.objects.visible_to(actor).filter(
        org_id=org_id, number__in=[row.number for row in rows if row.number]
    )
    segments: dict[UUID, list[Segment]] = {}
    held = Segment.objects.visible_to(actor).filter(
        vehicle_id__in={vehicle.id for vehicle in vehicles.values()}
    )
    for segment in held.exclude(state=SegmentState.VOID).select_related("lease").order_by("id"):
        segments.setdefault(segment.vehicle_id, []).append(segment)
    return _Books(
        vehicles=vehicles,
        customers=customers,
        numbers=dict(numbers.values_list("number", "id")),
        segments=segments,
        today=local_day(at),
    )


def _vehicle(row: LeaseSheetRow, books: _Books) -> NamedVehicle:
    """The vehicle that a row means. Raises _Fault."""
    if not row.vin and not row.plate:
        raise _Fault("plate", _("Plate or VIN of the vehicle is needed."))
    found = None
    for key, word in (("vin", row.vin), ("plate", row.plate)):
        if not word:
            continue
        vehicle = books.vehicles.get(word)
        if vehicle is None:
            words = _(
                "There is no such vehicle in the register; import it first, or mend the cell."
            )
            raise _Fault(key, words)
        if found is not None and found.id != vehicle.id:
            raise _Fault(key, _("This plate is on another vehicle than the one with this VIN."))
        found = vehicle
    assert found is not None
    return found


def _customer(row: LeaseSheetRow, books: _Books) -> CustomerRef:
    """The customer that a row means: by number, else by telephone and name. Raises _Fault."""
    given = [
        (key, word)
        for key, word in (("id_no", row.id_no), ("phone", row.phone), ("customer", row.customer))
        if word
    ]
    if not given:
        raise _Fault("customer", _("Name, telephone or number of the customer is needed."))
    if row.id_no:
        # The number alone tells who it is; a name is often written shorter than in the register.
        given = given[:1]
    found: tuple[CustomerRef, ...] | None = None
    for key, word in given:
        named = books.customers.get(word, ())
        if not named:
            words = _(
                "There is no such customer in the register; import it first, or mend the cell."
            )
            raise _Fault(key, words)
        found = named if found is None else tuple(ref for ref in found if ref in named)
        if not found:
            raise _Fault(key, _("This is another customer than the one with this telephone."))
    assert found is not None
    if len(found) > 1:
        words = _("%(count)d customers are meant by this; add the number of the right one.")
        raise _Fault(given[-1][0], words % {"count": len(found)})
    return found[0]


def _term(row: LeaseSheetRow, today: date) -> tuple[int, date]:
    """Months and the day after the last one. Raises _Fault."""
    if row.starts_on > today:
        words = _("This lease begins later; draft it here, for its handover is still ahead.")
        raise _Fault("starts_on", words)
    if row.months is None and row.ends_on is None:
        raise _Fault("months", _("The term or the last day of the lease is needed."))
    key = "months" if row.ends_on is None else "ends_on"
    if row.ends_on is not None and row.ends_on < row.starts_on:
        raise _Fault(key, _("The lease ends before it begins."))
    term = rules.term(starts_on=row.starts_on, months=row.months, last_day=row.ends_on)
    if term is None:
        words = _("Term and last day disagree: %(months)d months end with %(day)s.")
        agreed = rules.term(starts_on=row.starts_on, months=row.months, last_day=None)
        last = agreed[1] - _ONE if agreed else row.starts_on
        raise _Fault(key, words % {"months": row.months or 0, "day": last.isoformat()})
    if term[0] > 120:
        raise _Fault(key, _("At most 120 months."))
    if term[1] <= today:
        words = _("This lease ended on %s; write its new last day, or leave the row out.")
        raise _Fault(key, words % (term[1] - _ONE).isoformat())
    return term


def _refuse_paid(row: LeaseSheetRow, ends_on: date) -> None:
    if row.paid_until < row.starts_on - _ONE:
        words = _("This lies before the lease; nothing paid yet is the day before it began, %s.")
        raise _Fault("paid_until", words % (row.starts_on - _ONE).isoformat())
    if row.paid_until >= ends_on:
        words = _("This lies after the last day of the lease, %s.")
        raise _Fault("paid_until", words % (ends_on - _ONE).isoformat())
    if row.product != RENT_TO_OWN:
        return
    if row.alignment == "CALENDAR":
        raise _Fault("alignment", _("Rent to own runs from the first day, in whole months."))
    if not rules.is_period_end(day=row.paid_until, starts_on=row.starts_on):
        raise _Fault("paid_until", _("Rent to own is paid by whole months from the first day."))


def _held(row: LeaseSheetRow) -> Decimal:
    """What is held of the deposit. Raises _Fault."""
    agreed = row.deposit or ZERO
    if agreed and row.deposit_held is None:
        words = _("Write how much of the deposit you hold; 0 if none.")
        raise _Fault("deposit_held", words)
    held = row.deposit_held or ZERO
    if agreed and held > agreed:
        raise _Fault("deposit_held", _("More is held than was agreed."))
    return held


def _refuse_holders(
    row: LeaseSheetRow, vehicle: NamedVehicle, ends_on: date, books: _Books
) -> None:
    """Raise _Fault when another lease has or was promised the vehicle in that time."""
    start, end = day_start(row.starts_on), day_start(ends_on)
    for segment in books.segments.get(vehicle.id, ()):
        planned, held = segment.planned, segment.held
        promised = (
            segment.state in (SegmentState.RESERVED, SegmentState.OUT)
            and planned.lower < end
            and start < planned.upper
        )
        had = held is not None and (held.upper is None or start < held.upper)
        if promised or had:
            upper = held.upper if had and held is not None and held.upper else planned.upper
            words = _("Lease %(number)s has this vehicle from %(since)s to %(until)s.") % {
                "number": segment.lease.number,
                "since": local_day(planned.lower).isoformat(),
                "until": (local_day(upper) - _ONE).isoformat(),
            }
            raise _Fault("plate" if row.plate else "vin", words)


def _running(row: LeaseSheetRow, org_id: int, books: _Books) -> RunningLease:
    """The lease that a row describes. Raises _Fault."""
    if row.number and is_reserved(row.number):
        words = _("Numbers of this form are given here; leave the cell empty.")
        raise _Fault("number", words)
    vehicle = _vehicle(row, books)
    months, ends_on = _term(row, books.today)
    _refuse_holders(row, vehicle, ends_on, books)
    if vehicle.hindrance:
        raise _Fault("plate" if row.plate else "vin", vehicle.hindrance)
    customer = _customer(row, books)
    _refuse_paid(row, ends_on)
    held = _held(row)
    short = (row.deposit or ZERO) - held
    noted = [row.note, _deposit_words(row.deposit or ZERO, held) if short > 0 else ""]
    return RunningLease(
        org_id=org_id,
        vehicle_id=vehicle.id,
        customer_id=customer.id,
        product_code=row.product or "RENT_MONTHLY",
        monthly_rent=row.monthly_rent,
        starts_on=row.starts_on,
        months=months,
        ends_on=ends_on,
        paid_until=row.paid_until,
        number=row.number,
        deposit=held,
        arrears=row.arrears or ZERO,
        arrears_due_on=row.arrears_due_on,
        alignment=row.alignment or ("ANCHOR" if row.product == RENT_TO_OWN else "CALENDAR"),
        note=" ".join(filter(None, noted)),
    )


def _deposit_words(agreed: Decimal, held: Decimal) -> str:
    return _("Of the deposit of %(agreed)s only %(held)s is held; the lease has what is held.") % {
        "agreed": f"{agreed:,.2f}",
        "held": f"{held:,.2f}",
    }


def _note(row: LeaseSheetRow, vehicle: NamedVehicle, customer: CustomerRef) -> str:
    """What should be known before a row is entered."""
    said = []
    agreed, held = row.deposit or ZERO, row.deposit_held or ZERO
    if held < agreed:
        said.append(_deposit_words(agreed, held))
    if row.customer and row.customer != customer.name:
        said.append(_("In the register the customer is called %s.") % customer.name)
    if vehicle.lapsed:
        words = _("Papers lapsed or missing, the vehicle stays on the road: %s.")
        said.append(words % listed(vehicle.lapsed))
    return " ".join(said)


def _there(rows: Sequence[LeaseSheetRow], books: _Books) -> dict[int, UUID]:
    """The rows that are leases here already: by number, else by vehicle and first day."""
    there = {}
    for index, row in enumerate(rows):
        known = books.numbers.get(row.number)
        vehicle = books.vehicles.get(row.vin) or books.vehicles.get(row.plate)
        if known is None and not row.number and vehicle is not None:
            known = next(
                (
                    segment.lease_id
                    for segment in books.segments.get(vehicle.id, ())
                    if segment.lease.starts_on == row.starts_on
                ),
                None,
            )
        if known is not None:
            there[index] = known
    return there


def _difference(row: LeaseSheetRow, kept: LeaseSheetRow) -> str:
    """Say in which columns a row differs from the lease, which is left as it is."""
    differing = [
        SHEET.column(key).header
        for key in _LASTING
        if getattr(row, key) not in (None, "") and getattr(row, key) != getattr(kept, key)
    ]
    if not differing:
        return ""
    return _("The register says otherwise and is left as it is: %s.") % listed(differing)


def _repeated(rows: Sequence[LeaseSheetRow], books: _Books) -> dict[int, Problem]:
    """The rows whose number or vehicle is in the file more than once."""
    named = [books.vehicles.get(row.vin) or books.vehicles.get(row.plate) for row in rows]
    numbers = Counter(row.number for row in rows if row.number)
    vehicles = Counter(vehicle.id for vehicle in named if vehicle is not None)
    problems = {}
    for index, (row, vehicle) in enumerate(zip(rows, named, strict=True)):
        if numbers[row.number] > 1:
            words = _("This number is in the file more than once.")
            problems[index] = Problem(index=index, key="number", reason=words)
        elif vehicle is not None and vehicles[vehicle.id] > 1:
            words = _("This vehicle is in the file more than once.")
            key = "plate" if row.plate else "vin"
            problems[index] = Problem(index=index, key=key, reason=words)
    return problems


def check(*, rows: Sequence[LeaseSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare rows with the registers and the leases that run: see the words of the faults."""
    books = _books(rows, org_id, actor, at)
    there = _there(rows, books)
    repeated = _repeated(rows, books)
    problems = list(repeated.values())
    notes: dict[int, str] = {}
    for index, row in enumerate(rows):
        if index in there or index in repeated:
            continue
        try:
            _running(row, org_id, books)
            notes[index] = _note(row, _vehicle(row, books), _customer(row, books))
        except _Fault as fault:
            problems.append(Problem(index=index, key=fault.key, reason=fault.words))
    kept = queries.sheet_rows_of(lease_ids=tuple(there.values()), actor=actor)
    told = {index: _difference(rows[index], kept[lease_id]) for index, lease_id in there.items()}
    return Checked(problems=problems, there=told, notes=notes)


def create(
    *, rows: Sequence[LeaseSheetRow], org_id: int, actor: Actor, at: datetime
) -> Sequence[UUID]:
    """Take the rows over as running leases; answers their ids in order."""
    books = _books(rows, org_id, actor, at)
    leases = [_running(row, org_id, books) for row in rows]
    return take_over_leases(leases=leases, actor=actor, at=at).lease_ids


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Take leases out again that nothing happened to. Raises RecordsInUse."""
    give_back(record_ids, actor=actor, at=at)


LEASES = Importer(
    kind=KIND, sheet=SHEET, row=LeaseSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_lease_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> LeaseImportStaged:
    """Read and check a lease sheet for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("leasing.stage_lease_import", org_id)
    batch = imports.stage(
        LEASES, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return LeaseImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_lease_import(*, batch_id: UUID, actor: Actor, at: datetime) -> LeaseImportCommitted:
    """Take over the new leases of a staged sheet, all or none; repeating adds nothing.

    Raises imports.RowsInvalid or RowsSinceChanged, and what take_over_leases refuses.
    """
    org_id = imports.owner_of(LEASES, batch_id=batch_id, actor=actor)
    actor.must("leasing.commit_lease_import", org_id)
    batch = imports.commit(LEASES, batch_id=batch_id, actor=actor, at=at)
    return LeaseImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_lease_import(*, batch_id: UUID, actor: Actor, at: datetime) -> LeaseImportUndone:
    """Take out the leases that a committed sheet brought, while nothing happened to them.

    Vehicles stand where they stood, openings are reversed in the books. Raises
    imports.NotCommitted or RecordsInUse.
    """
    org_id = imports.owner_of(LEASES, batch_id=batch_id, actor=actor)
    actor.must("leasing.undo_lease_import", org_id)
    batch = imports.undo(LEASES, batch_id=batch_id, actor=actor, at=at)
    return LeaseImportUndone(**imports.undone(batch, actor, at))
