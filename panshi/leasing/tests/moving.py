"""An operator whose vehicles and customer moved in already, and its sheets of leases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import translation

from panshi.crm.models import Customer
from panshi.crm.tests import make as crm_make
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit import workbooks
from panshi.kit.tenancy import Actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease
from panshi.leasing.sheet import SHEET
from panshi.ledger.models import Posting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

AT = datetime(2026, 6, 21, 4, 0, tzinfo=UTC)
START = date(2026, 1, 15)
Row = dict[str, Any]


@dataclass(frozen=True)
class Office:
    """An operator whose vehicles and customer moved in already."""

    org: OrgNode
    by: Actor
    customer: Customer

    def vehicle(self, **given: Any) -> Vehicle:
        return fleet_make.vehicle(org=self.org, **given)

    def row(self, vehicle: Vehicle | None = None, **given: Any) -> Row:
        known = vehicle or self.vehicle(state="LEASED")
        return {
            "number": f"HT-{known.vin[-6:]}",
            "vin": known.vin,
            "plate": known.plate,
            "customer": self.customer.name,
            "starts_on": START,
            "months": 12,
            "monthly_rent": Decimal(3000),
            "deposit": Decimal(6000),
            "deposit_held": Decimal(6000),
            "paid_until": date(2026, 6, 10),
            **given,
        }

    def stage(self, *rows: Row) -> UUID:
        return self.stage_content(content_of(rows))

    def stage_content(self, content: bytes) -> UUID:
        return services.stage_lease_import(
            org_id=self.org.id, file_name="租约.xlsx", content=content, actor=self.by, at=AT
        ).batch_id

    def commit(self, batch_id: UUID) -> tuple[int, int]:
        fact = services.commit_lease_import(batch_id=batch_id, actor=self.by, at=AT)
        return fact.created, fact.there_already

    def move_in(self, **given: Any) -> Lease:
        row = self.row(**given)
        self.commit(self.stage(row))
        return Lease.objects.get(org=self.org, number=row["number"])

    def undo(self, batch_id: UUID) -> int:
        return services.undo_lease_import(batch_id=batch_id, actor=self.by, at=AT).removed

    def errors(self, *rows: Row) -> list[tuple[int, str, str]]:
        with translation.override("en"):
            card = queries.lease_import(batch_id=self.stage(*rows), actor=self.by)
        return [(error.row, error.header, error.reason) for error in card.errors]

    def balances(self) -> dict[str, Decimal]:
        """The accounts of the operator that are not zero."""
        postings = Posting.objects.filter(org=self.org).values_list("account")
        sums = dict(postings.annotate(sum=Sum("amount")).order_by())
        return {account: amount for account, amount in sums.items() if amount}


def content_of(rows: Sequence[Row]) -> bytes:
    return workbooks.write(sheet=SHEET, rows=rows)


def office() -> Office:
    """An operator with one customer and somebody who may import."""
    org = org_make.operator()
    by = org_make.actor(org, "leasing.*")
    return Office(org=org, by=by, customer=crm_make.customer(org=org, qualified=False))
