"""A case stands still: disputes, accidents, promises to pay, instalments; calls are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from panshi.billing.events import (
    CallRecorded,
    CaseHeld,
    CaseResumed,
    CollectionInstalmentRequested,
    DunningPolicySet,
    PaymentPromised,
    PromiseBroken,
)
from panshi.billing.models import (
    CASE_LIFE,
    BillBalance,
    BillKind,
    CallOutcome,
    CaseState,
    CollectionCall,
    DunningCase,
    DunningPolicy,
    DunningPromise,
    DunningRung,
    HoldKind,
)
from panshi.billing.services.reminding import take_back
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact
from panshi.kit.money import ZERO, to_fen, yuan
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class PlanExceedsDebt(Refusal):
    """More is promised than is owed, or a plan leaves part of the debt out."""


class OutsidePolicyBounds(Refusal):
    """The platform's bounds do not allow this."""


class CallRecordedAlready(Refusal):
    """The call has an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstalment:
    """A part of a debt and the day by which it is paid, in CNY."""

    due_on: date
    amount: Decimal


def _locked(case_id: UUID, actor: Actor, permission: str = "billing.hold_case") -> DunningCase:
    case = DunningCase.objects.visible_to(actor).select_for_update().get(id=case_id)
    actor.must(permission, case.org_id)
    return case


def _hold(
    case: DunningCase, kind: str, reason: str, until: date | None, actor: Actor, at: datetime
) -> None:
    if case.state != CaseState.ON_HOLD:
        case.state = CASE_LIFE.step(case.state, CaseState.ON_HOLD)
    case.hold_kind, case.hold_reason, case.hold_until = kind, reason, until
    case.save(update_fields=["state", "hold_kind", "hold_reason", "hold_until"])
    take_back([(case.org_id, case.id)], reason="HELD", actor=actor, at=at)


@verb
def hold_case(
    *,
    case_id: UUID,
    reason: str,
    actor: Actor,
    at: datetime,
    until: date | None = None,
    kind: str = HoldKind.OTHER,
) -> CaseHeld:
    """Freeze a case: a dispute, a complaint, an accident, a rescue; messages not sent yet stay.

    Raises IllegalMove for a case that is over or with the lawyers.
    """
    case = _locked(case_id, actor)
    if case.state == CaseState.ON_HOLD:
        CASE_LIFE.step(case.state, CaseState.ON_HOLD)
    _hold(case, HoldKind(kind), reason, until, actor, at)
    return CaseHeld(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, reason=reason, until=until,
        kind=case.hold_kind, source_kind=case.source_kind, source_id=case.source_id,
    )  # fmt: skip


@verb
def resume_case(*, case_id: UUID, actor: Actor, at: datetime) -> CaseResumed:
    """Let the ladder of a case run on from where it stands."""
    case = _locked(case_id, actor)
    case.state = CASE_LIFE.step(case.state, CaseState.OPEN)
    case.hold_kind, case.hold_reason, case.hold_until = "", "", None
    case.save(update_fields=["state", "hold_kind", "hold_reason", "hold_until"])
    _drop_promises(case, local_day(at))
    return CaseResumed(org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, resumed_at=at)


def _drop_promises(case: DunningCase, on: date) -> None:
    """A case that runs on by hand is bound by no promise any more."""
    case.promises.filter(kept_on=None, broken_on=None).update(broken_on=on)


def _open_charges(source_id: UUID | OuterRef, on: date | OuterRef) -> QuerySet[BillBalance]:
    return BillBalance.objects.filter(
        source_id=source_id, kind=BillKind.CHARGE, open_amount__gt=0, due_on__lte=on
    )


def owed_by(case: DunningCase, *, on: date) -> Decimal:
    """What is open of the charges of a case's source that were due by a day, in CNY."""
    found = _open_charges(case.source_id, on).aggregate(owed=Sum("open_amount"))
    return found["owed"] or ZERO


def _promise(
    case: DunningCase, kind: HoldKind, parts: Sequence[NewInstalment], actor: Actor, at: datetime
) -> PaymentPromised:
    on = local_day(at)
    debt = owed_by(case, on=on)
    total = sum((part.amount for part in parts), ZERO)
    if not parts or any(part.amount <= 0 or part.due_on < on for part in parts):
        raise OutsidePolicyBounds(_("Each part has an amount and a day that is not over."))
    if total > debt:
        raise PlanExceedsDebt(
            _("%(total)s is promised, %(debt)s is owed.")
            % {"total": yuan(total), "debt": yuan(debt)}
        )
    ordered = sorted(parts, key=lambda part: part.due_on)
    if any(a.due_on == b.due_on for a, b in pairwise(ordered)):
        raise OutsidePolicyBounds(_("Two parts fall on one day."))
    _drop_promises(case, on)
    by_then = ZERO
    for part in ordered:
        by_then += to_fen(part.amount)
        DunningPromise.objects.create(
            org_id=case.org_id, case=case, kind=kind, due_on=part.due_on, amount=by_then,
            agreed_on=on, debt=debt, by_id=actor.id,
        )  # fmt: skip
    last = ordered[-1].due_on
    words = _("%(amount)s by %(day)s") % {"amount": yuan(total), "day": last.isoformat()}
    _hold(case, kind, words, last + timedelta(days=1), actor, at)
    return PaymentPromised(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id,
        customer_id=case.customer_id, amount=total, by=last, parts=len(ordered),
    )  # fmt: skip


@verb
def promise_to_pay(
    *, case_id: UUID, amount: Decimal, by: date, actor: Actor, at: datetime
) -> PaymentPromised:
    """Note that the customer will pay by a day; until then the ladder stands still.

    Kept, nothing more is sent; broken, the ladder goes on the next day. Raises PlanExceedsDebt,
    OutsidePolicyBounds for an amount of nothing or a day in the past, IllegalMove.
    """
    case = _locked(case_id, actor, "billing.promise_to_pay")
    parts = [NewInstalment(due_on=by, amount=amount)]
    return _promise(case, HoldKind.PROMISE, parts, actor, at)


