"""record risk, review risk, plan roll-out, pass gate …"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from panshi.cockpit import queries, services
from panshi.cockpit.models import Phase, Risk
from panshi.cockpit.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def record(org: OrgNode, **more: Any) -> UUID:
    values: dict[str, Any] = {
        "risk_class": "LEGAL",
        "title": "合同条款被认定为格式条款而无效",
        "text": "押金扣除条款未作提示",
        "likelihood": 3,
        "impact": 4,
        "residual_likelihood": 2,
        "residual_impact": 3,
        "controls": (
            "indicator:COMPLAINTS",
            "guard:leasing.sign_contract",
            "node:contract-signing",
        ),
        "owner_id": uuid7(),
        "review_on": make.DAY + timedelta(days=90),
    }
    fact = services.record_risk(
        org_id=org.id, actor=make.reader(org), at=make.NOON, **{**values, **more}
    )
    return fact.risk_id


def test_weighs_a_risk_before_and_after_its_controls() -> None:
    org = org_make.operator()
    card = queries.risk_card(risk_id=record(org), actor=make.reader(org))
    assert (card.weight, card.residual_weight, card.number) == (12, 6, "RISK-000001")
    assert len(card.controls) == 3


@pytest.mark.parametrize(
    "controls",
    [
        (),
        ("  ",),
        ("加强培训",),
        ("indicator:HAPPINESS",),
        ("guard:leasing.does_not_exist",),
        ("check:",),
        ("indicator:COMPLAINTS", "小心"),
    ],
)
def test_refuses_a_control_bound_to_nothing(controls: tuple[str, ...]) -> None:
    with pytest.raises(services.ControlBoundToNothing):
        record(org_make.operator(), controls=controls)


@pytest.mark.parametrize("weight", [0, 6, -1])
def test_refuses_what_is_not_weighed_from_1_to_5(weight: int) -> None:
    with pytest.raises(services.NotWeighed):
        record(org_make.operator(), impact=weight)


def test_refuses_a_review_that_is_over() -> None:
    with pytest.raises(services.ReviewInThePast):
        record(org_make.operator(), review_on=make.DAY)


def test_a_review_weighs_anew() -> None:
    org = org_make.operator()
    risk_id = record(org)
    fact = services.review_risk(
        risk_id=risk_id,
        residual_likelihood=1,
        residual_impact=2,
        review_on=date(2028, 1, 1),
        actor=make.reader(org),
        at=make.NOON,
    )
    card = queries.risk_card(risk_id=risk_id, actor=make.reader(org))
    assert (fact.residual_weight, card.review_on, card.reviewed_at) == (
        2,
        date(2028, 1, 1),
        make.NOON,
    )


def test_the_register_of_one_node_is_closed_to_another() -> None:
    org, stranger = org_make.operator(), org_make.operator()
    risk_id = record(org)
    assert queries.risk_rows(actor=make.reader(stranger)) == ([], 0)
    with pytest.raises(Risk.DoesNotExist):
        queries.risk_card(risk_id=risk_id, actor=make.reader(stranger))


def plan(org: OrgNode, city: str = "嘉兴") -> UUID:
    return services.plan_roll_out(
        org_id=org.id,
        city=city,
        owner_id=uuid7(),
        opens_on=date(2027, 9, 1),
        budget=Decimal(800_000),
        actor=make.reader(org),
        at=make.NOON,
    ).plan_id


def pass_gate(org: OrgNode, plan_id: UUID, phase: str, *, evidence: str = "就绪节点 12/12") -> None:
    """Through a gate by exception, as no playbook is in force here."""
    services.pass_gate(
        plan_id=plan_id,
        to_phase=phase,
        evidence=evidence,
        exception_ends_on=date(2027, 12, 1),
        actor=make.reader(org),
        at=make.NOON,
    )


def test_a_city_passes_its_gates_one_by_one() -> None:
    org = org_make.operator()
    plan_id = plan(org)
    with pytest.raises(IllegalMove):
        pass_gate(org, plan_id, "PROMOTE")
    pass_gate(org, plan_id, "BUILD")
    pass_gate(org, plan_id, "PROMOTE")

    (row,) = queries.roll_out_plans(actor=make.reader(org))

    assert row.phase == Phase.PROMOTE
    assert [gate.phase for gate in row.gates] == [Phase.BUILD, Phase.PROMOTE]


def test_a_gate_opens_on_evidence_only() -> None:
    org = org_make.operator()
    with pytest.raises(services.GateWithoutEvidence):
        pass_gate(org, plan(org), "BUILD", evidence=" ")


def test_planning_a_city_again_moves_its_opening() -> None:
    org = org_make.operator()
    assert plan(org) == plan(org)
    assert plan(org, "绍兴") != plan(org)


def test_an_opened_gate_is_never_rewritten() -> None:
    org = org_make.operator()
    pass_gate(org, plan(org), "BUILD")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cockpit_gatepassed SET evidence = ''")
