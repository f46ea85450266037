"""Questions about the rent periods that leases had before their operator moved in."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from panshi.kit import imports
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import RentRecord
from panshi.leasing.rent_sheet import KIND, RentSheetRow

_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RentPeriod:
    """A period of the old ledger, in CNY; `until` is its last day."""

    since: date
    until: date
    due: Decimal
    received: Decimal
    received_on: date | None
    method: str
    bill_id: UUID | None
    payment_id: UUID | None = None

    @property
    def open(self) -> Decimal:
        """What of it was not paid then, and is not billed here."""
        return ZERO if self.payment_id else self.due - self.received


@question
def rents_before(*, lease_id: UUID, actor: Actor) -> list[RentPeriod]:
    """The periods that the old ledger had of a lease, the latest first."""
    rows = RentRecord.objects.visible_to(actor).filter(lease_id=lease_id)
    return [
        RentPeriod(
            since=row.during.lower,
            until=row.during.upper - _ONE,
            due=row.due,
            received=row.received,
            received_on=row.received_on,
            method=row.method,
            bill_id=row.bill_id,
            payment_id=row.payment_id,
        )
        for row in rows.order_by("-during")
    ]


def rent_row(row: RentRecord) -> RentSheetRow:
    """A record as a row of the sheet."""
    return RentSheetRow(
        number=row.lease.number,
        since=row.during.lower,
        until=row.during.upper - _ONE,
        due=row.due,
        received=row.received,
        due_on=row.due_on,
        received_on=row.received_on,
        method=row.method,
        reference=row.reference,
        note=row.note,
    )


@question
def rent_sheet_rows(*, actor: Actor) -> list[RentSheetRow]:
    """All periods of old ledgers as rows of the sheet."""
    rows = RentRecord.objects.visible_to(actor).select_related("lease")
    return [rent_row(row) for row in rows.order_by("lease__number", "during")]


@question
def rent_imports(*, actor: Actor) -> list[imports.BatchCard]:
    """The newest rent ledgers that were staged or imported."""
    return imports.recent(KIND, actor=actor)


@question
def rent_import(*, batch_id: UUID, actor: Actor) -> imports.BatchCard:
    """One rent ledger with the faults of its cells."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)
