"""Late fees: the days are counted each night, billed with their reckoning, waived by two people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.debt_events import (
    FeeWaiverAsked,
    FeeWaiverDeclined,
    FeeWaiverGranted,
    LateFeeBilled,
    LateFeesCounted,
)
from panshi.billing.models import (
    FREEZING,
    Allocation,
    Bill,
    BillDispute,
    BillKind,
    BillLine,
    DunningCase,
    FeeWaiver,
    LateFee,
    LateKind,
    LateTerms,
    WaiverState,
)
from panshi.billing.queries.terms import terms_of
from panshi.billing.rules import LateSpan
from panshi.billing.services.bills import CreditLine, NewLine, credit_bill, draft
from panshi.billing.services.catalogue import SamePerson
from panshi.billing.services.issuing import issue_these
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, percent, to_fen, yuan
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

LATE_FEE: Final = "LATE_FEE"
# The bills of a lease count from nought; those of its late fees keep out of their way.
_FIRST_SEQUENCE: Final = 10_000
# How long after it was settled a bill is still looked at for days that no night counted.
_LOOK_BACK: Final = timedelta(days=40)


class NotALateFee(Refusal):
    """Only a bill of late fees is let go this way."""


class NothingCounted(Refusal):
    """No late days wait to be billed."""


class WaiverExceedsFee(Refusal):
    """More is to be let go than the bill asks for."""


class WaiverDecided(Refusal):
    """The waiver was decided before, or another one is open."""


_LATE: Final = """
SELECT b.bill_id FROM billing_billbalance b
JOIN billing_lateterms t ON t.source_kind = b.source_kind AND t.starts_on <= b.due_on
    AND (t.ends_on IS NULL OR t.ends_on > b.due_on)
WHERE b.kind = 'CHARGE' AND b.due_on + t.grace_days < %(on)s
    AND (b.open_amount > 0 OR b.settled_on >= %(since)s AND b.settled_on > b.due_on + t.grace_days)
    AND (%(sources)s::uuid[] IS NULL OR b.source_id = ANY(%(sources)s))
    AND b.written_off = 0
UNION SELECT f.bill_id FROM billing_latefee f JOIN billing_bill b ON b.id = f.bill_id
WHERE f.fee_bill_id IS NULL AND f.kind = 'COUNTED'
    AND (%(sources)s::uuid[] IS NULL OR b.source_id = ANY(%(sources)s))
