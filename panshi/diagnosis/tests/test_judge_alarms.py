"""judge alarms …"""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from panshi.diagnosis import queries, services
from panshi.diagnosis.events import FindingRow
from panshi.diagnosis.models import FINDING_LIFE, Finding, FindingState
from panshi.fleet.tests import make as fleet
from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove
from panshi.org.models import OrgNode
from panshi.org.tests import make
from panshi.telematics.events import AlarmRow, ClearedAlarm

NOW = timezone.now()


def _alarm(org: OrgNode) -> AlarmRow:
    vehicle = fleet.vehicle(org=org)
    return AlarmRow(
        vehicle_id=vehicle.id,
        vin=vehicle.vin,
        source="GB",
        code="11",
        bit=11,
        level=1,
        raised_at=NOW,
        insulation_kohm=120.0,
        voltage_v=540.0,
    )


def _judge(org: OrgNode, *alarms: AlarmRow) -> tuple[FindingRow, ...]:
    return services.judge_alarms(
        org_id=org.id, alarms=alarms, actor=make.actor(org, "*"), at=timezone.now()
    ).findings


def test_raises_one_finding_with_the_numbers_it_rests_on() -> None:
    org = make.operator()
    (row,) = _judge(org, _alarm(org))
    page = queries.finding_page(finding_id=row.finding_id, actor=make.actor(org, "*"))
    assert (page.line.rule, page.line.severity) == ("INSULATION_LOW", 2)
    assert page.evidence["ohm_per_volt"] == 222.2


def test_is_graver_below_a_hundred_ohm_per_volt() -> None:
    org = make.operator()
    _judge(org, replace(_alarm(org), insulation_kohm=50.0))
    assert Finding.objects.get().severity == 3


def test_counts_a_repeat_and_ignores_a_copy() -> None:
    org = make.operator()
    alarm = _alarm(org)
    later = replace(alarm, raised_at=NOW + timedelta(seconds=30))
    assert len(_judge(org, alarm)) == 1
    assert _judge(org, alarm) == ()
    assert _judge(org, later, later) == ()
    assert Finding.objects.get().times == 2


def test_raises_nothing_for_a_vehicle_of_another_operator() -> None:
    ours, theirs = make.operator(), make.operator()
    assert _judge(ours, _alarm(theirs)) == ()


def test_lets_a_light_finding_end_but_never_a_grave_one() -> None:
    org = make.operator()
    light, grave = _alarm(org), replace(_alarm(org), insulation_kohm=50.0)
    _judge(org, light, grave)
    ended = [
        ClearedAlarm(
            vehicle_id=a.vehicle_id,
            source="GB",
            code="11",
            bit=11,
            level=1,
            raised_at=NOW,
            cleared_at=NOW + timedelta(hours=1),
        )
        for a in (light, grave)
    ]
    services.clear_findings(
        org_id=org.id, alarms=ended, actor=make.actor(org, "*"), at=timezone.now()
    )
    states = dict(Finding.objects.values_list("vehicle_id", "state"))
    assert states == {light.vehicle_id: "CLEARED", grave.vehicle_id: "OPEN"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.filter(vehicle_id=grave.vehicle_id).update(state="CLEARED")


def test_an_outcome_counts_for_its_rule() -> None:
    org = make.operator()
    actor = make.actor(org, "*")
    _judge(org, _alarm(org))
    finding, order = Finding.objects.get(), uuid7()
    services.acknowledge_finding(finding_id=finding.id, actor=actor, at=NOW)
    services.plan_finding(finding_id=finding.id, work_order_id=order, actor=actor, at=NOW)
    with pytest.raises(services.EvidenceMissing):
        services.record_outcome(
            finding_id=finding.id, work_order_id=order, outcome="OTHER_CAUSE", actor=actor, at=NOW
        )
    services.record_outcome(
        finding_id=finding.id, work_order_id=order, outcome="CONFIRMED", actor=actor, at=NOW
    )
    score = next(s for s in queries.rule_scores(actor=actor) if s.rule == "INSULATION_LOW")
    assert (score.findings, score.confirmed, score.precision) == (1, 1, 1.0)


@pytest.mark.parametrize("here", FindingState)
@pytest.mark.parametrize("there", FindingState)
def test_a_finding_makes_only_the_moves_of_its_life(
    here: FindingState, there: FindingState
) -> None:
    if there in FINDING_LIFE.moves.get(here, set()):
        assert FINDING_LIFE.step(here, there) == there
    else:
        with pytest.raises(IllegalMove):
            FINDING_LIFE.step(here, there)
