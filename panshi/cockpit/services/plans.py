"""Verbs of risks and roll-out plans."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.cockpit import launch
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.events import (
    PhaseGatePassed,
    PlansFollowed,
    RiskRecorded,
    RiskReviewed,
    RollOutPlanned,
)
from panshi.cockpit.models import PHASE_LIFE, GatePassed, Phase, Risk, RiskClass, RollOutPlan
from panshi.handbook import queries as handbook_queries
from panshi.handbook import services as handbook
from panshi.kit.clock import local_day
from panshi.kit.numbers import next_number
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.verbs import VERBS, verb

_BINDINGS: Final = ("check", "guard", "constraint", "indicator", "node", "task")


class ControlBoundToNothing(Refusal):
    pass


class ReviewInThePast(Refusal):
    pass


class NotWeighed(Refusal):
    pass


class GateWithoutEvidence(Refusal):
    pass


class GateNotReady(Refusal):
    """Runs are open or figures are not reached, and nobody has written an exception."""


def _controls(controls: tuple[str, ...]) -> list[str]:
    """Controls as written, `kind:name` each. Raises ControlBoundToNothing."""
    kept = [control.strip() for control in controls if control.strip()]
    for control in kept:
        kind, _colon, name = control.partition(":")
        bound = kind in _BINDINGS and bool(name.strip())
        if kind == "indicator":
            bound = name in Indicator.values
        if kind == "guard":
            bound = name in VERBS
        if not bound:
            raise ControlBoundToNothing(
                _(
                    "“%(control)s” is bound to nothing that runs. Write check:, guard:,"
                    " constraint:, indicator:, node: or task: and its name."
                )
                % {"control": control}
            )
    if not kept:
        raise ControlBoundToNothing(_("A risk needs a control that runs."))
    return kept


def _weighed(*weights: int) -> None:
    if not all(1 <= weight <= 5 for weight in weights):
        raise NotWeighed(_("Weigh likelihood and impact from 1 to 5."))


@verb
def record_risk(
    *,
    org_id: int,
    risk_class: str,
    title: str,
    text: str,
    likelihood: int,
    impact: int,
    residual_likelihood: int,
    residual_impact: int,
    controls: tuple[str, ...],
    owner_id: UUID,
    review_on: date,
    actor: Actor,
    at: datetime,
) -> RiskRecorded:
    """Put a risk in the register, weighed before and after its controls, each from 1 to 5.

    A control is `kind:name` of a thing that runs. Raises ControlBoundToNothing, NotWeighed or
    ReviewInThePast.
    """
    actor.must("cockpit.record_risk", org_id)
    _weighed(likelihood, impact, residual_likelihood, residual_impact)
    if review_on <= local_day(at):
        raise ReviewInThePast(_("The next review lies ahead."))
    risk = Risk.objects.create(
        org_id=org_id,
        number=next_number(org_id=org_id, series="RISK"),
        risk_class=RiskClass(risk_class),
        title=title.strip(),
        text=text.strip(),
        likelihood=likelihood,
        impact=impact,
        residual_likelihood=residual_likelihood,
        residual_impact=residual_impact,
        controls=_controls(controls),
        owner_id=owner_id,
        review_on=review_on,
    )
    return RiskRecorded(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        risk_id=risk.id,
        number=risk.number,
        risk_class=risk.risk_class,
        weight=risk.weight,
    )


@verb
def review_risk(
    *,
    risk_id: UUID,
    residual_likelihood: int,
    residual_impact: int,
    review_on: date,
    actor: Actor,
    at: datetime,
) -> RiskReviewed:
    """Weigh what is left of a risk anew and say when next. Raises NotWeighed, ReviewInThePast."""
    risk = Risk.objects.visible_to(actor).select_for_update().get(id=risk_id, closed_at=None)
    actor.must("cockpit.review_risk", risk.org_id)
    _weighed(residual_likelihood, residual_impact)
    if review_on <= local_day(at):
        raise ReviewInThePast(_("The next review lies ahead."))
    risk.residual_likelihood, risk.residual_impact = residual_likelihood, residual_impact
    risk.review_on, risk.reviewed_at = review_on, at
    risk.save(update_fields=["residual_likelihood", "residual_impact", "review_on", "reviewed_at"])
    return RiskReviewed(
        org_id=risk.org_id,
        actor_id=actor.id,
        at=at,
        risk_id=risk.id,
        residual_weight=risk.residual_weight,
        review_on=review_on,
    )


@verb
def plan_roll_out(
    *,
    org_id: int,
    city: str,
    owner_id: UUID,
    opens_on: date,
    budget: Decimal,
    actor: Actor,
    at: datetime,
) -> RollOutPlanned:
    """Open the plan of record for a city, or move its opening day, owner and budget.

    Nodes of the launch playbook whose day has come begin at once, and the city's weeks are counted
    from its opening day.
    """
    actor.must("cockpit.plan_roll_out", org_id)
    plan, _new = RollOutPlan.objects.update_or_create(
        org_id=org_id,
        city=city.strip(),
        defaults={"owner_id": owner_id, "opens_on": opens_on, "budget": budget},
    )
    handbook.note_launch(
        org_id=org_id,
        city=plan.city,
        launched_on=opens_on,
        actor=system_actor(org_id),
        at=at,
    )
    _start_nodes(plan, at)
    return RollOutPlanned(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        city=plan.city,
        opens_on=opens_on,
    )


def _start_nodes(plan: RollOutPlan, at: datetime) -> int:
    """Facts of this room do not travel to the handbook below, so its verb is called here."""
    started = handbook.start_playbook(
        org_id=plan.org_id,
        city=plan.city,
        plan_id=plan.id,
        phase=plan.phase,
        opens_on=plan.opens_on,
        actor=system_actor(plan.org_id),
        at=at,
    )
    return len(started.runs)


@verb
def follow_plans(*, actor: Actor, at: datetime) -> PlansFollowed:
    """Start what the launch playbook asks of every plan up to today; again it starts nothing."""
    actor.must("cockpit.plan_roll_out", actor.org_id)
    plans = list(RollOutPlan.objects.visible_to(actor).order_by("id"))
    runs = sum(_start_nodes(plan, at) for plan in plans)
    return PlansFollowed(org_id=actor.org_id, actor_id=actor.id, at=at, plans=len(plans), runs=runs)


def _standing(plan: RollOutPlan, at: datetime) -> list[launch.GateItem]:
    system = system_actor(plan.org_id)
    phases = handbook_queries.launch_phases(
        plan_id=plan.id, opens_on=plan.opens_on, actor=system, at=at
    )
    return launch.gate_of(plan, phases, system, at)


@verb
def pass_gate(
    *,
    plan_id: UUID,
    to_phase: str,
    evidence: str,
    exception_ends_on: date | None,
    actor: Actor,
    at: datetime,
) -> PhaseGatePassed:
    """Enter the next phase on closed runs and measured figures, or on a written exception.

    An exception ends on a day and stands under the name of the person who opens the gate. What was
    reached is kept with the gate. Raises GateWithoutEvidence, GateNotReady with what lacks, or
    IllegalMove when a phase would be left out.
    """
    plan = RollOutPlan.objects.visible_to(actor).select_for_update().get(id=plan_id)
    actor.must("cockpit.pass_gate", plan.org_id)
    if not evidence.strip():
        raise GateWithoutEvidence(_("Name the closed runs and figures on which the gate opens."))
    after = PHASE_LIFE.step(plan.phase, Phase(to_phase))
    items = _standing(plan, at)
    lacking = [f"{i.words}（{i.have}，{i.want}）" for i in items if not i.met]
    if exception_ends_on is None and (lacking or not items):
        raise GateNotReady(
            _("The gate stays shut: %(list)s. A named person may write an exception with its end.")
            % {"list": "；".join(lacking) or _("no playbook is in force")}
        )
    plan.phase = after
    plan.save(update_fields=["phase"])
    GatePassed.objects.create(
        org_id=plan.org_id,
        plan=plan,
        phase=plan.phase,
        evidence=evidence.strip(),
        standing=[asdict(item) for item in items],
        is_exception=exception_ends_on is not None,
        exception_ends_on=exception_ends_on,
        passed_by_id=actor.id,
        passed_at=at,
    )
    _start_nodes(plan, at)
    return PhaseGatePassed(
        org_id=plan.org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        phase=plan.phase,
        is_exception=exception_ends_on is not None,
    )