"""


@dataclass(frozen=True, slots=True)
class _Late:
    """A bill that is or was late, with all that its fee is reckoned from."""

    bill: Bill
    open_amount: Decimal
    terms: LateTerms
    bearing: Decimal
    taken: Sequence[tuple[date, Decimal]]
    rows: list[LateFee]
    disputed: bool


def _load(on: date, sources: Sequence[UUID] | None) -> list[_Late]:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "on": on,
            "since": on - _LOOK_BACK,
            "sources": None if sources is None else list(sources),
        }
        cursor.execute(_LATE, values)
        ids = [bill_id for (bill_id,) in cursor.fetchall()]
    bills = list(Bill.objects.filter(id__in=ids).select_related("balance").order_by("id"))
    terms: dict[str, list[LateTerms]] = {}
    for row in LateTerms.objects.order_by("-starts_on"):
        terms.setdefault(row.source_kind, []).append(row)
    bearing = dict(
        BillLine.objects.filter(bill_id__in=ids, product__bears_late_fee=True)
        .values_list("bill_id")
        .annotate(sum=Sum("gross"))
    )
    taken: dict[UUID, list[tuple[date, Decimal]]] = {}
    for part in Allocation.objects.filter(bill_id__in=ids):
        taken.setdefault(part.bill_id, []).append((part.on, part.amount))
    rows: dict[UUID, list[LateFee]] = {}
    for fee in LateFee.objects.filter(bill_id__in=ids).order_by("starts_on").select_for_update():
        rows.setdefault(fee.bill_id, []).append(fee)
    disputed = set(
        DunningCase.objects.filter(
            source_id__in={bill.source_id for bill in bills}, state="ON_HOLD", hold_kind="DISPUTE"
        ).values_list("source_id", flat=True)
    )
    frozen = set(
        BillDispute.objects.filter(FREEZING, bill__in=bills).values_list("bill_id", flat=True)
    )
    return [
        _Late(
            bill=bill,
            open_amount=bill.balance.open_amount,
            terms=next(t for t in terms[bill.source_kind] if t.starts_on <= bill.due_on),
            bearing=bearing.get(bill.id, ZERO),
            taken=taken.get(bill.id, []),
            rows=rows.get(bill.id, []),
            disputed=bill.source_id in disputed or bill.id in frozen,
        )
        for bill in bills
    ]


def _recount(late: _Late, on: date) -> list[LateFee]:
    """Bring the unbilled days of a bill up to a day; answers them, the newest last.

    They are reckoned anew each time, so that a payment that turns up late with an earlier value
    day takes its days back. Days in dispute when they are counted cost nothing for ever.
    """
    start = late.bill.due_on + timedelta(days=late.terms.grace_days)
    if late.disputed and late.open_amount > 0:
        _pass_over(late, max([start, *(row.ends_on for row in late.rows)]), on)
    fixed = [row for row in late.rows if row.fee_bill_id or row.kind == LateKind.DISPUTED]
    kept = {row.starts_on: row for row in late.rows if row not in fixed}
    last = max([start, *(row.ends_on for row in late.rows)]) if late.disputed else on
    spans = rules.late_spans(
        total=late.bill.total,
        bearing=late.bearing,
        taken=late.taken,
        due_on=late.bill.due_on,
        until=last,
        terms=terms_of(late.terms),
        fixed=[(row.starts_on, row.ends_on, row.amount) for row in fixed],
    )
    same = {span.start: kept[span.start] for span in spans if _agrees(kept.get(span.start), span)}
    if spans and (grown := kept.get(spans[-1].start)) is not None:
        same[spans[-1].start] = grown
    gone = [row.id for row in kept.values() if row not in same.values()]
    LateFee.objects.filter(id__in=gone).delete()
    return [_keep(late, span, same.get(span.start)) for span in spans]


def _agrees(row: LateFee | None, span: LateSpan) -> bool:
    there = row and (row.ends_on, row.principal, row.amount)
    return there == (span.end, span.principal, span.amount)


def _pass_over(late: _Late, since: date, on: date) -> None:
    """Note that the days since the last count are in dispute."""
    if since >= on:
        return
    last = late.rows[-1] if late.rows else None
    if last is not None and last.kind == LateKind.DISPUTED and last.ends_on == since:
        last.ends_on = on
        last.save(update_fields=["ends_on"])
        return
    late.rows.append(
        LateFee.objects.create(
            org_id=late.bill.org_id, bill=late.bill, customer_id=late.bill.customer_id,
            kind=LateKind.DISPUTED, starts_on=since, ends_on=on, principal=late.open_amount,
            a_day=late.terms.a_day, amount=ZERO,
        )
    )  # fmt: skip


def _keep(late: _Late, span: LateSpan, row: LateFee | None) -> LateFee:
    if row is None:
        row = LateFee(org_id=late.bill.org_id, bill=late.bill, customer_id=late.bill.customer_id)
        row.starts_on = span.start
    elif _agrees(row, span):
        return row
    row.ends_on, row.principal, row.a_day = span.end, span.principal, span.a_day
    row.amount, row.capped = span.amount, span.capped
    row.save()
    return row


def _is_ripe(late: _Late, rows: Sequence[LateFee]) -> bool:
    """Whether the days of a bill are billed: it is paid, the cap is reached, or they are many."""
    days = sum(row.days for row in rows)
    return late.open_amount == 0 or rows[-1].capped or days >= late.terms.bill_every_days


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('late fees', 14))")


@verb
def accrue_late_fees(*, on: date, actor: Actor, at: datetime) -> LateFeesCounted:
    """Count the late days before a day, and bill those of bills that are paid, capped or long late.

    Repeating adds nothing. Only sources with terms agreed cost a fee, never what is in dispute and
    never a fee. Publishes LateFeeBilled for each bill of fees.
    """
    actor.must("billing.accrue_late_fees", actor.org_id)
    _lock()
    ripe, bills, waiting = [], 0, ZERO
    for late in _load(on, None):
        rows = _recount(late, on)
        if not rows:
            continue
        bills += 1
        if _is_ripe(late, rows):
            ripe.append((late, rows))
        else:
            waiting += sum((row.amount for row in rows), ZERO)
    billed = _bill(ripe, actor, at)
    outbox.publish_all(billed, verb="billing.accrue_late_fees")
    return LateFeesCounted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        on=on,
        bills=bills,
        waiting=waiting,
        billed=len(billed),
        amount=sum((fact.total for fact in billed), ZERO),
    )


@verb
def bill_late_fees(*, case_id: UUID, actor: Actor, at: datetime) -> LateFeeBilled:
    """Bill what a case has run up in late fees by today, before its time. Raises NothingCounted."""
    case = DunningCase.objects.visible_to(actor).get(id=case_id)
    actor.must("billing.bill_late_fees", case.org_id)
    _lock()
    on = local_day(at)
    found = [(late, _recount(late, on)) for late in _load(on, [case.source_id])]
    facts = _bill([(late, rows) for late, rows in found if rows], actor, at)
    if not facts:
        raise NothingCounted(_("No late fee has run up that is not billed yet."))
    return facts[0]


def _bill(
    ripe: Iterable[tuple[_Late, Sequence[LateFee]]], actor: Actor, at: datetime
) -> list[LateFeeBilled]:
    """One bill a source, a line a span."""
    by_source: dict[UUID, list[tuple[_Late, Sequence[LateFee]]]] = {}
    for late, rows in ripe:
        by_source.setdefault(late.bill.source_id, []).append((late, rows))
    made: list[Bill] = []
    for some in by_source.values():
        made.append(_draft(some, actor, at))
        spans = [row.id for _late, rows in some for row in rows]
        LateFee.objects.filter(id__in=spans).update(fee_bill=made[-1])
    if made:
        issue_these([bill.id for bill in made], on=local_day(at))
    numbers = dict(Bill.objects.filter(id__in=[b.id for b in made]).values_list("id", "number"))
    return [
        LateFeeBilled(
            org_id=bill.org_id,
            actor_id=actor.id,
            at=at,
            bill_id=bill.id,
            number=numbers[bill.id] or "",
            customer_id=bill.customer_id,
            vehicle_id=bill.vehicle_id,
            source_kind=bill.source_kind,
            source_id=bill.source_id,
            due_on=bill.due_on,
            total=bill.total,
        )
        for bill in made
    ]


def _draft(some: Sequence[tuple[_Late, Sequence[LateFee]]], actor: Actor, at: datetime) -> Bill:
    first = some[0][0]
    found = Bill.objects.filter(source_id=first.bill.source_id, plan=None, kind=BillKind.CHARGE)
    top = found.aggregate(top=Max("sequence"))["top"] or 0
    return draft(
        org_id=first.bill.org_id,
        kind=BillKind.CHARGE,
        customer_id=first.bill.customer_id,
        vehicle_id=first.bill.vehicle_id,
        source_kind=first.bill.source_kind,
        source_id=first.bill.source_id,
        due_on=local_day(at) + timedelta(days=first.terms.due_days),
        lines=[_line(late.bill, row) for late, rows in some for row in rows],
        sequence=max(top + 1, _FIRST_SEQUENCE),
        actor=actor,
        at=at,
        city=first.bill.city,
    )


def _line(bill: Bill, row: LateFee) -> NewLine:
    """Days at a price a day; the words show the reckoning, in no language."""
    whole = row.amount == row.day_amount * row.days
    cap = "" if whole else f" ≤ {yuan(row.amount)}"
    return NewLine(
        product_code=LATE_FEE,
        words=f"{bill.number}: {yuan(row.principal)} × {percent(row.a_day)} × {row.days}{cap}",
        quantity=Decimal(row.days if whole else 1),
        unit_price=row.day_amount if whole else row.amount,
        vehicle_id=bill.vehicle_id,
        service_from=row.starts_on,
        service_to=row.ends_on,
    )


def _left_of(bill_id: UUID) -> tuple[list[BillLine], list[Decimal]]:
    """The lines of a bill with what credit notes have left of each."""
    lines = list(BillLine.objects.filter(bill_id=bill_id).order_by("position"))
    given: Mapping[UUID, Decimal] = dict(
        BillLine.objects.filter(credits__in=lines).values_list("credits").annotate(s=Sum("gross"))
    )
    return lines, [line.gross + given.get(line.id, ZERO) for line in lines]


@verb
def ask_fee_waiver(
    *, bill_id: UUID, amount: Decimal, reason: str, actor: Actor, at: datetime
) -> FeeWaiverAsked:
    """Ask that a late fee be let go, or a part of it; another person decides.

    Raises NotALateFee, WaiverExceedsFee, or WaiverDecided while one is open.
    """
    bill = Bill.objects.visible_to(actor).select_for_update().get(id=bill_id)
    actor.must("billing.ask_fee_waiver", bill.org_id)
    if not LateFee.objects.filter(fee_bill=bill).exists():
        raise NotALateFee(_("Only a bill of late fees can be waived."))
    amount = to_fen(amount)
    _must_fit(bill_id, amount)
    if FeeWaiver.objects.filter(bill=bill, state=WaiverState.ASKED).exists():
        raise WaiverDecided(_("A waiver of this bill waits for a decision already."))
    waiver = FeeWaiver.objects.create(
        org_id=bill.org_id, bill=bill, customer_id=bill.customer_id, amount=amount,
        reason=reason.strip()[:200], asked_by_id=actor.id, asked_at=at,
    )  # fmt: skip
    return FeeWaiverAsked(
        org_id=bill.org_id, actor_id=actor.id, at=at, waiver_id=waiver.id, bill_id=bill.id,
        customer_id=bill.customer_id, amount=amount, reason=waiver.reason,
    )  # fmt: skip


def _must_fit(bill_id: UUID, amount: Decimal) -> None:
    left = sum(_left_of(bill_id)[1], ZERO)
    if not ZERO < amount <= left:
        raise WaiverExceedsFee(_("Of this fee %(left)s can be waived.") % {"left": yuan(left)})


def _decided(waiver_id: UUID, actor: Actor) -> FeeWaiver:
    waiver = FeeWaiver.objects.visible_to(actor).select_for_update().get(id=waiver_id)
    actor.must("billing.decide_fee_waiver", waiver.org_id)
    if waiver.state != WaiverState.ASKED:
        raise WaiverDecided(_("This waiver was decided before."))
    if waiver.asked_by_id == actor.id:
        raise SamePerson(_("Another person has to decide this."))
    return waiver


@verb
def grant_fee_waiver(*, waiver_id: UUID, actor: Actor, at: datetime) -> FeeWaiverGranted:
    """Let the fee go: a credit note posts the reverse; what was paid of it is money on account.

    Raises SamePerson, WaiverDecided or WaiverExceedsFee.
    """
    waiver = _decided(waiver_id, actor)
    _must_fit(waiver.bill_id, waiver.amount)
    lines, left = _left_of(waiver.bill_id)
    parts = rules.given_back(amount=waiver.amount, wanted=left, left=left)
    fact = credit_bill(
        bill_id=waiver.bill_id,
        lines=[
            CreditLine(line_id=line.id, gross=part)
            for line, part in zip(lines, parts, strict=True)
            if part > 0
        ],
        reason=waiver.reason,
        actor=actor,
        at=at,
    )
    waiver.state, waiver.credit_id = WaiverState.GRANTED, fact.credit_id
    waiver.decided_by_id, waiver.decided_at = actor.id, at
    waiver.save(update_fields=["state", "credit", "decided_by_id", "decided_at"])
    return FeeWaiverGranted(
        org_id=waiver.org_id, actor_id=actor.id, at=at, waiver_id=waiver.id,
        bill_id=waiver.bill_id, credit_id=fact.credit_id, customer_id=waiver.customer_id,
        amount=waiver.amount,
    )  # fmt: skip


@verb
def decline_fee_waiver(
    *, waiver_id: UUID, words: str, actor: Actor, at: datetime
) -> FeeWaiverDeclined:
    """Keep the fee. Raises SamePerson or WaiverDecided."""
    waiver = _decided(waiver_id, actor)
    waiver.state, waiver.words = WaiverState.DECLINED, words.strip()[:200]
    waiver.decided_by_id, waiver.decided_at = actor.id, at
    waiver.save(update_fields=["state", "words", "decided_by_id", "decided_at"])
    return FeeWaiverDeclined(
        org_id=waiver.org_id, actor_id=actor.id, at=at, waiver_id=waiver.id,
        bill_id=waiver.bill_id, customer_id=waiver.customer_id, words=waiver.words,
    )  # fmt: skip
