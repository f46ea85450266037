"""Questions about arrears: one case with its ladder, calls and promises, and the ladder itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum

from panshi.billing.models import (
    BillBalance,
    BillKind,
    CaseState,
    CollectionCall,
    DunningCase,
    DunningPolicy,
    DunningRung,
    HoldKind,
)
from panshi.billing.queries.bills import customer_names
from panshi.fleet import queries as fleet
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.notify import queries as notify
from panshi.notify.queries import DeliveryRow, Proof
from panshi.org import queries as org

CASE: Final = "billing.DunningCase"
OPEN_STATES: Final = (CaseState.OPEN, CaseState.ON_HOLD, CaseState.LEGAL)


def source_of(topic_id: UUID, rung: str | int) -> str:
    """Under which source id the message of a rung is kept, and its proof found."""
    return f"{topic_id}/{rung}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsRow:
    """A case on the board; `rung_name` is the last rung that fired, `days` since the due day."""

    id: UUID
    customer_id: UUID
    customer_name: str
    plate: str
    source_kind: str
    source_id: UUID
    oldest_due_on: date
    days: int
    rung: int | None
    rung_name: str
    state: str
    hold_kind: str
    hold_reason: str
    hold_until: date | None
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsPage:
    """A page of the board, with how many cases stand on each rung and what all of them owe."""

    rows: tuple[ArrearsRow, ...]
    total: int
    owed: Decimal


def _owed(cases: Sequence[DunningCase], today: date) -> dict[UUID, Decimal]:
    found = BillBalance.objects.filter(
        source_id__in=[c.source_id for c in cases],
        kind=BillKind.CHARGE,
        open_amount__gt=0,
        due_on__lt=today,
    )
    return dict(found.values_list("source_id").annotate(owed=Sum("open_amount")))


def _rows(cases: Sequence[DunningCase], today: date, actor: Actor) -> tuple[ArrearsRow, ...]:
    owed = _owed(cases, today)
    names = customer_names([c.customer_id for c in cases], actor)
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({c.vehicle_id for c in cases if c.vehicle_id}), actor=actor
    )
    rungs = {rung.day: str(rung) for rung in DunningRung.objects.all()}
    return tuple(
        ArrearsRow(
            id=c.id,
            customer_id=c.customer_id,
            customer_name=names.get(c.customer_id, ""),
            plate=vehicles[c.vehicle_id].plate if c.vehicle_id in vehicles else "",
            source_kind=c.source_kind,
            source_id=c.source_id,
            oldest_due_on=c.oldest_due_on,
            days=(today - c.oldest_due_on).days,
            rung=c.rung,
            rung_name=rungs.get(c.rung, "") if c.rung is not None else "",
            state=c.state,
            hold_kind=c.hold_kind,
            hold_reason=c.hold_reason,
            hold_until=c.hold_until,
            open_amount=owed.get(c.source_id, ZERO),
        )
        for c in cases
    )


@question
def dunning_board(*, today: date, actor: Actor, limit: int = 500) -> tuple[ArrearsRow, ...]:
    """Cases that are not over, the oldest debt first."""
    cases = DunningCase.objects.visible_to(actor).filter(state__in=OPEN_STATES)
    return _rows(list(cases.order_by("oldest_due_on", "id")[:limit]), today, actor)


@question
def arrears_page(
    *,
    today: date,
    actor: Actor,
    state: str = "",
    rung: int | None = None,
    limit: int = 50,
    offset: int = 0,
) -> ArrearsPage:
    """Cases of arrears, the oldest debt first; without a state those that are not over."""
    found = DunningCase.objects.visible_to(actor)
    found = found.filter(state=state) if state else found.filter(state__in=OPEN_STATES)
    if rung is not None:
        found = found.filter(rung=rung)
    ordered = found.order_by("oldest_due_on", "id")
    cases = list(ordered[offset : offset + limit])
    owed = BillBalance.objects.filter(
        source_id__in=found.values("source_id"),
        kind=BillKind.CHARGE,
        open_amount__gt=0,
        due_on__lt=today,
    ).aggregate(owed=Sum("open_amount"))
    return ArrearsPage(
        rows=_rows(cases, today, actor), total=found.count(), owed=owed["owed"] or ZERO
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A rung of a case's ladder; `fired_on` is None while it lies ahead."""

    day: int
    name: str
    after: int
    fired_on: date | None
    open_amount: Decimal | None
    to_confirm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRow:
    kind: str
    due_on: date
    amount: Decimal
    agreed_on: date
    kept_on: date | None
    broken_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    id: UUID
    case_id: UUID
    customer_name: str
    call_on: date
    outcome: str
    words: str
    by_name: str
    called_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsCard(ArrearsRow):
    """A case with its ladder, what was sent and proven, calls and promises."""

    org_id: int
    opened_on: date
    closed_on: date | None
    steps: tuple[StepRow, ...]
    messages: tuple[DeliveryRow, ...]
    promises: tuple[PromiseRow, ...]
    calls: tuple[CallRow, ...]


