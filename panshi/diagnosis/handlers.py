"""What diagnosis hears."""

from panshi.diagnosis import services
from panshi.kit import outbox
from panshi.kit.tenancy import system_actor
from panshi.telematics.events import AlarmsCleared, AlarmsRaised


@outbox.on(AlarmsRaised)
def judge(fact: AlarmsRaised) -> None:
    services.judge_alarms(
        org_id=fact.org_id, alarms=fact.alarms, actor=system_actor(fact.org_id), at=fact.at
    )


@outbox.on(AlarmsCleared)
def clear(fact: AlarmsCleared) -> None:
    services.clear_findings(
        org_id=fact.org_id, alarms=fact.alarms, actor=system_actor(fact.org_id), at=fact.at
    )
