"""The verb by which an operator sets its own limits within what the book allows."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.handbook import book
from panshi.handbook.events import ParameterSet
from panshi.handbook.models import ParameterValue
from panshi.handbook.rules.parameters import Parameter, Setting, Settings
from panshi.handbook.services.common import ReasonMissing
from panshi.kit.clock import day_start, local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class ParameterFixed(Refusal):
    """The book lets nobody set this parameter, or not for one vehicle model."""


class ParameterOutOfBounds(Refusal):
    pass


class ParameterInThePast(Refusal):
    pass


class ModelUnknown(Refusal):
    pass


def settings_of(org_ids: Collection[int]) -> Settings:
    """The own values of these operators, in one question."""
    rows = ParameterValue.objects.filter(org_id__in=org_ids).order_by("effective_from", "id")
    return Settings(
        Setting(
            org_id=row.org_id,
            name=row.name,
            model_code=row.model_code,
            value=row.value,
            effective_from=row.effective_from,
        )
        for row in rows
    )


def _settable(name: str, at: datetime) -> Parameter:
    edition = book.book_at(at)
    found = edition.parameters.get(name) if edition else None
    if found is None or not found.settable:
        raise ParameterFixed(_("The book fixes “%s”; an operator does not set it.") % name)
    return found


def _fits(parameter: Parameter, value: Decimal | None) -> None:
    low, high = parameter.low, parameter.high
    if value is None or low is None or high is None or low <= value <= high:
        return
    raise ParameterOutOfBounds(
        _("%(name)s lies between %(low)s and %(high)s %(unit)s.")
        % {"name": parameter.zh, "low": low, "high": high, "unit": parameter.unit}
    )


@verb
def set_parameter(
    *,
    org_id: int,
    name: str,
    value: Decimal | None,
    reason: str,
    actor: Actor,
    at: datetime,
    model_code: str = "",
    starts_on: date | None = None,
) -> ParameterSet:
    """Set an operator's own value of a parameter from a day on, now when no day is given.

    Without a value the book's counts again. Runs that began earlier keep what they began with.
    Raises ParameterFixed, ParameterOutOfBounds, ParameterInThePast, ModelUnknown, ReasonMissing.
    """
    actor.must("handbook.set_parameter", org_id)
    parameter = _settable(name, at)
    _fits(parameter, value)
    if not reason.strip():
        raise ReasonMissing(_("Say why this limit is set otherwise here."))
    if model_code:
        if not parameter.per_model:
            raise ParameterFixed(_("This limit is the same for all vehicle models."))
        if model_code not in {m.code for m in fleet.vehicle_models(actor=actor)}:
            raise ModelUnknown(_("There is no vehicle model “%s”.") % model_code)
    today = local_day(at)
    if starts_on is not None and starts_on < today:
        raise ParameterInThePast(_("A limit is set from today on or later."))
    later = starts_on is not None and starts_on > today
    row = ParameterValue.objects.create(
        org_id=org_id,
        name=name,
        model_code=model_code,
        value=value,
        effective_from=day_start(starts_on) if later and starts_on else at,
        reason=reason.strip()[:200],
        set_by_id=actor.id,
    )
    return ParameterSet(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        parameter=name,
        model_code=model_code,
        value=value,
        effective_from=row.effective_from,
    )