@question
def arrears_card(*, case_id: UUID, today: date, actor: Actor) -> ArrearsCard:
    """One case of arrears."""
    case = DunningCase.objects.visible_to(actor).get(id=case_id)
    (row,) = _rows([case], today, actor)
    fired = {step.day: step for step in case.steps.all()}
    bills = BillBalance.objects.filter(source_id=case.source_id, kind=BillKind.CHARGE)
    topics = [case.id, *bills.values_list("bill_id", flat=True)]
    return ArrearsCard(
        **{name: getattr(row, name) for name in ArrearsRow.__slots__},
        org_id=case.org_id,
        opened_on=case.opened_on,
        closed_on=case.closed_on,
        steps=tuple(
            StepRow(
                day=rung.day,
                name=rung.name,
                after=rung.after,
                fired_on=fired[rung.day].fired_on if rung.day in fired else None,
                open_amount=fired[rung.day].open_amount if rung.day in fired else None,
                to_confirm=rung.to_confirm,
            )
            for rung in ladder_of(org_id=case.org_id, actor=actor)
            if rung.day > 0 and (rung.day in fired or not rung.skipped)
        ),
        messages=tuple(notify.messages_about(topic_ids=topics, actor=actor)),
        promises=tuple(
            PromiseRow(
                kind=str(HoldKind(p.kind).label),
                due_on=p.due_on,
                amount=p.amount,
                agreed_on=p.agreed_on,
                kept_on=p.kept_on,
                broken_on=p.broken_on,
            )
            for p in case.promises.order_by("agreed_on", "due_on")
        ),
        calls=_calls(list(case.calls.order_by("call_on")), {case.customer_id: row.customer_name},
                     actor),
    )  # fmt: skip


def _calls(
    calls: Sequence[CollectionCall], names: dict[UUID, str], actor: Actor
) -> tuple[CallRow, ...]:
    people = org.names_of(user_ids=tuple({c.by_id for c in calls if c.by_id}), actor=actor)
    return tuple(
        CallRow(
            id=c.id,
            case_id=c.case_id,
            customer_name=names.get(c.case.customer_id, ""),
            call_on=c.call_on,
            outcome=c.outcome,
            words=c.words,
            by_name=people.get(c.by_id, "") if c.by_id else "",
            called_at=c.called_at,
        )
        for c in calls
    )


@question
def calls_to_make(*, today: date, actor: Actor, limit: int = 100) -> tuple[CallRow, ...]:
    """Calls that are due and not made, of cases that run."""
    calls = list(
        CollectionCall.objects.visible_to(actor)
        .filter(called_at=None, call_on__lte=today, case__state=CaseState.OPEN)
        .select_related("case")
        .order_by("call_on", "id")[:limit]
    )
    names = customer_names([c.case.customer_id for c in calls], actor)
    return _calls(calls, names, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRow:
    """A rung as a node climbs it: on day `after`, between `earliest` and `latest`."""

    day: int
    name: str
    after: int
    earliest: int
    latest: int
    skipped: bool
    may_skip: bool
    template: str
    controls: bool
    notice_hours: int | None
    to_confirm: bool


@question
def ladder_of(*, org_id: int, actor: Actor) -> tuple[LadderRow, ...]:
    """The ladder of a node, reminders first."""
    own = {p.rung_id: p for p in DunningPolicy.objects.filter(org_id=org_id)}
    return tuple(
        LadderRow(
            day=rung.day,
            name=str(rung),
            after=own[rung.day].day if rung.day in own else rung.day,
            earliest=rung.day if rung.earliest is None else rung.earliest,
            latest=rung.day if rung.latest is None else rung.latest,
            skipped=rung.day in own and own[rung.day].skipped,
            may_skip=rung.may_skip,
            template=rung.template,
            controls=rung.controls,
            notice_hours=rung.notice_hours,
            to_confirm=rung.to_confirm,
        )
        for rung in DunningRung.objects.order_by("day")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtStanding:
    """How a source stands with what it owes, for those who decide about its vehicle.

    `promised` says that a promise or instalments are being kept; `proofs` are the proven notices
    by the day of their rung, the earliest of each.
    """

    case_id: UUID
    source_id: UUID
    state: str
    hold_kind: str
    promised: bool
    open_amount: Decimal
    rungs: tuple[int, ...]
    proofs: dict[int, Proof]


@question
def debts_of(*, source_ids: Sequence[UUID], today: date, actor: Actor) -> dict[UUID, DebtStanding]:
    """The arrears of sources that have a case which is not over, on live books."""
    cases = list(
        DunningCase.objects.visible_to(actor)
        .filter(source_id__in=list(source_ids), state__in=OPEN_STATES)
        .prefetch_related("steps")
    )
    owed = _owed(cases, today)
    fired = {case.id: sorted(step.day for step in case.steps.all()) for case in cases}
    proofs = notify.proofs_of(
        source_kind=CASE,
        source_ids=[source_of(case_id, day) for case_id, days in fired.items() for day in days],
        actor=actor,
    )
    return {
        case.source_id: DebtStanding(
            case_id=case.id,
            source_id=case.source_id,
            state=case.state,
            hold_kind=case.hold_kind,
            promised=case.hold_kind in (HoldKind.PROMISE, HoldKind.INSTALMENTS),
            open_amount=owed.get(case.source_id, ZERO),
            rungs=tuple(fired[case.id]),
            proofs={
                day: proofs[source][0]
                for day in fired[case.id]
                if (source := source_of(case.id, day)) in proofs
            },
        )
        for case in cases
    }
