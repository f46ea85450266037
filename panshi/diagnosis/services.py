"""Verbs of diagnosis."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.diagnosis import rules
from panshi.diagnosis.events import (
    FindingAcknowledged,
    FindingConfirmed,
    FindingPlanned,
    FindingRefuted,
    FindingRow,
    FindingsCleared,
    FindingsRaised,
)
from panshi.diagnosis.models import (
    FINDING_LIFE,
    LIVE_STATES,
    Finding,
    FindingState,
    Outcome,
    OutcomeKind,
)
from panshi.fleet import queries as fleet
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.telematics.events import AlarmRow, ClearedAlarm


class EvidenceMissing(Refusal):
    pass


@verb
def judge_alarms(
    *, org_id: int, alarms: Sequence[AlarmRow], actor: Actor, at: datetime
) -> FindingsRaised:
    """Turn alarms of vehicles into findings; a repeat of an open one is counted, not raised again.

    An alarm without a rule (a vendor's own code) raises nothing here. The same batch again
    changes nothing, since a repeat counts only with a later device time.
    """
    actor.must("diagnosis.judge_alarms", org_id)
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({alarm.vehicle_id for alarm in alarms}), actor=actor
    )
    raised: list[FindingRow] = []
    for alarm in sorted(alarms, key=lambda a: (str(a.vehicle_id), a.raised_at)):
        rule = rules.rule_of(alarm.bit)
        vehicle = vehicles.get(alarm.vehicle_id)
        if rule is None or vehicle is None:
            continue
        severity = rules.severity_of(
            rule,
            level=alarm.level,
            insulation_kohm=alarm.insulation_kohm,
            voltage_v=alarm.voltage_v,
        )
        if _counted_as_repeat(alarm, rule, severity):
            continue
        finding = Finding.objects.create(
            org_id=vehicle.org_id,
            vehicle_id=alarm.vehicle_id,
            rule=rule.code,
            group=rule.group,
            severity=severity,
            sent_level=alarm.level,
            first_at=alarm.raised_at,
            raised_at=at,
            last_at=alarm.raised_at,
            evidence=_evidence(alarm),
        )
        raised.append(
            FindingRow(
                finding_id=finding.id,
                vehicle_id=vehicle.id,
                plate=vehicle.plate or vehicle.vin,
                city=vehicle.city,
                rule=rule.code,
                group=rule.group,
                severity=severity,
                title_zh=rule.title_zh,
                title_en=rule.title_en,
                raised_at=at,
            )
        )
    return FindingsRaised(org_id=org_id, actor_id=actor.id, at=at, findings=tuple(raised))


def _counted_as_repeat(alarm: AlarmRow, rule: rules.Rule, severity: int) -> bool:
    """Whether the vehicle has this finding open already; then count the alarm there."""
    known = (
        Finding.objects.select_for_update()
        .filter(vehicle_id=alarm.vehicle_id, rule=rule.code, state__in=LIVE_STATES)
        .first()
    )
    if known is None:
        # Late copies of frames that an older, ended finding has already judged raise nothing.
        return Finding.objects.filter(
            vehicle_id=alarm.vehicle_id, rule=rule.code, last_at__gte=alarm.raised_at
        ).exists()
    if alarm.raised_at > known.last_at:
        known.times += 1
        known.last_at = alarm.raised_at
        known.severity = max(known.severity, severity)
        known.save(update_fields=["times", "last_at", "severity"])
    return True


def _evidence(alarm: AlarmRow) -> dict[str, object]:
    values = asdict(alarm)
    kept = {
        key: values[key]
        for key in (
            "source", "code", "bit", "level", "insulation_kohm", "voltage_v", "current_a",
            "soc_pct", "speed_kmh", "highest_c", "lon", "lat",
        )
        if values[key] is not None
    }  # fmt: skip
    ratio = rules.ohm_per_volt(alarm.insulation_kohm, alarm.voltage_v)
    if ratio is not None:
        kept["ohm_per_volt"] = round(ratio, 1)
    return kept


@verb
def clear_findings(
    *, org_id: int, alarms: Sequence[ClearedAlarm], actor: Actor, at: datetime
) -> FindingsCleared:
    """Let light findings end when the vehicle's alarm did; grave ones wait for an engineer."""
    actor.must("diagnosis.clear_findings", org_id)
    cleared: list[UUID] = []
    for alarm in alarms:
        rule = rules.rule_of(alarm.bit)
        if rule is None:
            continue
        ended = Finding.objects.select_for_update().filter(
            vehicle_id=alarm.vehicle_id,
            rule=rule.code,
            severity__lte=2,
            state__in=(FindingState.OPEN, FindingState.ACKNOWLEDGED),
            last_at__lte=alarm.cleared_at,
        )
        for finding in ended.order_by("id"):
            finding.state = FINDING_LIFE.step(finding.state, FindingState.CLEARED)
            finding.cleared_at = alarm.cleared_at
            finding.save(update_fields=["state", "cleared_at"])
            cleared.append(finding.id)
    return FindingsCleared(org_id=org_id, actor_id=actor.id, at=at, finding_ids=tuple(cleared))


@verb
def acknowledge_finding(*, finding_id: UUID, actor: Actor, at: datetime) -> FindingAcknowledged:
    """Take note of a finding, so that others see it is in hand. IllegalMove unless it is open."""
    finding = Finding.objects.visible_to(actor).select_for_update().get(id=finding_id)
    actor.must("diagnosis.acknowledge_finding", finding.org_id)
    finding.state = FINDING_LIFE.step(finding.state, FindingState.ACKNOWLEDGED)
    finding.save(update_fields=["state"])
    return FindingAcknowledged(
        org_id=finding.org_id,
        actor_id=actor.id,
        at=at,
        finding_id=finding.id,
        vehicle_id=finding.vehicle_id,
        rule=finding.rule,
        severity=finding.severity,
    )


@verb
def plan_finding(
    *, finding_id: UUID, work_order_id: UUID, actor: Actor, at: datetime
) -> FindingPlanned:
    """Tie a finding to the work order that will look at it."""
    finding = Finding.objects.visible_to(actor).select_for_update().get(id=finding_id)
    actor.must("diagnosis.plan_finding", finding.org_id)
    finding.state = FINDING_LIFE.step(finding.state, FindingState.PLANNED)
    finding.work_order_id = work_order_id
    finding.save(update_fields=["state", "work_order_id"])
    return FindingPlanned(
        org_id=finding.org_id,
        actor_id=actor.id,
        at=at,
        finding_id=finding.id,
        vehicle_id=finding.vehicle_id,
        work_order_id=work_order_id,
    )


@verb
def record_outcome(
    *,
    finding_id: UUID,
    work_order_id: UUID,
    outcome: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
    note: str = "",
) -> FindingConfirmed | FindingRefuted:
    """Keep what the engineer found, close the finding, and let it count for its rule.

    Raises EvidenceMissing when another cause is not named, IllegalMove unless it was planned.
    """
    finding = Finding.objects.visible_to(actor).select_for_update().get(id=finding_id)
    actor.must("diagnosis.record_outcome", finding.org_id)
    kind = OutcomeKind(outcome)
    if kind == OutcomeKind.OTHER_CAUSE and not cause.strip():
        raise EvidenceMissing(_("Name the cause that was found instead."))
    confirmed = kind == OutcomeKind.CONFIRMED
    judged = FindingState.CONFIRMED if confirmed else FindingState.REFUTED
    finding.state = FINDING_LIFE.step(finding.state, judged)
    finding.state = FINDING_LIFE.step(finding.state, FindingState.CLOSED)
    finding.save(update_fields=["state"])
    Outcome.objects.create(
        org_id=finding.org_id,
        finding=finding,
        work_order_id=work_order_id,
        outcome=kind,
        cause=cause,
        note=note,
        engineer_id=actor.id,
        at=at,
    )
    if confirmed:
        return FindingConfirmed(
            org_id=finding.org_id,
            actor_id=actor.id,
            at=at,
            finding_id=finding.id,
            vehicle_id=finding.vehicle_id,
            rule=finding.rule,
            severity=finding.severity,
            work_order_id=work_order_id,
        )
    return FindingRefuted(
        org_id=finding.org_id,
        actor_id=actor.id,
        at=at,
        finding_id=finding.id,
        vehicle_id=finding.vehicle_id,
        rule=finding.rule,
        work_order_id=work_order_id,
        outcome=kind,
        cause=cause,
    )
