"""Lists of the cockpit: targets, alerts, budgets, risks, roll-out plans."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.models import (
    Alert,
    AlertState,
    Budget,
    CostClass,
    GatePassed,
    Phase,
    Risk,
    RiskClass,
    RollOutPlan,
    Target,
)
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger
from panshi.org import queries as org

COST_CLASS_OF: Final = {
    "6401.dep": CostClass.EQUIPMENT,
    "6602.idle": CostClass.EQUIPMENT,
    "6401.service": CostClass.MATERIAL,
    "6401.maintenance": CostClass.MATERIAL,
    "6401.parts": CostClass.MATERIAL,
    "6602.office": CostClass.OPERATIONS,
    "6602.rent": CostClass.OPERATIONS,
    "6602.stock": CostClass.MATERIAL,
    "6401.energy": CostClass.OPERATIONS,
    "6401.insurance": CostClass.OPERATIONS,
    "6401.other": CostClass.OPERATIONS,
    "6401.share": CostClass.OPERATIONS,
    "6603": CostClass.OTHER,
    "6702": CostClass.OTHER,
    "6711": CostClass.OTHER,
}
"""Every expense account of the chart belongs to exactly one class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    id: UUID
    org_id: int
    org_name: str
    indicator: Indicator
    month: date
    green: Decimal
    red: Decimal
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert. `cases` is the denominator that its figure rested upon."""

    id: UUID
    org_name: str
    indicator: Indicator
    state: AlertState
    value: Decimal
    red: Decimal
    cases: Decimal
    raised_at: datetime
    note: str
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A class of cost in a month: planned (None without a budget) and posted, in CNY."""

    cost_class: CostClass
    planned: Decimal | None
    actual: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRow:
    id: UUID
    number: str
    org_name: str
    risk_class: RiskClass
    title: str
    text: str
    likelihood: int
    impact: int
    weight: int
    residual_likelihood: int
    residual_impact: int
    residual_weight: int
    controls: tuple[str, ...]
    owner: str
    review_on: date
    reviewed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    phase: Phase
    evidence: str
    exception_ends_on: date | None
    passed_by: str
    passed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    id: UUID
    city: str
    org_name: str
    phase: Phase
    owner: str
    opens_on: date
    budget: Decimal
    gates: tuple[GateRow, ...]


def _node_names(actor: Actor) -> dict[int, str]:
    return {node.id: node.name for node in org.nodes(actor=actor)}


@question
def target_rows(*, actor: Actor) -> list[TargetRow]:
    """The marks that were set in this part of the tree, newest month first."""
    rows = list(Target.objects.visible_to(actor).order_by("-month", "indicator", "org_id"))
    names = _node_names(actor)
    people = org.names_of(user_ids=tuple({r.set_by_id for r in rows}), actor=actor)
    return [
        TargetRow(
            id=row.id,
            org_id=row.org_id,
            org_name=names.get(row.org_id, ""),
            indicator=Indicator(row.indicator),
            month=row.month,
            green=row.green,
            red=row.red,
            set_by=people.get(row.set_by_id, ""),
            set_at=row.set_at,
        )
        for row in rows
    ]


def _alerts(rows: Iterable[Alert]) -> tuple[AlertRow, ...]:
    return tuple(
        AlertRow(
            id=row.id,
            org_name=row.org.name,
            indicator=Indicator(row.indicator),
            state=AlertState(row.state),
            value=row.value,
            red=row.red,
            cases=row.cases,
            raised_at=row.raised_at,
            note=row.note,
            cleared_at=row.cleared_at,
        )
        for row in rows
    )


def _live_alerts(actor: Actor) -> QuerySet[Alert]:
    return Alert.objects.visible_to(actor).exclude(state=AlertState.CLEARED)


def open_alerts(actor: Actor, limit: int = 20) -> tuple[AlertRow, ...]:
    """The newest alerts that are not cleared, for a page that asks under its own context."""
    return _alerts(_live_alerts(actor).select_related("org").order_by("-raised_at")[:limit])


@question
def open_alert_count(*, actor: Actor) -> int:
    """How many indicators of this part of the tree are beyond their red mark."""
    return _live_alerts(actor).count()


