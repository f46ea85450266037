"""A month's bills for a whole fleet: set-based beside one bill at a time, in the same run.

Everything happens in one transaction that is rolled back, so a database in use keeps nothing of it.
"""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction

from panshi.bench.machine import machine
from panshi.billing import services
from panshi.billing.services import NewPlan
from panshi.kit.ids import uuid7
from panshi.kit.money import to_fen, vat_in
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import queries as org_queries
from panshi.org import services as org_services

SAMPLE: Final = 1000
PLANS_A_BOOK: Final = 150
ANCHOR: Final = date(2027, 5, 31)
AT: Final = datetime(2027, 5, 31, 4, tzinfo=UTC)
PRICE: Final = Decimal("2980.00")
VAT: Final = Decimal("0.13")


def measure_billing(plans: int) -> dict[str, object]:
    """Draft, number, issue and post one month's bill for each of `plans` vehicle rents.

    `ours.bill_s` holds the run, the issue and every check that the commit would make. The baseline
    `orm_loop` does the same one bill at a time for at most 1,000 of them, and is scaled up to
    `plans`; `sample` says how many it did. Raises LookupError without a platform node.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            books = bench_books(max(plans // PLANS_A_BOOK, 1))
            services.open_plans(plans=bench_plans(books, plans), actor=hq_actor(), at=AT)
            _settle()
            ours = _set_based()
            rerun = _rerun()
            sample = min(plans, SAMPLE)
            loop_s = _orm_loop(books[0], sample)
        transaction.set_rollback(True)  # After the actor's context, which still asks something.
    scaled_s = loop_s * plans / sample
    return {
        "bench": "billing",
        "machine": machine(),
        "ours": {**ours, **rerun, "plans": plans, "books": len(books)},
        "baseline": {
            "orm_loop": {"bill_s": scaled_s, "sample": sample, "sample_s": loop_s, "scaled": True}
        },
        "ratio": {"orm_loop.bill_s": scaled_s / max(ours["bill_s"], 1e-9)},
    }


def bench_books(count: int) -> list[int]:
    """Operators for this run, below a regional centre of their own.

    Raises LookupError without a platform node.
    """
    actor = hq_actor()
    nodes = org_queries.nodes(actor=actor)
    root = next((node for node in nodes if node.kind == "PLATFORM"), None)
    if root is None:
        raise LookupError("this database has no platform node yet")
    mark = uuid7().hex[:12]
    region = org_services.create_node(
        parent_id=root.id, kind="REGION", name=f"bench {mark}", city="杭州", actor=actor, at=AT
    )
    return [
        org_services.create_node(
            parent_id=region.node_id,
            kind="OPERATOR",
            name=f"bench {mark} {number}",
            city="杭州",
            actor=actor,
            at=AT,
        ).node_id
        for number in range(count)
    ]


def bench_plans(books: list[int], count: int) -> list[NewPlan]:
    """Monthly rents from ANCHOR on, spread over the books, each of a lease of its own."""
    return [
        NewPlan(
            org_id=books[number % len(books)],
            payer_id=uuid7(),
            vehicle_id=uuid7(),
            product_code="RENT_MONTHLY",
            anchor_on=ANCHOR,
            price=PRICE + number % 400,
            source_kind="bench.Lease",
            source_id=uuid7(),
            starts_on=ANCHOR,
            ends_on=None,
            city="杭州",
        )
        for number in range(count)
    ]


def _settle() -> None:
    """Fresh statistics, as autovacuum would have seen to in a database that lives."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _set_based() -> dict[str, Any]:
    start = time.perf_counter()
    run = services.run_bills(cut_off=ANCHOR, actor=hq_actor(), at=AT)
    drafted = time.perf_counter()
    issued = services.issue_bills(draft_hours=0, actor=hq_actor(), at=AT)
    _settle()
    end = time.perf_counter()
    return {
        "bill_s": end - start,
        "draft_s": drafted - start,
        "issue_s": end - drafted,
        "bills": issued.bills,
        "drafted": run.drafted,
        "postings": issued.postings,
    }


def _rerun() -> dict[str, Any]:
    start = time.perf_counter()
    run = services.run_bills(cut_off=ANCHOR, actor=hq_actor(), at=AT)
    issued = services.issue_bills(draft_hours=0, actor=hq_actor(), at=AT)
    rows = run.drafted + run.lines + run.exceptions + issued.bills + issued.postings
    return {"rerun_s": time.perf_counter() - start, "rerun_rows": rows}


def _orm_loop(org_id: int, count: int) -> float:
    """One bill at a time through the ORM: what a loop over plans would do."""
    start = time.perf_counter()
    for number in range(count):
        _one_by_one(org_id, number)
    _settle()
    return time.perf_counter() - start


def _one_by_one(org_id: int, number: int) -> None:
    model: Any = apps.get_model
    gross = to_fen(PRICE)
    vat = vat_in(gross, VAT)
    customer_id, vehicle_id, source_id = uuid7(), uuid7(), uuid7()
    bill = model("billing", "Bill").objects.create(
        org_id=org_id,
        kind="CHARGE",
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        source_kind="bench.Lease",
        source_id=source_id,
        due_on=ANCHOR,
        total=gross,
        city="杭州",
        drafted_at=AT,
    )
    model("billing", "BillLine").objects.create(
        org_id=org_id,
        bill=bill,
        position=1,
        customer_id=customer_id,
        product_id="RENT_MONTHLY",
        vehicle_id=vehicle_id,
        quantity=1,
        unit_price=gross,
        gross=gross,
        vat_code="LEASING_13",
        vat_rate=VAT,
        vat=vat,
        net=gross - vat,
    )
    bill.number, bill.state, bill.issued_on = f"LOOP-{number:06d}", "ISSUED", ANCHOR
    bill.save(update_fields=["number", "state", "issued_on"])
    entry = model("ledger", "Entry").objects.create(
        org_id=org_id,
        kind="BILL_ISSUED",
        source_kind="bench.Lease",
        source_id=source_id,
        occurred_on=ANCHOR,
        legs=3,
    )
    posting = model("ledger", "Posting")
    posting.objects.bulk_create(
        posting(
            entry=entry,
            leg=leg,
            org_id=org_id,
            occurred_on=ANCHOR,
            account_id=account,
            amount=amount,
            vehicle_id=vehicle_id,
            customer_id=customer_id,
            city="杭州",
        )
        for leg, (account, amount) in enumerate(
            (("1122", gross), ("2205", vat - gross), ("2221.01", -vat)), start=1
        )
    )
    model("billing", "BillBalance").objects.create(
        bill=bill,
        org_id=org_id,
        kind="CHARGE",
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        source_kind="bench.Lease",
        source_id=source_id,
        due_on=ANCHOR,
        total=gross,
        open_amount=gross,
    )
