"""The ladder over a whole fleet's late rents: a few statements beside one debt at a time.

Everything happens in one transaction that is rolled back, so a database in use keeps nothing of it.
"""

import time
from datetime import date, timedelta
from typing import Any, Final

from django.apps import apps
from django.db import connection, transaction

from panshi.bench.billing import ANCHOR, AT, PLANS_A_BOOK, bench_books, bench_plans
from panshi.bench.machine import machine
from panshi.billing import services
from panshi.kit.tenancy import acting, hq_actor

SAMPLE: Final = 1000
# Past the reminders and the first call: cases are opened, steps fire, a call is planned.
LATE: Final = timedelta(days=4)
_PAID: Final = """
UPDATE billing_billbalance b SET open_amount = 0, settled_on = b.due_on
FROM (SELECT bill_id, row_number() OVER (ORDER BY bill_id) AS n FROM billing_billbalance) o
WHERE o.bill_id = b.bill_id AND o.n %% %(one_in)s <> 0
"""


def measure_dunning(leases: int, *, late_one_in: int = 30) -> dict[str, object]:
    """Advance the ladder over `leases` leases with a bill each, of which one in so many is open and
    four days late; the others are paid. With 1 all of them are late at once, as after a disaster.

    `ours.advance_s` holds cases, steps, calls and facts; `rerun_s` the same day again, which fires
    nothing. Their customers have no address, so no message is set. The baseline `row_loop` opens
    the same cases and steps one debt at a time through the ORM for at most 1,000 of them, without
    facts, and is scaled up to all that are late. Raises LookupError without a platform node.
    """
    on = ANCHOR + LATE
    at = AT + LATE
    with transaction.atomic():
        with acting(hq_actor()):
            books = bench_books(max(leases // PLANS_A_BOOK, 1))
            services.open_plans(plans=bench_plans(books, leases), actor=hq_actor(), at=AT)
            services.run_bills(cut_off=ANCHOR, actor=hq_actor(), at=AT)
            services.issue_bills(draft_hours=0, actor=hq_actor(), at=AT)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(_PAID, {"one_in": late_one_in})
                cursor.execute("ANALYZE billing_bill; ANALYZE billing_billbalance")
            late = leases // late_one_in
            sample = min(late, SAMPLE)
            with transaction.atomic():
                start = time.perf_counter()
                first = services.advance_dunning(on=on, actor=hq_actor(), at=at)
                done = time.perf_counter()
                again = services.advance_dunning(on=on, actor=hq_actor(), at=at)
                rerun = time.perf_counter()
                transaction.set_rollback(True)
            # Ours comes first: keys are looked up by plans that saw no dead rows of the loop.
            loop_s = _row_loop(sample, on)
        transaction.set_rollback(True)  # After the actor's context, which still asks something.
    scaled_s = loop_s * late / sample
    return {
        "bench": "dunning",
        "machine": machine(),
        "ours": {
            "advance_s": done - start,
            "rerun_s": rerun - done,
            "leases": leases,
            "late": late,
            "books": len(books),
            "bills": first.bills,
            "steps": first.steps,
            "rerun_steps": again.steps,
        },
        "baseline": {
            "row_loop": {
                "advance_s": scaled_s, "sample": sample, "sample_s": loop_s, "scaled": True,
            }
        },
        "ratio": {"row_loop.advance_s": scaled_s / max(done - start, 1e-9)},
    }  # fmt: skip


def _row_loop(count: int, on: date) -> float:
    """One debt at a time through the ORM: its rung, its case, its step."""
    model: Any = apps.get_model
    rungs = list(model("billing", "DunningRung").objects.order_by("day"))
    debts = list(
        model("billing", "BillBalance").objects.filter(
            open_amount__gt=0, kind="CHARGE", due_on__lt=on
        )[:count]
    )
    start = time.perf_counter()
    for debt in debts:
        reached = [rung for rung in rungs if rung.day <= (on - debt.due_on).days]
        debt.rung = max(rung.day for rung in reached)
        debt.save(update_fields=["rung"])
        case, _new = model("billing", "DunningCase").objects.get_or_create(
            source_id=debt.source_id,
            state="OPEN",
            defaults={
                "org_id": debt.org_id,
                "source_kind": debt.source_kind,
                "customer_id": debt.customer_id,
                "vehicle_id": debt.vehicle_id,
                "oldest_due_on": debt.due_on,
                "opened_on": on,
            },
        )
        for rung in reached:
            if rung.day > 0:
                model("billing", "DunningStep").objects.get_or_create(
                    case=case,
                    day=rung.day,
                    defaults={
                        "org_id": debt.org_id,
                        "code": rung.code,
                        "fired_on": on,
                        "open_amount": debt.open_amount,
                    },
                )
    return time.perf_counter() - start