@verb
def agree_instalments(
    *, case_id: UUID, instalments: Sequence[NewInstalment], actor: Actor, at: datetime
) -> PaymentPromised:
    """Agree that a debt is paid in parts; the ladder stands still while each is paid in time.

    Raises PlanExceedsDebt when the parts are not the whole debt, OutsidePolicyBounds, IllegalMove.
    """
    case = _locked(case_id, actor, "billing.agree_instalments")
    total = sum((part.amount for part in instalments), ZERO)
    debt = owed_by(case, on=local_day(at))
    if total != debt:
        raise PlanExceedsDebt(
            _("The parts make %(total)s, %(debt)s is owed.")
            % {"total": yuan(total), "debt": yuan(debt)}
        )
    return _promise(case, HoldKind.INSTALMENTS, instalments, actor, at)


@verb
def ask_instalments(
    *, case_id: UUID, reason: str, actor: Actor, at: datetime
) -> CollectionInstalmentRequested:
    """Note that the customer asks to pay in parts; somebody decides. Nothing is frozen yet."""
    case = _locked(case_id, actor, "billing.promise_to_pay")
    return CollectionInstalmentRequested(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id,
        customer_id=case.customer_id, open_amount=owed_by(case, on=local_day(at)), reason=reason,
    )  # fmt: skip


def judge_promises(*, on: date, actor: Actor, at: datetime) -> None:
    """Mark promises kept or broken by a day; a broken one lets its ladder run on at once."""
    still_open = _open_charges(OuterRef("case__source_id"), OuterRef("agreed_on"))
    left = still_open.order_by().values("source_id").annotate(sum=Sum("open_amount"))
    waiting = (
        DunningPromise.objects.filter(kept_on=None, broken_on=None)
        .select_related("case")
        .annotate(left=Subquery(left.values("sum")))
        .order_by("case_id", "due_on")
    )
    judged: list[DunningPromise] = []
    facts: list[Fact] = []
    for promise in waiting:
        if promise.debt - (promise.left or ZERO) >= promise.amount:
            promise.kept_on = on
        elif promise.due_on < on:
            promise.broken_on = on
            facts.append(_broken(promise, actor, at))
        else:
            continue
        judged.append(promise)
    DunningPromise.objects.bulk_update(judged, ["kept_on", "broken_on"])
    broken = {promise.case_id for promise in judged if promise.broken_on is not None}
    DunningPromise.objects.filter(case_id__in=broken, kept_on=None, broken_on=None).update(
        broken_on=on
    )
    DunningCase.objects.filter(
        id__in=broken,
        state=CaseState.ON_HOLD,
        hold_kind__in=[HoldKind.PROMISE, HoldKind.INSTALMENTS],
    ).update(state=CaseState.OPEN, hold_kind="", hold_reason="", hold_until=None)
    outbox.publish_all(facts, verb="billing.advance_dunning")


def _broken(promise: DunningPromise, actor: Actor, at: datetime) -> PromiseBroken:
    return PromiseBroken(
        org_id=promise.org_id, actor_id=actor.id, at=at, case_id=promise.case_id,
        customer_id=promise.case.customer_id, amount=promise.amount, due_on=promise.due_on,
    )  # fmt: skip


@verb
def record_call(
    *, call_id: UUID, outcome: str, words: str, actor: Actor, at: datetime
) -> CallRecorded:
    """Record what came of a call to a customer in arrears.

    One who disputes the bill has the ladder frozen at once. Raises CallRecordedAlready.
    """
    call = (
        CollectionCall.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("case")
        .get(id=call_id)
    )
    actor.must("billing.record_call", call.org_id)
    if call.called_at is not None:
        raise CallRecordedAlready(_("This call was recorded already."))
    call.outcome, call.words, call.by_id, call.called_at = CallOutcome(outcome), words, actor.id, at
    call.save(update_fields=["outcome", "words", "by_id", "called_at"])
    if outcome == CallOutcome.DISPUTED and call.case.state == CaseState.OPEN:
        reason = words or str(CallOutcome.DISPUTED.label)
        hold_case(case_id=call.case_id, reason=reason, kind=HoldKind.DISPUTE, actor=actor, at=at)
    return CallRecorded(
        org_id=call.org_id, actor_id=actor.id, at=at, call_id=call.id, case_id=call.case_id,
        outcome=call.outcome,
    )  # fmt: skip


@verb
def set_dunning_policy(
    *, rung_day: int, day: int, skipped: bool, actor: Actor, at: datetime
) -> DunningPolicySet:
    """Move a rung of one's own ladder, or leave it out, inside the platform's bounds.

    Raises OutsidePolicyBounds.
    """
    actor.must("billing.set_dunning_policy", actor.org_id)
    rung = DunningRung.objects.get(day=rung_day)
    earliest = rung.day if rung.earliest is None else rung.earliest
    latest = rung.day if rung.latest is None else rung.latest
    if not earliest <= day <= latest:
        raise OutsidePolicyBounds(
            _("This rung lies between day %(first)d and day %(last)d.")
            % {"first": earliest, "last": latest}
        )
    if skipped and not rung.may_skip:
        raise OutsidePolicyBounds(_("This rung cannot be left out."))
    DunningPolicy.objects.update_or_create(
        org_id=actor.org_id, rung=rung, defaults={"day": day, "skipped": skipped}
    )
    return DunningPolicySet(
        org_id=actor.org_id, actor_id=actor.id, at=at, rung=rung.code, day=day, skipped=skipped
    )
