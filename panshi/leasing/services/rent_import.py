"""Verbs by which an operator's rent ledger moves in: what was due, what came, what is owed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange
from pydantic import Base64Bytes

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit import imports
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.models import OVER, Lease, RentRecord, Segment, SegmentState
from panshi.leasing.queries.rents import rent_row
from panshi.leasing.rent_events import RentImportCommitted, RentImportStaged, RentImportUndone
from panshi.leasing.rent_sheet import KIND, SHEET, RentSheetRow
from panshi.leasing.services.common import SOURCE

_ONE: Final = timedelta(days=1)


class _Fault(Exception):
    """A cell that does not fit the books: its column's key and the words."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key
        self.words = words


@dataclass(frozen=True, slots=True)
class _Books:
    """What the rows of a ledger are compared with, by lease."""

    leases: Mapping[str, Lease]
    billed_from: Mapping[UUID, date]
    arrears: Mapping[UUID, Decimal]
    records: Mapping[UUID, Sequence[RentRecord]]
    today: date


def _books(rows: Sequence[RentSheetRow], org_id: int, actor: Actor, at: datetime) -> _Books:
    leases = Lease.objects.visible_to(actor).filter(
        org_id=org_id, number__in={row.number for row in rows}
    )
    by_number = {lease.number: lease for lease in leases}
    ids = tuple(lease.id for lease in by_number.values())
    records: dict[UUID, list[RentRecord]] = defaultdict(list)
    for record in RentRecord.objects.filter(lease__in=ids).select_related("lease"):
        records[record.lease_id].append(record)
    return _Books(
        leases=by_number,
        billed_from=billing_queries.billed_from(source_ids=ids, actor=actor),
        arrears=billing_queries.opening_arrears(source_ids=ids, actor=actor),
        records=records,
        today=local_day(at),
    )


def _lease(row: RentSheetRow, books: _Books) -> Lease:
    """The lease of a row. Raises _Fault."""
    lease = books.leases.get(row.number)
    if lease is None:
        words = _("There is no lease with this number; import it first, or mend the cell.")
        raise _Fault("number", words)
    if lease.moved_in_at is None or lease.state in OVER:
        words = _("This lease did not move in, or is over; its rents are not taken over.")
        raise _Fault("number", words)
    return lease


def _refuse_period(row: RentSheetRow, lease: Lease) -> None:
    if row.until < row.since:
        raise _Fault("until", _("The period ends before it begins."))
    if row.since < lease.starts_on:
        words = _("The lease begins on %s; this period lies before it.")
        raise _Fault("since", words % lease.starts_on.isoformat())


def _refuse_amounts(row: RentSheetRow, today: date) -> None:
    if row.open < 0:
        words = _("More came than was due; write the rest in the period that it pays.")
        raise _Fault("received", words)
    if row.received_on is not None and row.received_on > today:
        raise _Fault("received_on", _("This day has not come yet."))


def _left_to_billing(row: RentSheetRow, lease: Lease, books: _Books) -> str:
    """Say why a period is billed here and not taken over, or nothing. Raises _Fault."""
    first = books.billed_from[lease.id]
    if row.until < first:
        return ""
    day = {"day": first.isoformat()}
    if row.since < first:
        words = _("Rent is billed here from %(day)s; write only the days before it.")
        raise _Fault("until", words % day)
    if row.received:
        return ""
    return _("Rent is billed here from %(day)s, so this period is not taken over.") % day


def _is_ahead(row: RentSheetRow, books: _Books) -> bool:
    """Whether a period is billed here, so that what came for it was paid ahead."""
    return row.since >= books.billed_from[books.leases[row.number].id]


def _touch(row: RentSheetRow, since: date, until: date) -> bool:
    return row.since <= until and since <= row.until


def _there(row: RentSheetRow, records: Iterable[RentRecord]) -> str | None:
    """The note of a row that is in the register already, else None. Raises _Fault on an overlap."""
    for record in records:
        kept = rent_row(record)
        if not _touch(row, kept.since, kept.until):
            continue
        if (row.since, row.until) != (kept.since, kept.until):
            words = _("The register has the period from %(since)s to %(until)s of this lease.")
            raise _Fault(
                "since",
                words % {"since": kept.since.isoformat(), "until": kept.until.isoformat()},
            )
        if (row.due, row.open) == (kept.due, kept.open):
            return ""
        words = _("The register says otherwise and is left as it is: %s.")
        return words % f"{kept.due:,.2f} / {kept.received:,.2f}"
    return None


