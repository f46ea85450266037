"""A storm of notices: forged, repeated, reordered, altered, too early, too late; then the books.

Hundreds of payments meet ten thousand notices in any order. Some payers pay after we closed, some
pay another amount than was asked, some never pay; refunds are told of before and after they are
made. At the end every payment has to stand as the channel says, and all promises of the books hold.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db.models import Sum

from panshi.bench.billing import bench_books
from panshi.bench.machine import machine
from panshi.billing import channels, simulator
from panshi.billing import services as billing
from panshi.billing.services import NewLine
from panshi.billing.simulator import Posted
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, system_actor
from panshi.ledger import queries as ledger
from panshi.ledger import services as books
from panshi.org import queries as org

AT: Final = datetime(2027, 6, 21, 4, tzinfo=UTC)
FEN: Final = Decimal("0.01")
PLAIN, REFUNDED, CLOSED, OTHER_AMOUNT, UNPAID = "PLAIN", "REFUNDED", "CLOSED", "OTHER", "UNPAID"
FATES: Final = (PLAIN, PLAIN, PLAIN, REFUNDED, CLOSED, OTHER_AMOUNT, UNPAID)


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment with its fate, what was asked and what its payer made of it, in CNY."""

    payment_id: UUID
    merchant_no: str
    fate: str
    asked: Decimal
    paid: Decimal


