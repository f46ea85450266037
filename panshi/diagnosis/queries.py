"""Questions to diagnosis."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from panshi.diagnosis import rules
from panshi.diagnosis.models import LIVE_STATES, Finding, Outcome
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True)
class FindingLine:
    id: UUID
    vehicle_id: UUID
    plate: str
    model_name: str
    city: str
    rule: str
    title_zh: str
    title_en: str
    group: str
    severity: int
    state: str
    raised_at: datetime
    times: int
    work_order_id: UUID | None


@dataclass(frozen=True, slots=True)
class FindingPage:
    line: FindingLine
    org_id: int
    sent_level: int
    first_at: datetime
    last_at: datetime
    evidence: dict[str, Any]
    do_zh: str
    do_en: str
    may_drive: bool
    outcomes: tuple[tuple[datetime, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class PlanAdvice:
    """What a finding calls for; the catalogue proves items and parts, and prices them."""

    finding_id: UUID
    vehicle_id: UUID
    org_id: int
    item_codes: tuple[str, ...]
    part_codes: tuple[str, ...]
    minutes_low: int
    minutes_high: int
    skills: tuple[str, ...]
    two_person: bool
    drive: bool
    severity: int
    title_zh: str


@dataclass(frozen=True, slots=True)
class RuleScore:
    rule: str
    title_zh: str
    title_en: str
    findings: int
    confirmed: int
    refuted: int

    @property
    def precision(self) -> float | None:
        """Confirmed over judged, or None before any engineer has judged the rule."""
        judged = self.confirmed + self.refuted
        return self.confirmed / judged if judged else None


def _line(finding: Finding, vehicle: fleet.VehicleRef | None) -> FindingLine:
    rule = rules.BY_CODE[finding.rule]
    return FindingLine(
        id=finding.id,
        vehicle_id=finding.vehicle_id,
        plate=(vehicle.plate or vehicle.vin) if vehicle else "",
        model_name=vehicle.model_name if vehicle else "",
        city=vehicle.city if vehicle else "",
        rule=rule.code,
        title_zh=rule.title_zh,
        title_en=rule.title_en,
        group=finding.group,
        severity=finding.severity,
        state=finding.state,
        raised_at=finding.raised_at,
        times=finding.times,
        work_order_id=finding.work_order_id,
    )


@question
def open_findings(
    *, actor: Actor, vehicle_id: UUID | None = None, every_state: bool = False, limit: int = 200
) -> list[FindingLine]:
    """Findings that still need somebody, the gravest and newest first."""
    rows = Finding.objects.visible_to(actor)
    if not every_state:
        rows = rows.filter(state__in=LIVE_STATES)
    if vehicle_id is not None:
        rows = rows.filter(vehicle_id=vehicle_id)
    found = list(rows.order_by("-severity", "-raised_at")[:limit])
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({f.vehicle_id for f in found}), actor=actor)
    return [_line(f, vehicles.get(f.vehicle_id)) for f in found]


@question
def finding_page(*, finding_id: UUID, actor: Actor) -> FindingPage:
    """One finding with the numbers it rests on and what engineers found."""
    finding = Finding.objects.visible_to(actor).get(id=finding_id)
    vehicle = fleet.vehicle_refs(vehicle_ids=(finding.vehicle_id,), actor=actor)
    rule = rules.BY_CODE[finding.rule]
    outcomes = Outcome.objects.filter(finding=finding).order_by("at")
    return FindingPage(
        line=_line(finding, vehicle.get(finding.vehicle_id)),
        org_id=finding.org_id,
        sent_level=finding.sent_level,
        first_at=finding.first_at,
        last_at=finding.last_at,
        evidence=finding.evidence,
        do_zh=rule.do_zh,
        do_en=rule.do_en,
        may_drive=rule.drive and finding.severity < 3,
        outcomes=tuple((o.at, o.get_outcome_display(), o.cause, o.note) for o in outcomes),
    )


@question
def recommended_plan(*, finding_id: UUID, actor: Actor) -> PlanAdvice:
    """What to do about a finding: items, parts, minutes, skills."""
    finding = Finding.objects.visible_to(actor).get(id=finding_id)
    rule = rules.BY_CODE[finding.rule]
    remedy = rules.REMEDIES[rule.group]
    return PlanAdvice(
        finding_id=finding.id,
        vehicle_id=finding.vehicle_id,
        org_id=finding.org_id,
        item_codes=remedy.item_codes,
        part_codes=remedy.part_codes,
        minutes_low=remedy.minutes_low,
        minutes_high=remedy.minutes_high,
        skills=remedy.skills,
        two_person=remedy.two_person,
        drive=rule.drive and finding.severity < 3,
        severity=finding.severity,
        title_zh=rule.title_zh,
    )


@question
def rule_scores(*, actor: Actor) -> list[RuleScore]:
    """How far each rule can be trusted: what engineers confirmed and refuted."""
    found = dict(
        Finding.objects.visible_to(actor).values_list("rule").annotate(n=Count("id")).order_by()
    )
    judged = {
        rule: (confirmed, refuted)
        for rule, confirmed, refuted in Outcome.objects.visible_to(actor)
        .values_list("finding__rule")
        .annotate(
            confirmed=Count("id", filter=Q(outcome="CONFIRMED")),
            refuted=Count("id", filter=Q(outcome__in=["OTHER_CAUSE", "NOT_REPRODUCED"])),
        )
        .order_by()
    }
    return [
        RuleScore(r.code, r.title_zh, r.title_en, found.get(r.code, 0), *judged.get(r.code, (0, 0)))
        for r in rules.RULES
    ]


@question
def finding_counts(*, actor: Actor) -> dict[int, int]:
    """Open findings by severity."""
    rows = Finding.objects.visible_to(actor).filter(state__in=LIVE_STATES)
    return dict(rows.values_list("severity").annotate(n=Count("id")).order_by())
