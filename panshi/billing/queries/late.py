"""Questions about late fees: what a bill has cost by being late, and waivers that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from panshi.billing.models import FeeWaiver, LateFee, LateKind, WaiverState
from panshi.billing.queries.bills import customer_names
from panshi.billing.queries.terms import late_terms
from panshi.kit.money import ZERO, percent
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSpanRow:
    """Days in a row of one bill: `days` × `day_amount`, at most the cap, in CNY.

    `principal` × `a_day` is the amount of a day. `fee_number` names the bill that asks for it.
    """

    bill_id: UUID
    number: str
    disputed: bool
    starts_on: date
    last_day: date
    days: int
    principal: Decimal
    a_day: Decimal
    day_amount: Decimal
    amount: Decimal
    capped: bool
    fee_bill_id: UUID | None
    fee_number: str

    @property
    def rate(self) -> str:
        return percent(self.a_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    id: UUID
    bill_id: UUID
    number: str
    customer_name: str
    amount: Decimal
    reason: str
    state: str
    asked_by_id: UUID
    asked_by: str
    asked_at: datetime
    decided_by: str
    words: str
    credit_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeCard:
    """What being late has cost; `waiting` is counted and not billed yet, in CNY.

    `begins_on` is the first day that costs a fee; None where no fee was agreed.
    """

    spans: tuple[LateSpanRow, ...]
    waiting: Decimal
    billed: Decimal
    begins_on: date | None
    a_day: Decimal
    cap: Decimal
    to_confirm: bool
    waivers: tuple[WaiverRow, ...]
    is_fee: bool

    @property
    def total(self) -> Decimal:
        return self.waiting + self.billed

    @property
    def rate(self) -> str:
        return percent(self.a_day)

    @property
    def cap_rate(self) -> str:
        return percent(self.cap)


@question
def late_fee_card(
    *,
    actor: Actor,
    bill_id: UUID | None = None,
    source_id: UUID | None = None,
    source_kind: str = "",
    due_on: date | None = None,
) -> LateFeeCard:
    """The late fee of one bill, or of all bills of a source, for staff and for the customer.

    For a bill of late fees: the days it asks for, and its waivers. `source_kind` and `due_on` say
    under which terms the debt stands.
    """
    found = LateFee.objects.visible_to(actor).select_related("bill", "fee_bill")
    if bill_id is not None:
        own = found.filter(fee_bill_id=bill_id)
        is_fee = own.exists()
        found = own if is_fee else found.filter(bill_id=bill_id)
    else:
        is_fee, found = False, found.filter(bill__source_id__in=[source_id] if source_id else [])
    spans = tuple(_span(row) for row in found.order_by("bill__due_on", "starts_on", "id"))
    terms = None
    if due_on is not None and not is_fee:
        terms = late_terms(source_kind=source_kind, due_on=due_on)
    waivers: Sequence[FeeWaiver] = ()
    if actor.customer_id is None:
        fees = {span.fee_bill_id for span in spans if span.fee_bill_id}
        waivers = list(FeeWaiver.objects.filter(bill_id__in=fees).select_related("bill"))
    return LateFeeCard(
        spans=spans,
        waiting=sum((span.amount for span in spans if span.fee_bill_id is None), ZERO),
        billed=sum((span.amount for span in spans if span.fee_bill_id is not None), ZERO),
        begins_on=None
        if terms is None or due_on is None
        else due_on + timedelta(days=terms.grace_days),
        a_day=ZERO if terms is None else terms.a_day,
        cap=ZERO if terms is None else terms.cap,
        to_confirm=terms is not None and terms.to_confirm,
        waivers=_waivers(waivers, actor),
        is_fee=is_fee,
    )


def _span(row: LateFee) -> LateSpanRow:
    return LateSpanRow(
        bill_id=row.bill_id,
        number=row.bill.number or "",
        disputed=row.kind == LateKind.DISPUTED,
        starts_on=row.starts_on,
        last_day=row.ends_on - timedelta(days=1),
        days=row.days,
        principal=row.principal,
        a_day=row.a_day,
        day_amount=row.day_amount,
        amount=row.amount,
        capped=row.capped,
        fee_bill_id=row.fee_bill_id,
        fee_number=(row.fee_bill.number or "") if row.fee_bill is not None else "",
    )


def _waivers(waivers: Sequence[FeeWaiver], actor: Actor) -> tuple[WaiverRow, ...]:
    people = {w.asked_by_id for w in waivers} | {w.decided_by_id for w in waivers}
    names = org.names_of(user_ids=tuple(p for p in people if p is not None), actor=actor)
    customers = customer_names([w.customer_id for w in waivers], actor)
    return tuple(
        WaiverRow(
            id=w.id,
            bill_id=w.bill_id,
            number=w.bill.number or "",
            customer_name=customers.get(w.customer_id, ""),
            amount=w.amount,
            reason=w.reason,
            state=w.state,
            asked_by_id=w.asked_by_id,
            asked_by=names.get(w.asked_by_id, ""),
            asked_at=w.asked_at,
            decided_by=names.get(w.decided_by_id, "") if w.decided_by_id else "",
            words=w.words,
            credit_id=w.credit_id,
        )
        for w in waivers
    )


@question
def waivers_waiting(*, actor: Actor, limit: int = 100) -> tuple[WaiverRow, ...]:
    """Waivers of late fees that wait for a second person, the oldest first."""
    found = FeeWaiver.objects.visible_to(actor).filter(state=WaiverState.ASKED)
    return _waivers(list(found.select_related("bill").order_by("asked_at", "id")[:limit]), actor)
