"""What a change of a plan would cost, and what a return would leave between the two sides.

The verbs that change and settle reckon by these same functions.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.billing import rules
from panshi.billing.models import BillBalance, BillKind, BillLine, BillState, ChargePlan, Deposit
from panshi.billing.queries.charges import FARTHEST, terms_of
from panshi.billing.rules import (
    PlanChange,
    PlanTerms,
    ReturnCharge,
    ReturnInputs,
    SettlementLine,
    Span,
)
from panshi.kit.money import ZERO, split
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

SHOWN: Final = 3
"""Periods shown after those that bills were issued for."""
_WHY: Final[dict[str, str | Promise]] = {
    "REVERSED": _("It ends before it starts."),
    "OUTSIDE": _("The charge does not run on that day."),
    "PAUSES_MEET": _("Another pause lies in these days."),
    "NOT_PAUSED": _("There is no pause on that day."),
    "NEGATIVE": _("A price is not below zero, a relief from 0 to 100 percent."),
    "INCOMPLETE": _("A value is missing."),
}


class ChangeImpossible(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePart:
    """Days of a period that are charged alike; `until` is the day after the last."""

    since: date
    until: date
    vehicle_id: UUID | None
    amount: Decimal
    relieved: Decimal
    relief: Decimal
    cause: str

    @property
    def days(self) -> int:
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPeriod:
    """One period before and after a change; `numbers` are the bills already issued for it."""

    period_from: date
    period_to: date
    whole_days: int
    before: Decimal
    after: Decimal
    parts: tuple[ChargePart, ...]
    numbers: tuple[str, ...]

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuote:
    """What a change makes of a plan, in CNY, tax inside.

    Issued bills are corrected: `credit` comes back by credit notes, `extra` is billed in addition.
    `rest_before` and `rest_after` sum what is charged from the first changed period to the end,
    None for a plan without an end. `digest` is the sha256 of all that this follows from.
    """

    periods: tuple[ChangedPeriod, ...]
    credit: Decimal
    extra: Decimal
    rest_before: Decimal | None
    rest_after: Decimal | None
    digest: str


@dataclass(frozen=True, slots=True)
class IssuedLine:
    """A line of an issued bill of a plan, and what of it credit notes have left."""

    id: UUID
    bill_id: UUID
    number: str
    span: Span
    left: Decimal


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be done about the issued bills of one period: give back, or bill in addition."""

    n: int
    credits: tuple[tuple[IssuedLine, Decimal], ...] = ()
    extras: tuple[tuple[Span, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class _Books:
    """A plan as it stands: its terms and its issued lines by period."""

    plan: ChargePlan
    terms: PlanTerms
    lines: dict[int, list[IssuedLine]]


def books_of(plan: ChargePlan) -> "_Books":
    """A plan with its terms and issued lines."""
    terms = terms_of(plan)
    rows = list(
        BillLine.objects.filter(
            bill__plan=plan,
            bill__kind=BillKind.CHARGE,
            bill__state=BillState.ISSUED,
            service_from__isnull=False,
        )
        .select_related("bill")
        .order_by("service_from", "id")
    )
    given = dict(
        BillLine.objects.filter(credits__in=rows).values_list("credits").annotate(sum=Sum("gross"))
    )
    lines: dict[int, list[IssuedLine]] = {}
    for row in rows:
        if row.service_from is None or row.service_to is None:
            continue
        n = rules.period_containing(
            day=row.service_from, anchor=terms.anchor, alignment=terms.alignment
        )
        lines.setdefault(n, []).append(
            IssuedLine(
                row.id,
                row.bill_id,
                row.bill.number or "",
                Span(row.service_from, row.service_to),
                row.gross + given.get(row.id, ZERO),
            )
        )
    return _Books(plan, terms, lines)


def after(terms: PlanTerms, changes: Sequence[PlanChange]) -> PlanTerms:
    """The terms after changes, one upon the other. Raises ChangeImpossible."""
    for change in changes:
        try:
            terms = rules.changed(terms=terms, change=change)
        except rules.Impossible as error:
            raise ChangeImpossible(str(_WHY[error.code])) from error
    return terms


def corrections(books: "_Books", *, before: PlanTerms, later: PlanTerms) -> list[Correction]:
    """What the issued bills of a plan lack or have too much when its terms become `later`."""
    answer = []
    for n, lines in sorted(books.lines.items()):
        by_line, uncovered = rules.differences(
            before=before, after=later, n=n, lines=[line.span for line in lines]
        )
        more = sum(by_line, ZERO) + sum((amount for _span, amount in uncovered), ZERO)
        if more < 0:
            parts = rules.given_back(
                amount=-more,
                wanted=[max(-part, ZERO) for part in by_line],
                left=[line.left for line in lines],
            )
            answer.append(
                Correction(
                    n, tuple((x, part) for x, part in zip(lines, parts, strict=True) if part)
                )
            )
        elif more > 0:
            spans = [*zip((line.span for line in lines), by_line, strict=True), *uncovered]
            higher = [(span, amount) for span, amount in spans if amount > 0]
            shares = split(more, [amount for _span, amount in higher])
            answer.append(
                Correction(
                    n,
                    extras=tuple(
                        (span, share)
                        for (span, _amount), share in zip(higher, shares, strict=True)
                        if share
                    ),
                )
            )
    return answer


def reckon(books: "_Books", changes: Sequence[PlanChange]) -> ChangeQuote:
    """Quote changes of a plan; the verb that makes them asks the same. Raises ChangeImpossible."""
    before, later = books.terms, after(books.terms, changes)
    found = corrections(books, before=before, later=later)
    first = min(_first_day(change, before) for change in changes)
    was = {c.n: c for c in rules.period_charges(terms=before, since=first, most=FARTHEST)}
    will = {c.n: c for c in rules.period_charges(terms=later, since=first, most=FARTHEST)}
    numbers = sorted({*was, *will})
    changed = [n for n in numbers if _lines(was.get(n)) != _lines(will.get(n))]
    issued = [n for n in changed if n in books.lines]
    shown = {*issued, *[n for n in changed if n not in books.lines][:SHOWN]}
    endless = later.ends_on is None or before.ends_on is None
    return ChangeQuote(
        periods=tuple(
            _period(was.get(n), will.get(n), books.lines.get(n, []), later) for n in sorted(shown)
        ),
        credit=sum((part for c in found for _line, part in c.credits), ZERO),
        extra=sum((part for c in found for _span, part in c.extras), ZERO),
        rest_before=None if endless else sum((c.amount for c in was.values()), ZERO),
        rest_after=None if endless else sum((c.amount for c in will.values()), ZERO),
        digest=digest(books.plan.id, before, later, sorted(books.lines.items())),
    )


def _first_day(change: PlanChange, before: PlanTerms) -> date:
    """The first day that a change can alter; a later end alters days from the earlier end on."""
    if change.kind != rules.END or before.ends_on is None:
        return change.on
    return min(change.on, before.ends_on) - rules.ONE_DAY


def _lines(charge: rules.PeriodCharge | None) -> tuple[object, ...]:
    return charge.lines if charge else ()


def _period(
    was: rules.PeriodCharge | None,
    will: rules.PeriodCharge | None,
    lines: Sequence[IssuedLine],
    terms: PlanTerms,
) -> ChangedPeriod:
    shape = will or was
    assert shape is not None
    parts = []
    for line in will.lines if will else ():
        pause = rules.value_on(terms.breaks, line.span.start)
        parts.append(
            ChargePart(
                since=line.span.start,
                until=line.span.end,
                vehicle_id=line.vehicle_id,
                amount=line.gross,
                relieved=line.relieved,
                relief=pause.relief if pause else Decimal(0),
                cause=pause.cause if pause else "",
            )
        )
    return ChangedPeriod(
        period_from=shape.span.start,
        period_to=shape.span.end,
        whole_days=shape.whole_days,
        before=was.amount if was else ZERO,
        after=will.amount if will else ZERO,
        parts=tuple(parts),
        numbers=tuple(sorted({line.number for line in lines})),
    )


def digest(*inputs: object) -> str:
    """The sha256 of inputs: frozen rows, numbers and days, by what they say of themselves."""
    return hashlib.sha256("\n".join(repr(one) for one in inputs).encode()).hexdigest()


@question
def change_quoted(*, plan_id: UUID, changes: tuple[PlanChange, ...], actor: Actor) -> ChangeQuote:
    """What changes of a plan would cost, by the reckoning that bills them.

    Raises ChangeImpossible or ChargePlan.DoesNotExist.
    """
    plan = ChargePlan.objects.visible_to(actor).select_related("product").get(id=plan_id)
    return reckon(books_of(plan), changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnQuote:
    """What a return leaves between the two sides: lines whose sum `total` goes to the customer.

    `rent_back` and `rent_due` are the rent among them; `disputed` is not, its amount stays
    reserved. `inputs` are what it follows from, by name, and `digest` their sha256.
    """

    lines: tuple[SettlementLine, ...]
    total: Decimal
    rent_back: Decimal
    rent_due: Decimal
    early_fee: Decimal
    deposit: Decimal
    arrears: Decimal
    disputed: Decimal
    inputs: tuple[tuple[str, str], ...]
    digest: str


@question
def return_quoted(
    *,
    plan_id: UUID,
    agreed_end: date,
    returned_on: date,
    charges: tuple[ReturnCharge, ...],
    early_share: Decimal,
    early_months: int,
    actor: Actor,
) -> ReturnQuote:
    """What a return on a day would leave, by the reckoning that settles it.

    Deposit and open bills are those of the plan's source. Raises ChargePlan.DoesNotExist.
    """
    plan = ChargePlan.objects.visible_to(actor).get(id=plan_id)
    books = books_of(plan)
    source: dict[str, Any] = {"source_kind": plan.source_kind, "source_id": plan.source_id}
    deposit = Deposit.objects.filter(**source).first()
    open_bills = BillBalance.objects.filter(**source, kind=BillKind.CHARGE, open_amount__gt=0)
    given = ReturnInputs(
        terms=replace(books.terms, ends_on=agreed_end),
        returned_on=returned_on,
        billed=tuple(line.span for lines in books.lines.values() for line in lines),
        deposit=deposit.held if deposit else ZERO,
        arrears=sum((row.open_amount for row in open_bills), ZERO),
        charges=charges,
        early=rules.EarlyTerms(share=early_share, most_months=early_months),
    )
    lines = rules.settlement(given)
    inputs = _told(given)

    def amount(code: str) -> Decimal:
        return sum((line.amount for line in lines if line.product_code == code), ZERO)

    return ReturnQuote(
        lines=tuple(lines),
        total=sum((line.amount for line in lines), ZERO),
        rent_back=amount("RENT_CREDIT"),
        rent_due=-amount("RENT_DUE"),
        early_fee=-amount("EARLY_FEE"),
        deposit=given.deposit,
        arrears=given.arrears,
        disputed=sum((charge.amount for charge in charges if charge.disputed), ZERO),
        inputs=inputs,
        digest=digest(plan.id, inputs),
    )


def _told(given: ReturnInputs) -> tuple[tuple[str, str], ...]:
    """The inputs as words, so that two sheets can be compared by a person."""
    billed_to = max((span.end for span in given.billed), default=given.terms.starts_on)
    return (
        ("RETURNED_ON", str(given.returned_on)),
        ("AGREED_END", str(given.terms.ends_on)),
        ("BILLED_TO", str(billed_to)),
        ("DEPOSIT", f"{given.deposit:.2f}"),
        ("ARREARS", f"{given.arrears:.2f}"),
        ("EARLY_TERMS", f"{given.early.share.normalize():f}/{given.early.most_months}"),
        ("RENT", digest(given.terms, sorted(given.billed))[:16]),
        *(
            (
                "DISPUTED" if charge.disputed else "CHARGE",
                f"{charge.product_code} {charge.amount:.2f} {charge.words} {charge.clause}".strip(),
            )
            for charge in given.charges
        ),
    )
