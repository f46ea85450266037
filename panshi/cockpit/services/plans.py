"""Verbs of risks and roll-out plans."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.events import PhaseGatePassed, RiskRecorded, RiskReviewed, RollOutPlanned
from panshi.cockpit.models import PHASE_LIFE, GatePassed, Phase, Risk, RiskClass, RollOutPlan
from panshi.kit.clock import local_day
from panshi.kit.numbers import next_number
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
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
    """Open the plan of record for a city, or move its opening day, owner and budget."""
    actor.must("cockpit.plan_roll_out", org_id)
    plan, _new = RollOutPlan.objects.update_or_create(
        org_id=org_id,
        city=city.strip(),
        defaults={"owner_id": owner_id, "opens_on": opens_on, "budget": budget},
    )
    return RollOutPlanned(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        city=plan.city,
        opens_on=opens_on,
    )


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
    """Enter the next phase on evidence, or on an exception that ends on a day.

    Raises GateWithoutEvidence, or IllegalMove when a phase would be left out.
    """
    plan = RollOutPlan.objects.visible_to(actor).select_for_update().get(id=plan_id)
    actor.must("cockpit.pass_gate", plan.org_id)
    if not evidence.strip():
        raise GateWithoutEvidence(_("Name the closed runs and figures on which the gate opens."))
    plan.phase = PHASE_LIFE.step(plan.phase, Phase(to_phase))
    plan.save(update_fields=["phase"])
    GatePassed.objects.create(
        org_id=plan.org_id,
        plan=plan,
        phase=plan.phase,
        evidence=evidence.strip(),
        is_exception=exception_ends_on is not None,
        exception_ends_on=exception_ends_on,
        passed_by_id=actor.id,
        passed_at=at,
    )
    return PhaseGatePassed(
        org_id=plan.org_id,
        actor_id=actor.id,
        at=at,
        plan_id=plan.id,
        phase=plan.phase,
        is_exception=exception_ends_on is not None,
    )