@question
def alert_rows(
    *,
    actor: Actor,
    state: str = "",
    indicator: str = "",
    order_by: str = "-raised_at",
    limit: int = 20,
    offset: int = 0,
) -> tuple[tuple[AlertRow, ...], int]:
    """A page of alerts and how many match; without a state, those not cleared."""
    found = Alert.objects.visible_to(actor)
    found = found.filter(state=state) if state else found.exclude(state=AlertState.CLEARED)
    if indicator:
        found = found.filter(indicator=indicator)
    order = order_by if order_by.removeprefix("-") == "raised_at" else "-raised_at"
    page = found.select_related("org").order_by(order, "id")[offset : offset + limit]
    return _alerts(page), found.count()


_POSTED: Final = tuple(COST_CLASS_OF)


@question
def budget_against_actual(*, month: date, actor: Actor) -> list[BudgetRow]:
    """Planned and posted cost of a month by class; the newest version of each budget counts."""
    first = month_start(month)
    newest: dict[tuple[int, str], Decimal] = {
        (row.org_id, row.cost_class): row.amount
        for row in Budget.objects.visible_to(actor).filter(month=first).order_by("version")
    }
    planned: dict[str, Decimal] = {}
    for (_org_id, cost_class), amount in newest.items():
        planned[cost_class] = planned.get(cost_class, ZERO) + amount
    posted = dict.fromkeys(CostClass, ZERO)
    for row in ledger.balances(
        accounts=_POSTED, since=first, until=add_months(first, 1), actor=actor
    ):
        posted[COST_CLASS_OF[row.account]] += row.amount
    return [
        BudgetRow(cost_class=code, planned=planned.get(code), actual=posted[code])
        for code in CostClass
    ]


def _risk(row: Risk, people: dict[UUID, str]) -> RiskRow:
    return RiskRow(
        id=row.id,
        number=row.number,
        org_name=row.org.name,
        risk_class=RiskClass(row.risk_class),
        title=row.title,
        text=row.text,
        likelihood=row.likelihood,
        impact=row.impact,
        weight=row.weight,
        residual_likelihood=row.residual_likelihood,
        residual_impact=row.residual_impact,
        residual_weight=row.residual_weight,
        controls=tuple(row.controls),
        owner=people.get(row.owner_id, ""),
        review_on=row.review_on,
        reviewed_at=row.reviewed_at,
    )


_RISK_ORDER: Final = frozenset({"number", "review_on", "risk_class"})


@question
def risk_rows(
    *,
    actor: Actor,
    risk_class: str = "",
    order_by: str = "review_on",
    limit: int = 20,
    offset: int = 0,
) -> tuple[list[RiskRow], int]:
    """A page of the register and how many risks match; the next review first."""
    found = Risk.objects.visible_to(actor).filter(closed_at=None)
    if risk_class:
        found = found.filter(risk_class=risk_class)
    order = order_by if order_by.removeprefix("-") in _RISK_ORDER else "review_on"
    page = list(found.select_related("org").order_by(order, "id")[offset : offset + limit])
    people = org.names_of(user_ids=tuple({r.owner_id for r in page}), actor=actor)
    return [_risk(row, people) for row in page], found.count()


@question
def risk_card(*, risk_id: UUID, actor: Actor) -> RiskRow:
    """One risk."""
    row = Risk.objects.visible_to(actor).select_related("org").get(id=risk_id)
    return _risk(row, org.names_of(user_ids=(row.owner_id,), actor=actor))


@question
def roll_out_plans(*, actor: Actor) -> list[PlanRow]:
    """The plans of record, the next opening first."""
    plans = list(RollOutPlan.objects.visible_to(actor).select_related("org").order_by("opens_on"))
    passed = list(GatePassed.objects.filter(plan__in=plans).order_by("passed_at"))
    people = org.names_of(
        user_ids=tuple({p.owner_id for p in plans} | {g.passed_by_id for g in passed}), actor=actor
    )
    return [
        PlanRow(
            id=plan.id,
            city=plan.city,
            org_name=plan.org.name,
            phase=Phase(plan.phase),
            owner=people.get(plan.owner_id, ""),
            opens_on=plan.opens_on,
            budget=plan.budget,
            gates=tuple(
                GateRow(
                    phase=Phase(gate.phase),
                    evidence=gate.evidence,
                    exception_ends_on=gate.exception_ends_on,
                    passed_by=people.get(gate.passed_by_id, ""),
                    passed_at=gate.passed_at,
                )
                for gate in passed
                if gate.plan_id == plan.id
            ),
        )
        for plan in plans
    ]
