"""Papers as PDF: contracts and bills a second, beside a bare page set by the same typesetter.

Everything happens in one transaction that is rolled back, so a database in use keeps nothing of it.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from django.db import transaction

from panshi.bench.billing import bench_books
from panshi.bench.lease_race import new_customer, new_vehicles
from panshi.bench.machine import machine
from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.papers import bill_pdf
from panshi.billing.services import NewLine
from panshi.kit import typeset
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, acting, hq_actor, system_actor
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing

AT: Final = datetime(2027, 3, 1, 4, tzinfo=UTC)
START: Final = date(2027, 3, 1)
MANY: Final = 500
_BARE: Final = '#set page(paper: "a4")\n#set text(lang: "zh")\n租赁合同\n'


def measure_documents(*, each: int = 10, lines: int = MANY) -> dict[str, object]:
    """Set a contract, a bill of one line and one of `lines` vehicles, `each` times.

    `ours` reads the record and sets it, as a page does; `contract_per_s` and `bill_per_s` tell how
    many, `statement_s` the time of the long one. The baseline `bare_typst` sets a page with one
    line of words by the same library and fonts. Raises LookupError without a platform node, and
    kit.fonts.FontMissing.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            (org_id,) = bench_books(1)
        by = system_actor(org_id)
        lease_id = _lease(org_id, by)
        small, long = _bill(org_id, by, 1), _bill(org_id, by, lines)
        contract_s, contract = _timed(
            each, lambda: leasing_queries.contract_draft(lease_id=lease_id, actor=by).content
        )
        bill_s, bill = _timed(each, lambda: _set(small, by))
        long_s, statement = _timed(1, lambda: _set(long, by))
        transaction.set_rollback(True)
    with TemporaryDirectory() as folder:
        sheet = Path(folder) / "bare.typ"
        sheet.write_text(_BARE, encoding="utf-8")
        bare_s, _page = _timed(each, lambda: typeset.pdf(sheet, {}))
    return {
        "bench": "documents",
        "machine": machine(),
        "ours": {
            "contract_s": contract_s,
            "contract_per_s": 1 / contract_s,
            "contract_bytes": len(contract),
            "bill_s": bill_s,
            "bill_per_s": 1 / bill_s,
            "bill_bytes": len(bill),
            "statement_s": long_s,
            "statement_lines": lines,
            "statement_bytes": len(statement),
            "each": each,
        },
        "baseline": {"bare_typst": {"page_s": bare_s, "page_per_s": 1 / bare_s}},
        "ratio": {
            "bare_typst.contract": contract_s / bare_s,
            "bare_typst.bill": bill_s / bare_s,
        },
    }


def _timed(times: int, make: Callable[[], bytes]) -> tuple[float, bytes]:
    """Seconds for one of several, the first left out since it loads fonts, and what was made."""
    made = make()
    start = time.perf_counter()
    for _number in range(times):
        made = make()
    return (time.perf_counter() - start) / times, made


def _lease(org_id: int, by: Actor) -> UUID:
    (vehicle_id,) = new_vehicles(org_id, 1, by)
    return leasing.draft_lease(
        customer_id=new_customer(org_id, by),
        vehicle_id=vehicle_id,
        product_code="RENT_MONTHLY",
        monthly_rent=Decimal(3000),
        deposit=Decimal(6000),
        starts_on=START,
        months=12,
        actor=by,
        at=AT,
    ).lease_id


def _bill(org_id: int, by: Actor, lines: int) -> UUID:
    return billing.raise_bill(
        org_id=org_id,
        customer_id=uuid7(),
        source_kind="bench.Statement",
        source_id=uuid7(),
        vehicle_id=None,
        due_on=START,
        lines=[
            NewLine(
                product_code="DAMAGE",
                words=f"车辆 {number}",
                quantity=Decimal(1),
                unit_price=Decimal("199.00"),
            )
            for number in range(1, lines + 1)
        ],
        actor=by,
        at=AT,
    ).bill_id


def _set(bill_id: UUID, by: Actor) -> bytes:
    return bill_pdf(billing_queries.bill_card(bill_id=bill_id, today=START, actor=by))
