"""Rent that customers paid ahead before their operator moved in waits for the coming bills."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from panshi.billing.models import (
    PAYMENT_LIFE,
    BillBalance,
    BillKind,
    Channel,
    OpeningReceipt,
    Payment,
    PaymentState,
)
from panshi.billing.opening_events import (
    OpeningReceiptsTakenBack,
    OpeningReceiptsUsed,
    OpeningsReceived,
)
from panshi.billing.services.opening_claims import AccountsInUse, AmountNegative
from panshi.billing.services.settling import Money, settle_all
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

OPENING: Final = "4103"
TAKEN_OVER: Final = "ADVANCE_TAKEN_OVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningMoney:
    """What a customer paid ahead for one source before the move-in, in CNY."""

    org_id: int
    source_kind: str
    source_id: UUID
    payer_id: UUID
    vehicle_id: UUID | None
    city: str
    amount: Decimal


@verb
def receive_openings(
    *, moneys: Sequence[OpeningMoney], actor: Actor, at: datetime
) -> OpeningsReceived:
    """Put on account what was paid ahead before the move-in, against the opening balances (4103).

    `payment_ids` are in the order of `moneys`; open bills of their sources are settled at once, and
    coming ones by `use_opening_receipts`. Raises AmountNegative or ledger.PeriodClosed.
    """
    for org_id in sorted({money.org_id for money in moneys}):
        actor.must("billing.receive_openings", org_id)
    if any(money.amount <= 0 for money in moneys):
        raise AmountNegative(_("Money from before must be above zero."))
    payments = []
    for money in moneys:
        number = uuid7()
        payments.append(
            Payment(
                id=number,
                org_id=money.org_id,
                channel=Channel.BANK,
                merchant_no=f"O{number.hex.upper()}",
                customer_id=money.payer_id,
                amount=money.amount,
                state=PaymentState.SUCCEEDED,
                started_at=at,
                received_at=at,
            )
        )
    Payment.objects.bulk_create(payments)
    OpeningReceipt.objects.bulk_create(
        OpeningReceipt(
            org_id=money.org_id,
            payment=payment,
            source_kind=money.source_kind,
            source_id=money.source_id,
            customer_id=money.payer_id,
        )
        for money, payment in zip(moneys, payments, strict=True)
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=money.org_id,
                kind=TAKEN_OVER,
                source_kind="billing.Payment",
                source_id=payment.id,
                occurred_on=local_day(at),
                postings=legs_of(
                    (OPENING, money.amount),
                    ("2203", -money.amount),
                    customer_id=money.payer_id,
                    vehicle_id=money.vehicle_id,
                    city=money.city,
                ),
            )
            for money, payment in zip(moneys, payments, strict=True)
        ],
        actor=actor,
        at=at,
    )
    _use([payment.id for payment in payments], actor=actor, at=at)
    return OpeningsReceived(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        payment_ids=tuple(payment.id for payment in payments),
        total=sum((money.amount for money in moneys), ZERO),
    )


def _use(payment_ids: Sequence[UUID] | None, *, actor: Actor, at: datetime) -> tuple[int, Decimal]:
    """Let what is left of receipts settle open bills of their sources, the oldest due first.

    Answers how many bills it reached and the money. Called inside a verb.
    """
    found = OpeningReceipt.objects.visible_to(actor).filter(taken_back_at=None)
    found = found.filter(
        payment__amount__gt=F("payment__allocated")
        + F("payment__refunding")
        + F("payment__refunded")
    )
    if payment_ids is not None:
        found = found.filter(payment__in=payment_ids)
    source_of = dict(found.values_list("payment_id", "source_id"))
    owed: dict[UUID, list[UUID]] = defaultdict(list)
    open_ones = BillBalance.objects.visible_to(actor).filter(
        source_id__in=set(source_of.values()), open_amount__gt=0, kind=BillKind.CHARGE
    )
    for source_id, bill_id in open_ones.order_by("due_on", "bill_id").values_list(
        "source_id", "bill_id"
    ):
        owed[source_id].append(bill_id)
    wanted = sorted(payment_id for payment_id, source_id in source_of.items() if owed[source_id])
    if not wanted:
        return 0, ZERO
    locked = Payment.objects.filter(id__in=wanted).order_by("id").select_for_update(of=("self",))
    payments = list(locked)
    settled = settle_all(
        moneys=[
            Money(
                org_id=payment.org_id,
                bill_ids=owed[source_of[payment.id]],
                amount=payment.amount - payment.allocated - payment.refunding - payment.refunded,
                at=at,
                payment=payment,
            )
            for payment in payments
        ],
        actor=actor,
    )
    for payment, result in zip(payments, settled, strict=True):
        payment.allocated += result.amount
    Payment.objects.bulk_update(payments, ["allocated"])
    return (
        sum(len(result.bill_ids) for result in settled),
        sum((result.amount for result in settled), ZERO),
    )


@verb
def use_opening_receipts(*, actor: Actor, at: datetime) -> OpeningReceiptsUsed:
    """Let what was paid ahead before the move-in settle the bills that have come since.

    Repeating adds nothing. Raises ledger.PeriodClosed.
    """
    actor.must("billing.use_opening_receipts", actor.org_id)
    bills, amount = _use(None, actor=actor, at=at)
    return OpeningReceiptsUsed(
        org_id=actor.org_id, actor_id=actor.id, at=at, bills=bills, amount=amount
    )


@verb
def take_back_opening_receipts(
    *, org_id: int, payment_ids: Sequence[UUID], actor: Actor, at: datetime
) -> OpeningReceiptsTakenBack:
    """Undo money from before the move-in by mirror entries.

    Raises AccountsInUse once any of it settled a bill or went back, or ledger.PeriodClosed.
    """
    actor.must("billing.take_back_opening_receipts", org_id)
    found = OpeningReceipt.objects.visible_to(actor).filter(
        org_id=org_id, payment__in=list(payment_ids), taken_back_at=None
    )
    ids = list(found.values_list("payment_id", flat=True))
    locked = Payment.objects.filter(id__in=ids).order_by("id").select_for_update(of=("self",))
    payments = list(locked)
    if any(row.allocated or row.refunding or row.refunded for row in payments):
        raise AccountsInUse(_("Something of this money settled a bill or went back since."))
    entries = ledger_queries.entries_of_sources(source_ids=tuple(ids), actor=actor)
    ledger.reverse_entries(
        entry_ids=[entry.id for entry in entries if entry.kind == TAKEN_OVER],
        occurred_on=local_day(at),
        actor=actor,
        at=at,
    )
    for payment in payments:
        partly = PAYMENT_LIFE.step(payment.state, PaymentState.PART_REFUNDED)
        payment.state = PAYMENT_LIFE.step(partly, PaymentState.REFUNDED)
        payment.refunded = payment.amount
    Payment.objects.bulk_update(payments, ["state", "refunded"])
    found.update(taken_back_at=at)
    return OpeningReceiptsTakenBack(org_id=org_id, actor_id=actor.id, at=at, payments=len(payments))