def measure_callbacks(*, callbacks: int = 10_000, payments: int = 400) -> dict[str, object]:
    """Let a storm of notices come down on payments, and compare all with the channel's own books.

    The baseline `clean_order` is one true notice a payment, in order. Needs a database of its own:
    what is written stays. Raises LookupError without a platform node.
    """
    with acting(hq_actor()):
        calm, stormy = bench_books(2)
    clean = _set_out(calm, payments)
    plain = [_true(one) for one in clean if one.fate == PLAIN]
    clean_s, _answers = _deliver(plain)
    made = _set_out(stormy, payments)
    random = Random(7)
    first = _shuffled(_first_half(made, random), callbacks // 2, made, random)
    first_s, answers = _deliver(first)
    _ask(made)
    refunds = _refund([one for one in made if one.fate == REFUNDED], stormy)
    second = _shuffled(_second_half(made, refunds, random), callbacks - len(first), made, random)
    second_s, more = _deliver(second)
    _ask(made)
    kept = _kept(stormy, made)
    return {
        "bench": "callbacks",
        "machine": machine(),
        "ours": {
            "callbacks": len(first) + len(second),
            "payments": payments,
            "storm_s": first_s + second_s,
            "each_ms": (first_s + second_s) / max(len(first) + len(second), 1) * 1000,
            "answers": dict(answers + more),
            **kept,
        },
        "baseline": {
            "clean_order": {
                "callbacks": len(plain),
                "each_ms": clean_s / max(len(plain), 1) * 1000,
            }
        },
    }


def _set_out(org_id: int, count: int) -> list[_Paid]:
    """Payments opened at the channel; those of closed ones are closed before anybody pays."""
    by, made = system_actor(org_id), []
    for number in range(count):
        fate = FATES[number % len(FATES)]
        asked = Decimal(100 + number) + FEN * (number % 97)
        bill = billing.raise_bill(
            org_id=org_id, customer_id=uuid7(), source_kind="bench.Storm", source_id=uuid7(),
            vehicle_id=None, due_on=AT.date(), lines=[_line(asked)], actor=by, at=AT,
        )  # fmt: skip
        started = billing.start_payment(
            bill_ids=[bill.bill_id], channel="SIM", actor=by, at=AT
        ).payment_id
        billing.open_payment(
            payment_id=started, channel="SIM", return_url="https://example.org/", actor=by, at=AT
        )
        if fate == CLOSED:
            billing.close_payment(payment_id=started, actor=by, at=AT)
        with acting(hq_actor()):
            row: Any = _model("Payment").objects.get(id=started)
        paid = asked + FEN if fate == OTHER_AMOUNT else asked
        made.append(_Paid(started, row.merchant_no, fate, asked, paid))
    return made


def _model(name: str) -> Any:
    return apps.get_model("billing", name)


def _line(amount: Decimal) -> NewLine:
    return NewLine(
        product_code="SERVICE_LABOUR", words="bench", quantity=Decimal(1), unit_price=amount
    )


def _true(one: _Paid) -> Posted:
    """The payer pays, at the channel's own books too."""
    return simulator.paid(merchant_no=one.merchant_no, amount=one.paid, at=AT)


def _first_half(made: Sequence[_Paid], random: Random) -> list[Posted]:
    """What is said of payments; refunds are told of that nobody has asked for."""
    said = []
    for one in made:
        if one.fate == UNPAID:
            said.append(_told(one, state="OPEN"))
            continue
        true = _true(one)
        said += [true] * random.choice((1, 2, 3))
        said.append(_told(one))
        if one.fate == REFUNDED:
            said.append(
                simulator.refunded(
                    number=f"R-EARLY-{one.merchant_no[-12:]}", merchant_no=one.merchant_no,
                    amount=one.paid, at=AT,
                )
            )  # fmt: skip
    return said


def _second_half(
    made: Sequence[_Paid], refunds: Sequence[tuple[_Paid, str]], random: Random
) -> list[Posted]:
    said = []
    for one, number in refunds:
        true = simulator.refunded(
            number=number, merchant_no=one.merchant_no, amount=one.paid, at=AT
        )
        said += [true] * random.choice((1, 2, 3))
        said += [
            simulator.altered(true, sign=True, notification_id=uuid7().hex, amount=str(amount))
            for amount in (one.paid - FEN, one.paid + FEN)
        ]
    return [*said, *(_told(one) for one in made if one.fate != UNPAID)]


def _told(one: _Paid, **fields: Any) -> Posted:
    """A notice under a number of its own, signed by the channel."""
    told = {"merchant_no": one.merchant_no, "amount": str(one.paid), "at": AT.isoformat(), **fields}
    return simulator.posted(**told)


def _shuffled(
    said: list[Posted], count: int, made: Sequence[_Paid], random: Random
) -> list[Posted]:
    """The notices with lies beside them up to a count, in any order."""
    storm = list(said)
    while len(storm) < count:
        storm.append(_lie(random.choice(made), random))
    random.shuffle(storm)
    return storm


def _lie(one: _Paid, random: Random) -> Posted:
    kind = random.randrange(6)
    if kind == 0:
        return _told(one, sign=False)
    if kind == 1:
        return _told(one, merchant="OTHER")
    if kind == 2:
        return _told(one, currency="USD")
    if kind == 3:
        return _told(one, app="OTHER")
    if kind == 4:
        return _told(one, merchant_no=f"P{uuid7().hex[:20]}")
    return _told(one, amount=str(one.asked + random.choice((-FEN, FEN)) * 3))


def _deliver(storm: Sequence[Posted]) -> tuple[float, Counter[str]]:
    """Post the notices one by one; answers the seconds and what was said to each."""
    answers: Counter[str] = Counter()
    start = time.perf_counter()
    for posted in storm:
        try:
            billing.record_callback(
                channel=posted.channel, headers=posted.headers, body=posted.body,
                actor=hq_actor(), at=AT,
            )  # fmt: skip
            answers["taken"] += 1
        except Refusal as refusal:
            answers[type(refusal).__name__] += 1
    return time.perf_counter() - start, answers


def _ask(made: Sequence[_Paid]) -> None:
    """Ask the channel about every payment, as the worker does about doubtful ones."""
    for one in made:
        billing.query_payment(payment_id=one.payment_id, actor=hq_actor(), at=AT)


def _refund(paid: Sequence[_Paid], org_id: int) -> list[tuple[_Paid, str]]:
    """Send the whole of these payments back; answers each with its refund's number."""
    first, second = system_actor(org_id), _somebody_else(org_id)
    sent = []
    for one in paid:
        with acting(hq_actor()):
            rows: Any = _model("Allocation").objects.filter(payment_id=one.payment_id)
            settled = list(rows.values_list("id", flat=True))
        for allocation_id in settled:
            billing.unallocate(allocation_id=allocation_id, actor=first, at=AT)
        asked = billing.refund_payment(
            payment_id=one.payment_id, amount=one.paid, reason="bench", actor=first, at=AT
        )
        billing.approve_refund(refund_id=asked.refund_id, actor=second, at=AT)
        fact = billing.send_refund(refund_id=asked.refund_id, actor=first, at=AT)
        order = channels.port.RefundOrder(
            number=fact.number, merchant_no=one.merchant_no, amount=one.paid, paid=one.paid,
            words="bench", at=AT,
        )  # fmt: skip
        channels.of("SIM").refund(order)
        sent.append((one, fact.number))
    return sent


def _somebody_else(org_id: int) -> Actor:
    by = system_actor(org_id)
    return Actor(
        id=uuid7(), name="second", org_id=by.org_id, org_ids=by.org_ids, permissions=by.permissions
    )


def _kept(org_id: int, made: Sequence[_Paid]) -> dict[str, Any]:
    """What the storm left: verdicts by count, payments that stand otherwise, broken promises."""
    differ, money = 0, Decimal(0)
    with acting(hq_actor()):
        for one in made:
            row: Any = _model("Payment").objects.get(id=one.payment_id)
            said = channels.of("SIM").query(merchant_no=one.merchant_no, at=AT)
            arrived = row.amount if row.received_at is not None else Decimal(0)
            there = (said.amount or Decimal(0)) if said.state == channels.port.PAID else Decimal(0)
            back = there if one.fate == REFUNDED else Decimal(0)
            differ += (arrived, row.refunded) != (there, back)
            money += there - back
        refunds: Any = _model("Refund").objects.filter(org_id=org_id)
        told: Any = _model("Callback").objects.all()
        verdicts = dict(
            told.values_list("verdict").annotate(times=Sum("times")).order_by("verdict")
        )
        paid_back = refunds.filter(state="PAID").count()
    until = (AT + timedelta(days=1)).date()
    held = ledger.balances(accounts=("1012.sim",), until=until, actor=system_actor(org_id))
    checked = books.check_invariants(actor=hq_actor(org.platform_id() or 0), at=AT)
    return {
        "verdicts": verdicts,
        "counted": sum(verdicts.values()),
        "refunds_paid": paid_back,
        "payments_that_differ": differ,
        "money_that_differs": str(sum((row.amount for row in held), Decimal(0)) - money),
        "promises_broken": checked.broken,
    }
