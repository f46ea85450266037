"""Verbs that say what is wanted: targets and budgets."""

from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max
from django.utils.translation import gettext as _

from panshi.cockpit.catalogue import DEFINITIONS, Indicator
from panshi.cockpit.events import BudgetSet, TargetSet
from panshi.cockpit.models import Budget, CostClass, Target
from panshi.cockpit.rules import HIGH
from panshi.kit.clock import month_start
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class MarksReversed(Refusal):
    pass


class NotMeasured(Refusal):
    pass


@verb
def set_target(
    *,
    org_id: int,
    indicator: str,
    month: date,
    green: Decimal,
    red: Decimal,
    actor: Actor,
    at: datetime,
) -> TargetSet:
    """Set the marks of an indicator from a month on; the marks of earlier months stay.

    `green` and `red` are in the unit of the figure: CNY a month, shares from 0 to 1, stars,
    minutes. Raises MarksReversed unless green is the better mark, NotMeasured for an unknown
    indicator.
    """
    actor.must("cockpit.set_target", org_id)
    if indicator not in Indicator.values:
        raise NotMeasured(_("There is no indicator %(code)s.") % {"code": indicator})
    better = DEFINITIONS[Indicator(indicator)].measure.better
    if red < 0 or (green < red if better == HIGH else green > red):
        raise MarksReversed(_("The green mark must be better than the red one."))
    month = month_start(month)
    Target.objects.update_or_create(
        org_id=org_id,
        indicator=indicator,
        month=month,
        defaults={"green": green, "red": red, "set_by_id": actor.id, "set_at": at},
    )
    return TargetSet(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        indicator=indicator,
        month=month,
        green=green,
        red=red,
    )


@verb
def set_budget(
    *, org_id: int, month: date, cost_class: str, amount: Decimal, actor: Actor, at: datetime
) -> BudgetSet:
    """Set what a class of cost may be in a month, in CNY; earlier versions are kept."""
    actor.must("cockpit.set_budget", org_id)
    if amount < 0:
        raise MarksReversed(_("A budget is not negative."))
    month = month_start(month)
    same = Budget.objects.filter(org_id=org_id, month=month, cost_class=CostClass(cost_class))
    last = same.aggregate(last=Max("version"))["last"] or 0
    budget = Budget.objects.create(
        org_id=org_id,
        month=month,
        cost_class=CostClass(cost_class),
        version=last + 1,
        amount=amount,
        set_by_id=actor.id,
        set_at=at,
    )
    return BudgetSet(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        month=month,
        cost_class=budget.cost_class,
        version=budget.version,
        amount=amount,
    )
