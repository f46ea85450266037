"""Pages of diagnosis."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from panshi.diagnosis import queries, services
from panshi.diagnosis.models import FindingState
from panshi.kit.records import Detail, Stage
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request
from panshi.kit.wording import reads_chinese

SEVERITIES = [
    ("1", _("1 · Note")),
    ("2", _("2 · Limit")),
    ("3", _("3 · Stop")),
    ("4", _("4 · Thermal")),
]
STATE_TONES = {
    "OPEN": "bad", "ACKNOWLEDGED": "warn", "PLANNED": "info", "CONFIRMED": "ok",
    "REFUTED": "idle", "CLEARED": "ok", "CLOSED": "idle",
}  # fmt: skip


def title(line: queries.FindingLine) -> str:
    return line.title_en if not reads_chinese() else line.title_zh


FINDINGS = Table(
    name="findings",
    columns=(
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="rule", label=_("Finding"), show=title),
        Column(key="severity", label=_("Severity"), kind="number"),
        Column(
            key="state", label=_("State"), kind="state", tones=STATE_TONES, choices=FindingState
        ),
        Column(key="city", label=_("City")),
        Column(key="model_name", label=_("Model")),
        Column(key="times", label=_("Times"), kind="number"),
        Column(key="raised_at", label=_("Raised"), kind="moment"),
    ),
    filters=(
        Filter(key="severity", label=_("Severity"), kind="choice", choices=SEVERITIES),
        Filter(key="all", label=_("Ended ones too"), kind="flag"),
    ),
    row_url="diagnosis-finding",
    empty=_("No vehicle has an open finding."),
    live=("diagnosis.FindingsRaised", "diagnosis.FindingsCleared", "diagnosis.FindingPlanned"),
)


@require_GET
def findings(request: Request) -> HttpResponse:
    ask = FINDINGS.read(request.GET)
    rows = queries.open_findings(actor=request.actor, every_state=bool(ask.flag("all")))
    if severity := ask.text("severity"):
        rows = [row for row in rows if str(row.severity) == severity]
    context = {"title": _("Findings"), "scores": queries.rule_scores(actor=request.actor)}
    page = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    return FINDINGS.respond(request, ask, page, "diagnosis/findings.html", context)


@require_GET
def finding(request: Request, finding_id: UUID) -> HttpResponse:
    page = queries.finding_page(finding_id=finding_id, actor=request.actor)
    line = page.line
    evidence = page.evidence
    details = [
        Detail(label=_("Vehicle"), value=line.plate, kind="plate"),
        Detail(label=_("Model"), value=line.model_name),
        Detail(label=_("City"), value=line.city),
        Detail(label=_("Severity"), value=line.severity, kind="number"),
        Detail(label=_("Level the vehicle sent"), value=page.sent_level, kind="number"),
        Detail(label=_("First seen"), value=page.first_at, kind="moment"),
        Detail(label=_("Last seen"), value=page.last_at, kind="moment"),
        Detail(label=_("Times"), value=line.times, kind="number"),
    ]
    advice = queries.recommended_plan(finding_id=finding_id, actor=request.actor)
    english = not reads_chinese()
    return render(
        request,
        "diagnosis/finding.html",
        {
            "page": page,
            "title": f"{title(line)} · {line.plate}",
            "finding_title": title(line),
            "state": FindingState(line.state).label,
            "tone": STATE_TONES[line.state],
            "do": page.do_en if english else page.do_zh,
            "details": details,
            "numbers": _numbers(evidence),
            "advice": advice,
            "stages": _stages(line.state),
            "may_acknowledge": line.state == FindingState.OPEN
            and request.actor.may("diagnosis.acknowledge_finding"),
            "crumbs": [(_("Findings"), reverse("diagnosis-findings"))],
        },
    )


def _numbers(evidence: dict[str, object]) -> list[Detail]:
    names = (
        ("insulation_kohm", _("Insulation resistance"), "kΩ"),
        ("voltage_v", _("Pack voltage"), "V"),
        ("ohm_per_volt", _("Resistance per volt (limit 500, stop below 100)"), "Ω/V"),
        ("current_a", _("Pack current"), "A"),
        ("soc_pct", _("State of charge"), "%"),
        ("speed_kmh", _("Speed"), "km/h"),
        ("highest_c", _("Hottest probe"), "°C"),
    )
    return [
        Detail(label=label, value=f"{evidence[key]} {unit}")
        for key, label, unit in names
        if key in evidence
    ]


def _stages(state: str) -> list[Stage]:
    path = [
        FindingState.OPEN, FindingState.ACKNOWLEDGED, FindingState.PLANNED, FindingState.CLOSED,
    ]  # fmt: skip
    if state == FindingState.CLEARED:
        return [
            Stage(label=FindingState.OPEN.label, standing="done"),
            Stage(label=FindingState.CLEARED.label, standing="now"),
        ]
    here = path.index(FindingState(state)) if state in path else len(path) - 1
    return [
        Stage(label=s.label, standing="done" if i < here else "now" if i == here else "todo")
        for i, s in enumerate(path)
    ]


@require_POST
def acknowledge(request: Request, finding_id: UUID) -> HttpResponse:
    services.acknowledge_finding(finding_id=finding_id, actor=request.actor, at=timezone.now())
    return redirect("diagnosis-finding", finding_id)