def _refuse_twice(row: RentSheetRow, earlier: Iterable[RentSheetRow]) -> None:
    for other in earlier:
        if _touch(row, other.since, other.until):
            words = _("The file has days of this period more than once, from %s.")
            raise _Fault("since", words % other.since.isoformat())


def _disagreeing(
    by_lease: Mapping[UUID, Sequence[int]], rows: Sequence[RentSheetRow], books: _Books
) -> Iterable[Problem]:
    """A debt that came with the lease must be the one that its periods leave open."""
    for lease_id, indexes in by_lease.items():
        arrears = books.arrears.get(lease_id)
        kept = books.records.get(lease_id, ())
        before = [rows[index] for index in indexes if not _is_ahead(rows[index], books)]
        left = sum((row.open for row in before), ZERO)
        left += sum(
            (record.due - record.received for record in kept if record.payment_id is None), ZERO
        )
        if arrears is not None and left != arrears:
            words = _(
                "The lease came with arrears of %(arrears)s, these periods leave %(left)s open;"
                " make both the same, so that nothing is counted twice."
            )
            values = {"arrears": f"{arrears:,.2f}", "left": f"{left:,.2f}"}
            yield Problem(index=indexes[-1], key="received", reason=words % values)


def check(*, rows: Sequence[RentSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare periods with the leases, what is billed here, and what came before."""
    books = _books(rows, org_id, actor, at)
    problems: list[Problem] = []
    there: dict[int, str] = {}
    notes: dict[int, str] = {}
    by_lease: dict[UUID, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        try:
            lease = _lease(row, books)
            _refuse_period(row, lease)
            _refuse_amounts(row, books.today)
            note = _left_to_billing(row, lease, books) or _there(
                row, books.records.get(lease.id, ())
            )
            if note is not None:
                there[index] = note
                continue
            if _is_ahead(row, books):
                notes[index] = _("Paid ahead: it waits on account for the bills to come.")
            _refuse_twice(row, (rows[earlier] for earlier in by_lease[lease.id]))
            by_lease[lease.id].append(index)
        except _Fault as fault:
            problems.append(Problem(index=index, key=fault.key, reason=fault.words))
    if not problems:
        new = {lease_id: indexes for lease_id, indexes in by_lease.items() if indexes}
        problems.extend(_disagreeing(new, rows, books))
    return Checked(problems=problems, there=there, notes=notes)


def _vehicles(lease_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The vehicle that each lease has, the latest if it had several."""
    held = Segment.objects.filter(lease__in=list(lease_ids)).exclude(state=SegmentState.VOID)
    return dict(held.order_by("planned").values_list("lease_id", "vehicle_id"))


def _claims(rows: Sequence[RentSheetRow], books: _Books) -> dict[UUID, billing.OpeningClaim]:
    """What each lease owes of these periods, unless its debt came with the lease already."""
    open_rows: dict[UUID, list[RentSheetRow]] = defaultdict(list)
    for row in rows:
        lease = books.leases[row.number]
        if row.open and lease.id not in books.arrears and not _is_ahead(row, books):
            open_rows[lease.id].append(row)
    vehicles = _vehicles(open_rows)
    leases = {lease.id: lease for lease in books.leases.values()}
    return {
        lease_id: billing.OpeningClaim(
            org_id=leases[lease_id].org_id,
            source_kind=SOURCE,
            source_id=lease_id,
            payer_id=leases[lease_id].customer_id,
            vehicle_id=vehicles.get(lease_id),
            city=leases[lease_id].city,
            due_on=min((row.due_on for row in owed if row.due_on), default=books.today),
            lines=tuple(
                billing.OpeningLine(gross=row.open, since=row.since, until=row.until + _ONE)
                for row in sorted(owed, key=lambda row: row.since)
            ),
        )
        for lease_id, owed in open_rows.items()
    }


def _paid_ahead(rows: Sequence[RentSheetRow], books: _Books) -> dict[UUID, billing.OpeningMoney]:
    """What came for periods that are billed here, by lease."""
    sums: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    for row in rows:
        if row.received and _is_ahead(row, books):
            sums[books.leases[row.number].id] += row.received
    vehicles = _vehicles(sums)
    leases = {lease.id: lease for lease in books.leases.values()}
    return {
        lease_id: billing.OpeningMoney(
            org_id=leases[lease_id].org_id,
            source_kind=SOURCE,
            source_id=lease_id,
            payer_id=leases[lease_id].customer_id,
            vehicle_id=vehicles.get(lease_id),
            city=leases[lease_id].city,
            amount=amount,
        )
        for lease_id, amount in sums.items()
    }


def create(
    *, rows: Sequence[RentSheetRow], org_id: int, actor: Actor, at: datetime
) -> Sequence[UUID]:
    """Enter periods; what they leave open is billed, what was paid ahead waits on account."""
    books = _books(rows, org_id, actor, at)
    claims = _claims(rows, books)
    bills: dict[UUID, UUID] = {}
    if claims:
        fact = billing.claim_openings(claims=list(claims.values()), actor=actor, at=at)
        bills = dict(zip(claims, fact.bill_ids, strict=True))
    ahead = _paid_ahead(rows, books)
    payments: dict[UUID, UUID] = {}
    if ahead:
        got = billing.receive_openings(moneys=list(ahead.values()), actor=actor, at=at)
        payments = dict(zip(ahead, got.payment_ids, strict=True))
    made = RentRecord.objects.bulk_create(
        [
            RentRecord(
                id=uuid7(),
                org_id=org_id,
                lease=(lease := books.leases[row.number]),
                customer_id=lease.customer_id,
                during=DateRange(row.since, row.until + _ONE),
                due=row.due,
                received=row.received or ZERO,
                due_on=row.due_on,
                received_on=row.received_on,
                method=row.method,
                reference=row.reference,
                note=row.note,
                bill_id=bills.get(lease.id) if row.open and not _is_ahead(row, books) else None,
                payment_id=payments.get(lease.id) if _is_ahead(row, books) else None,
            )
            for row in rows
        ],
        batch_size=1000,
    )
    return [record.id for record in made]


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Take periods out again and give their bills back. Raises RecordsInUse."""
    rows = RentRecord.objects.visible_to(actor).filter(id__in=list(record_ids))
    bills: dict[int, set[UUID]] = defaultdict(set)
    payments: dict[int, set[UUID]] = defaultdict(set)
    for row in rows:
        if row.bill_id is not None:
            bills[row.org_id].add(row.bill_id)
        if row.payment_id is not None:
            payments[row.org_id].add(row.payment_id)
    try:
        for org_id, ids in bills.items():
            billing.take_back_openings(org_id=org_id, bill_ids=sorted(ids), actor=actor, at=at)
        for org_id, ids in payments.items():
            billing.take_back_opening_receipts(
                org_id=org_id, payment_ids=sorted(ids), actor=actor, at=at
            )
    except billing.AccountsInUse as refusal:
        raise RecordsInUse(refusal.words) from refusal
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leasing_rentrecord WHERE id = ANY(%s)", [list(record_ids)])


RENTS = Importer(
    kind=KIND, sheet=SHEET, row=RentSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_rent_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> RentImportStaged:
    """Read and check a rent ledger for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("leasing.stage_rent_import", org_id)
    batch = imports.stage(
        RENTS, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return RentImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_rent_import(*, batch_id: UUID, actor: Actor, at: datetime) -> RentImportCommitted:
    """Enter the new periods of a staged ledger, all or none; repeating adds nothing.

    What they leave open is billed, one bill a lease, and what was paid ahead stands on account,
    both against the opening balances. Raises imports.RowsInvalid or RowsSinceChanged, or
    ledger.PeriodClosed.
    """
    org_id = imports.owner_of(RENTS, batch_id=batch_id, actor=actor)
    actor.must("leasing.commit_rent_import", org_id)
    batch = imports.commit(RENTS, batch_id=batch_id, actor=actor, at=at)
    return RentImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_rent_import(*, batch_id: UUID, actor: Actor, at: datetime) -> RentImportUndone:
    """Take out the periods that a committed ledger brought; their bills are given back.

    Raises imports.NotCommitted, or RecordsInUse once something of them was paid.
    """
    org_id = imports.owner_of(RENTS, batch_id=batch_id, actor=actor)
    actor.must("leasing.undo_rent_import", org_id)
    batch = imports.undo(RENTS, batch_id=batch_id, actor=actor, at=at)
    return RentImportUndone(**imports.undone(batch, actor, at))
