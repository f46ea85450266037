"""An operator's own limits: within the book's bounds, from a day on, kept by what has begun."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.fleet.tests import make as fleet_make
from panshi.handbook import queries, services
from panshi.handbook.models import ParameterValue
from panshi.handbook.rules import parameters
from panshi.handbook.services import parameters as refusals
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import acting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.telematics.events import VehicleWentOffline

pytestmark = pytest.mark.usefixtures("in_force")

NAME = "idle_12v_min_v"


@pytest.fixture
def node() -> OrgNode:
    make.edition()
    return org_make.operator()


def put(
    node: OrgNode, value: str | None, *, name: str = NAME, days: int = 0, model: str = ""
) -> None:
    services.set_parameter(
        org_id=node.id, name=name, value=Decimal(value) if value else None, model_code=model,
        starts_on=make.NOON.date() + timedelta(days=days) if days else None, reason="冬天冷",
        actor=make.person(node, "OPERATIONS"), at=make.NOON,
    )  # fmt: skip


def test_a_value_beyond_the_bounds_or_in_the_past_is_refused(node: OrgNode) -> None:
    actor = make.person(node, "OPERATIONS")
    given: dict[str, Any] = {
        "org_id": node.id,
        "name": NAME,
        "value": Decimal("12.5"),
        "reason": "冬天冷",
    }
    wrong: list[tuple[dict[str, Any], type[Refusal]]] = [
        ({"value": Decimal("11.9")}, refusals.ParameterOutOfBounds),
        ({"value": Decimal("12.9")}, refusals.ParameterOutOfBounds),
        ({"name": "safe_voltage_v", "value": Decimal(60)}, refusals.ParameterFixed),
        ({"name": "promise_days", "value": Decimal(2), "model_code": "X"}, refusals.ParameterFixed),
        ({"model_code": "no such model"}, refusals.ModelUnknown),
        ({"starts_on": date(2027, 3, 8)}, refusals.ParameterInThePast),
        ({"reason": " "}, ReasonMissing),
        ({"actor": make.person(node, "SALES")}, NotPermitted),
    ]
    for changed, refusal in wrong:
        with pytest.raises(refusal):
            services.set_parameter(**{"actor": actor, "at": make.NOON, **given, **changed})
    assert not ParameterValue.objects.exists()


def test_a_run_takes_the_value_in_force_at_its_facts_moment_and_keeps_it(node: OrgNode) -> None:
    vehicle = fleet_make.vehicle(org=node)
    put(node, "12.5", days=1)
    idle = make.idled(node, vehicle_id=vehicle.id)
    later = replace(idle, id=uuid7(), at=make.NOON + timedelta(days=2), vehicle_id=uuid7())
    before, after = make.start(idle)[0], make.start(later)[0]
    put(node, "12.1", days=3)
    assert (before.params, after.params) == ({}, {NAME: 12.5})

    actor = make.person(node, "OPERATIONS")
    limits = {
        limit.name: limit
        for limit in queries.run_card(run_id=after.id, actor=actor, at=later.at).limits
    }
    assert (limits[NAME].value, limits[NAME].own) == (12.5, True)
    assert not limits["idle_soc_low_percent"].own
    shown = page(window(node, "OPERATIONS").get(reverse("handbook-run", args=[after.id])))
    assert "our own" in shown


def test_a_models_value_goes_before_that_of_all_and_a_neighbours_counts_nowhere(
    node: OrgNode,
) -> None:
    neighbour = org_make.operator()
    vehicle, other = fleet_make.vehicle(org=node), fleet_make.vehicle(org=node)
    put(node, "12.4")
    put(node, "12.6", model=vehicle.model.code)
    put(neighbour, "12.0")
    own = make.start(make.idled(node, vehicle_id=vehicle.id))[0]
    strange = make.start(make.idled(node, vehicle_id=uuid7()))[0]
    assert (own.params[NAME], strange.params[NAME]) == (12.6, 12.4)
    assert other.model_id
    assert make.start(make.idled(neighbour, vehicle_id=uuid7()))[0].params == {NAME: 12}


def test_without_a_value_the_books_counts_again(node: OrgNode) -> None:
    put(node, "12.4")
    put(node, None, days=1)
    later = make.NOON + timedelta(days=2)
    settings = refusals.settings_of({node.id})
    assert settings.own(node.id, make.NOON) == {NAME: 12.4}
    assert settings.own(node.id, later) == {}


def test_a_step_is_called_for_by_the_own_value(node: OrgNode) -> None:
    put(node, "30", name="offline_soc_watch_percent")
    gone = VehicleWentOffline(
        org_id=node.id, actor_id=uuid7(), at=make.NOON, vehicle_id=uuid7(), hours=24,
        last_report_at=make.NOON, soc_pct=25.0,
    )  # fmt: skip
    run = make.start(gone)[0]
    actor = make.person(node, "OPERATIONS")
    card = queries.run_card(run_id=run.id, actor=actor, at=make.NOON)
    assert next(s for s in card.steps if s.step_id == "low_soc").standing != "NOT_APPLICABLE"
    services.take_run(run_id=run.id, actor=actor, at=make.NOON)
    assert run.steps.get(step_id="low_soc").state == "OPEN"
    neighbour = make.start(replace(gone, id=uuid7(), org_id=org_make.operator().id))[0]
    assert neighbour.steps_due < run.steps_due


def test_a_value_is_never_changed_and_a_neighbour_does_not_read_it(node: OrgNode) -> None:
    put(node, "12.4")
    with acting(make.person(org_make.operator(), "OPERATIONS")):
        assert not ParameterValue.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        ParameterValue.objects.update(value=Decimal(13))


def test_bounds_that_do_not_hold_their_value_are_found() -> None:
    def found(**row: object) -> list[str]:
        return list(parameters.problems("x", row))

    assert found(value=3, min=1, max=5) == []
    assert found(value=3) == []
    assert found(value=3, min=1)
    assert found(value=9, min=1, max=5)
    assert found(value=3, per_model=True)


def test_a_limit_is_set_on_its_page(node: OrgNode) -> None:
    desk = window(node, "OPERATIONS")
    assert "idle 12v min v" in page(desk.get(reverse("handbook-parameters")))
    url = reverse("handbook-parameter", args=[NAME])
    assert "Idle upkeep" in page(desk.get(url)) or "VM-F-15" in page(desk.get(url))
    refused = desk.post(url, {"value": "13", "reason": "cold"})
    assert refused.status_code == 422
    assert desk.post(url, {"value": "12.6", "reason": "cold"}).status_code == 302
    shown = page(desk.get(url))
    assert "12.6" in shown
    assert "counts now" in shown
    assert 'name="value"' not in page(window(node, "SALES").get(url))
    assert desk.get(reverse("handbook-parameter", args=["no-such"])).status_code == 404
