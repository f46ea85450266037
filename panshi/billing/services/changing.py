"""Changes of a running plan, and the bills that they make wrong: quoted first, then done alike."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.events import ChargePlanChanged, RentSettled
from panshi.billing.models import (
    Bill,
    BillKind,
    BillState,
    ChargePlan,
    PlanBreak,
    PlanPrice,
    PlanVehicle,
)
from panshi.billing.queries.changes import Correction, after, books_of, corrections, reckon
from panshi.billing.rules import PlanChange, PlanTerms
from panshi.billing.services.bills import CreditLine, NewLine, credit_bill, draft
from panshi.billing.services.issuing import issue_these
from panshi.billing.services.plans import discard_drafts_after, locked_plan
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class PeriodAlreadyBilled(Refusal):
    pass


class InputsChanged(Refusal):
    pass


@verb
def change_plan(
    *,
    plan_id: UUID,
    changes: Sequence[PlanChange],
    actor: Actor,
    at: datetime,
    agreed: str = "",
    reason: str = "",
) -> ChargePlanChanged:
    """Change price, vehicle, pauses or end of a plan, one change upon the other.

    Where bills are issued already, raises PeriodAlreadyBilled; with `agreed`, the digest of a quote
    that showed it, credit notes and further bills correct them. Raises InputsChanged when the quote
    no longer holds, ChangeImpossible, or ledger.PeriodClosed.
    """
    plan = locked_plan(plan_id, actor, "billing.change_plan")
    books = books_of(plan)
    quote = reckon(books, changes)
    if agreed and agreed != quote.digest:
        raise InputsChanged(
            _("The plan or its bills changed since this was quoted. Look at the new quote.")
        )
    if not agreed and (quote.credit or quote.extra):
        raise PeriodAlreadyBilled(
            _(
                "Bills for these days were issued: %(credit)s would come back by a credit note,"
                " %(extra)s be billed in addition. Confirm the quote to do so."
            )
            % {"credit": quote.credit, "extra": quote.extra}
        )
    later = after(books.terms, changes)
    wanted = corrections(books, before=books.terms, later=later)
    first = min(change.on for change in changes)
    if plan.ends_on != later.ends_on and plan.ends_on is not None:
        # A bill in draft for the last days of the plan reaches up to the end, not beyond.
        first = min(first, plan.ends_on - timedelta(days=1))
    write_terms(plan, books.terms, later)
    discard_drafts_after(plan, first)
    _correct(plan, wanted, later, reason or _("Correction by a change"), (), actor=actor, at=at)
    return ChargePlanChanged(
        org_id=plan.org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        what=changes[0].kind,
        effective_on=changes[0].on,
        credited=quote.credit,
        billed=quote.extra,
    )


_COLUMNS: Final[dict[type[Any], tuple[str, ...]]] = {
    PlanPrice: ("price",),
    PlanVehicle: ("vehicle_id",),
    PlanBreak: ("relief", "cause"),
}


def write_terms(plan: ChargePlan, before: PlanTerms, later: PlanTerms) -> None:
    """Make the rows of a plan say other terms: parts are cut short or added, none is removed."""
    plan.ends_on = later.ends_on
    for part, old, new in (
        (PlanPrice, before.prices, later.prices),
        (PlanVehicle, before.vehicles, later.vehicles),
        (PlanBreak, before.breaks, later.breaks),
    ):
        if old == new:
            continue
        columns = _COLUMNS[part]
        wanted = {(p.start, *(getattr(p, name) for name in columns)): p.end for p in new}
        cut: list[Any] = []
        longer: list[Any] = []
        for row in part._default_manager.filter(plan=plan).order_by("starts_on"):
            if row.ends_on is not None and row.ends_on <= row.starts_on:
                continue
            key = (row.starts_on, *(getattr(row, name) for name in columns))
            end = wanted.pop(key, row.starts_on)
            if end != row.ends_on:
                reaches = end is None or (row.ends_on is not None and end > row.ends_on)
                row.ends_on = end
                (longer if reaches else cut).append(row)
        # What is cut short makes room for what reaches further.
        for row in (*cut, *longer):
            row.save(update_fields=["ends_on"])
        for (start, *values), end in wanted.items():
            part._default_manager.create(
                org_id=plan.org_id,
                plan=plan,
                starts_on=start,
                ends_on=end,
                **dict(zip(columns, values, strict=True)),
            )


def _correct(
    plan: ChargePlan,
    wanted: Sequence[Correction],
    terms: PlanTerms,
    reason: str,
    also: Sequence[UUID],
    *,
    actor: Actor,
    at: datetime,
) -> list[UUID]:
    """Give back and bill in addition; what a credit note leaves over closes `also` in turn.

    Answers the bills added. They come first, so that credit notes can close them.
    """
    added = [
        _bill_in_addition(plan, correction, terms, reason, actor=actor, at=at)
        for correction in wanted
        if correction.extras
    ]
    for correction in wanted:
        by_bill: dict[UUID, list[CreditLine]] = {}
        for line, part in correction.credits:
            by_bill.setdefault(line.bill_id, []).append(CreditLine(line_id=line.id, gross=part))
        for bill_id, lines in by_bill.items():
            credit_bill(
                bill_id=bill_id,
                lines=lines,
                reason=reason,
                also=[*also, *added],
                actor=actor,
                at=at,
            )
    return added


def _bill_in_addition(
    plan: ChargePlan,
    correction: Correction,
    terms: PlanTerms,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
) -> UUID:
    """One more bill of a period, of the days and vehicles that it concerns."""
    since = min(span.start for span, _amount in correction.extras)
    lines = []
    for span, amount in correction.extras:
        vehicle = rules.value_on(terms.vehicles, span.start)
        lines.append(
            NewLine(
                product_code=plan.product_id,
                words=reason,
                quantity=Decimal(1),
                unit_price=amount,
                vehicle_id=vehicle.vehicle_id if vehicle else None,
                service_from=span.start,
                service_to=span.end,
            )
        )
    assert plan.payer_id is not None
    bill = draft(
        org_id=plan.org_id,
        kind=BillKind.CHARGE,
        customer_id=plan.payer_id,
        vehicle_id=lines[-1].vehicle_id,
        source_kind=plan.source_kind,
        source_id=plan.source_id,
        due_on=max(local_day(at), since),
        lines=lines,
        sequence=Bill.objects.filter(plan=plan, period_from=since, kind=BillKind.CHARGE)
        .exclude(state=BillState.DISCARDED)
        .count(),
        plan=plan,
        period=(since, max(span.end for span, _amount in correction.extras)),
        actor=actor,
        at=at,
    )
    issue_these([bill.id], on=local_day(at))
    return bill.id


@verb
def settle_rent(
    *,
    plan_id: UUID,
    agreed_end: date,
    also: Sequence[UUID],
    actor: Actor,
    at: datetime,
) -> RentSettled:
    """Bring the bills of an ended plan to what its days cost: bill what is due, give back the rest.

    `agreed_end` is the end by which bills were issued. What comes back closes its own bill, then
    `also` in turn, then the bills made here; the rest stays on account. Raises ledger.PeriodClosed.
    """
    plan = locked_plan(plan_id, actor, "billing.settle_rent")
    assert plan.ends_on is not None
    Bill.objects.filter(plan=plan, state=BillState.DRAFT).update(state=BillState.DISCARDED)
    books = books_of(plan)
    reason = _("Return of the vehicle")
    unbilled = [
        charge
        for charge in rules.period_charges(
            terms=books.terms, since=plan.starts_on, most=rules.FARTHEST
        )
        if charge.n not in books.lines
    ]
    extras = [(x.span, x.gross) for charge in unbilled for x in charge.lines if x.gross]
    fresh = []
    if extras:
        rest = Correction(unbilled[0].n, extras=tuple(extras))
        fresh = [_bill_in_addition(plan, rest, books.terms, reason, actor=actor, at=at)]
    plan.next_bill_on = None
    plan.next_period = max((charge.n for charge in unbilled), default=plan.next_period) + 1
    plan.save(update_fields=["next_bill_on", "next_period"])
    wanted = corrections(books, before=replace(books.terms, ends_on=agreed_end), later=books.terms)
    added = _correct(
        plan,
        wanted,
        books.terms,
        reason,
        [*also, *fresh],
        actor=actor,
        at=at,
    )
    extra = sum((part for one in wanted for _span, part in one.extras), ZERO)
    return RentSettled(
        org_id=plan.org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        credited=to_fen(sum((part for one in wanted for _line, part in one.credits), ZERO)),
        billed=to_fen(sum((amount for _span, amount in extras), ZERO) + extra),
        bill_ids=(*fresh, *added),
    )
