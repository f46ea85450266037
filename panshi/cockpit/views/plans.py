"""Pages of targets, alerts, budgets, risks and roll-out plans."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.cockpit import queries, services, shown
from panshi.cockpit.catalogue import DEFINITIONS, Indicator
from panshi.cockpit.models import PHASE_LIFE, AlertState, CostClass, Phase, RiskClass
from panshi.cockpit.queries import AlertRow, RiskRow, TargetRow
from panshi.cockpit.views.figures import LAUNCHES, permitted
from panshi.kit import forms
from panshi.kit.clock import local_day, month_start, read_day
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.money import ZERO
from panshi.kit.records import Bar, Detail
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request
from panshi.org import queries as org


def _mark(row: TargetRow, mark: str) -> str:
    return shown.plain(DEFINITIONS[row.indicator], getattr(row, mark))


TARGETS = Table(
    name="targets",
    columns=(
        Column(
            key="indicator", label=gettext_lazy("Indicator"), show=lambda row: row.indicator.label
        ),
        Column(key="org_name", label=gettext_lazy("Set for")),
        Column(key="month", label=gettext_lazy("From month"), kind="day"),
        Column(key="green", label=gettext_lazy("Green mark"), show=lambda row: _mark(row, "green")),
        Column(key="red", label=gettext_lazy("Red mark"), show=lambda row: _mark(row, "red")),
        Column(key="set_by", label=gettext_lazy("Set by")),
        Column(key="set_at", label=pgettext_lazy("target", "Set"), kind="moment"),
    ),
    empty=gettext_lazy("No target was set here; the house's own marks hold."),
)
TARGET = forms.for_verb(
    services.set_target,
    labels={
        "indicator": gettext_lazy("Indicator"),
        "month": gettext_lazy("From month"),
        "green": gettext_lazy("Green mark"),
        "red": gettext_lazy("Red mark"),
    },
    choices={"indicator": Indicator},
    helps={
        "month": gettext_lazy("Any day of the first month for which the marks hold."),
        "green": gettext_lazy("Shares as 0.97; revenue in CNY a month; stars; minutes."),
        "red": gettext_lazy("Beyond this mark the indicator raises an alert."),
    },
)


def _first_of_month() -> date:
    return month_start(local_day(timezone.now()))


@require_http_methods(["GET", "POST"])
def targets(request: Request) -> HttpResponse:
    """The marks that hold here, and a form to set them."""
    permitted(request)
    form = TARGET.blank(month=_first_of_month())
    if request.method == "POST":
        form = TARGET.read(request.POST)
        if form.ok:
            try:
                form.call(
                    request, services.set_target, org_id=request.actor.org_id, at=timezone.now()
                )
            except services.MarksReversed as refusal:
                form.refuse("green", refusal.words)
            else:
                messages.success(request, _("The target is set."))
                return redirect("cockpit-targets")
    rows = queries.target_rows(actor=request.actor)
    ask = TARGETS.read(request.GET)
    table = TARGETS.view(
        request, ask, Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    )
    context = {"table": table, "may_set": request.actor.may("cockpit.set_target")}
    return form.respond(request, "cockpit/targets.html", context)


def _alert_link(row: AlertRow) -> Any:
    return shown.link(shown.indicator_url(row.indicator, "MONTH", ""), row.indicator.label)


ALERTS = Table(
    name="alerts",
    columns=(
        Column(key="indicator", label=gettext_lazy("Indicator"), show=_alert_link),
        Column(key="org_name", label=gettext_lazy("Operator")),
        Column(
            key="state",
            label=gettext_lazy("State"),
            kind="state",
            tones={"OPEN": "bad", "ACKNOWLEDGED": "warn", "CLEARED": "ok"},
        ),
        Column(key="words", label=pgettext_lazy("alert", "Why"), show=shown.alert_words),
        Column(key="raised_at", label=gettext_lazy("Raised"), kind="moment", sort=True),
        Column(key="note", label=pgettext_lazy("alert", "In hand")),
        Column(
            key="cleared_at", label=pgettext_lazy("alert", "Cleared"), kind="moment", hidden=True
        ),
    ),
    filters=(
        Filter(key="state", label=gettext_lazy("State"), kind="choice", choices=AlertState),
        Filter(key="indicator", label=gettext_lazy("Indicator"), kind="choice", choices=Indicator),
    ),
    sort="-raised_at",
    export="alerts",
    empty=gettext_lazy("No indicator is beyond its red mark for certain, or three times running."),
    live=("cockpit.AlertRaised", "cockpit.AlertAcknowledged", "cockpit.TargetsJudged"),
)


@require_GET
def alerts(request: Request) -> HttpResponse:
    """What is beyond its red mark, and who has it in hand."""
    permitted(request)
    ask = ALERTS.read(request.GET)
    rows, total = queries.alert_rows(
        state=ask.text("state"),
        indicator=ask.text("indicator"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    waiting = [
        (row, shown.alert_words(row))
        for row in rows
        if row.state == AlertState.OPEN and request.actor.may("cockpit.acknowledge_alert")
    ]
    part = Slice(rows=rows, total=total)
    return ALERTS.respond(request, ask, part, "cockpit/alerts.html", {"waiting": waiting})


@require_POST
def acknowledge(request: Request, alert_id: UUID) -> HttpResponse:
    """Take an alert in hand."""
    services.acknowledge_alert(
        alert_id=alert_id,
        note=request.POST.get("note", "")[:400],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The alert is in hand."))
    return redirect("cockpit-alerts")


BUDGET = forms.for_verb(
    services.set_budget,
    labels={
        "month": gettext_lazy("Month"),
        "cost_class": gettext_lazy("Class of cost"),
        "amount": gettext_lazy("Amount"),
    },
    kinds={"amount": "money"},
    choices={"cost_class": CostClass},
    helps={"month": gettext_lazy("Any day of the month.")},
)


@require_http_methods(["GET", "POST"])
def budget(request: Request) -> HttpResponse:
    """A month's budget beside what was posted."""
    permitted(request)
    form = BUDGET.blank(month=_first_of_month())
    if request.method == "POST":
        form = BUDGET.read(request.POST)
        if form.ok:
            try:
                form.call(
                    request, services.set_budget, org_id=request.actor.org_id, at=timezone.now()
                )
            except services.MarksReversed as refusal:
                form.refuse("amount", refusal.words)
            else:
                messages.success(request, _("The budget is set; its earlier version is kept."))
                return redirect(f"{reverse('cockpit-budget')}?month={form.values['month']}")
    month = _month_asked(request)
    rows = queries.budget_against_actual(month=month, actor=request.actor)
    most = max([row.planned or ZERO for row in rows] + [row.actual for row in rows])
    bars = [
        (
            row,
            Bar(
                label=row.cost_class.label,
                part=row.actual,
                whole=most or 1,
                kind="money",
                tone="bad" if row.planned is not None and row.actual > row.planned else "",
            ),
        )
        for row in rows
    ]
    context = {
        "bars": bars,
        "month": month,
        "planned": sum((row.planned or ZERO for row in rows), ZERO),
        "actual": sum((row.actual for row in rows), ZERO),
        "may_set": request.actor.may("cockpit.set_budget"),
    }
    return form.respond(request, "cockpit/budget.html", context)


def _month_asked(request: Request) -> date:
    try:
        return month_start(read_day(request.GET.get("month", "")))
    except ValueError:
        return _first_of_month()


def _weight(row: RiskRow) -> str:
    return f"{row.weight} → {row.residual_weight}"


RISKS = Table(
    name="risks",
    columns=(
        Column(key="number", label=gettext_lazy("Number"), kind="mono", sort=True),
        Column(key="title", label=gettext_lazy("Risk")),
        Column(
            key="risk_class",
            label=gettext_lazy("Class"),
            sort=True,
            show=lambda row: row.risk_class.label,
        ),
        Column(key="weight", label=gettext_lazy("Weight, before → after"), show=_weight),
        Column(key="owner", label=pgettext_lazy("cockpit", "Owner")),
        Column(key="review_on", label=gettext_lazy("Next review"), kind="day", sort=True),
        Column(key="org_name", label=pgettext_lazy("organisation", "Node")),
    ),
    filters=(
        Filter(key="risk_class", label=gettext_lazy("Class"), kind="choice", choices=RiskClass),
    ),
    sort="review_on",
    row_url="cockpit-risk",
    export="risks",
    empty=gettext_lazy("The register is empty."),
    live=("cockpit.RiskRecorded", "cockpit.RiskReviewed"),
)


@require_GET
def risks(request: Request) -> HttpResponse:
    """The risk register, the next review first."""
    permitted(request)
    ask = RISKS.read(request.GET)
    rows, total = queries.risk_rows(
        risk_class=ask.text("risk_class"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    context = {"may_record": request.actor.may("cockpit.record_risk")}
    return RISKS.respond(request, ask, Slice(rows=rows, total=total), "cockpit/risks.html", context)


def _people(actor: Actor) -> list[tuple[str, str]]:
    return [(str(person.id), person.full_name) for person in org.staff(actor=actor, limit=500)]


_ONE_TO_FIVE = tuple((str(n), str(n)) for n in range(1, 6))


def _weights(*, inherent: bool) -> list[Field]:
    names = [
        ("likelihood", gettext_lazy("Likelihood")),
        ("impact", gettext_lazy("Impact")),
        ("residual_likelihood", gettext_lazy("Likelihood with controls")),
        ("residual_impact", gettext_lazy("Impact with controls")),
    ]
    return [
        Field(name=name, label=label, kind="choice", choices=_ONE_TO_FIVE)
        for name, label in names
        if inherent or name.startswith("residual")
    ]


def _risk_form(actor: Actor) -> Form:
    return Form(
        fields=[
            Field(name="title", label=gettext_lazy("Risk"), longest=120),
            Field(name="risk_class", label=gettext_lazy("Class"), kind="choice", choices=RiskClass),
            Field(
                name="text",
                label=gettext_lazy("What may happen"),
                kind="area",
                required=False,
                longest=2000,
            ),
            *_weights(inherent=True),
            Field(
                name="controls",
                label=gettext_lazy("Controls"),
                kind="area",
                help=gettext_lazy(
                    "One a line, each bound to a thing that runs: check:, guard:, constraint:,"
                    " indicator:, node: or task: and its name."
                ),
            ),
            Field(
                name="owner_id",
                label=pgettext_lazy("cockpit", "Owner"),
                kind="choice",
                choices=_people(actor),
            ),
            Field(name="review_on", label=gettext_lazy("Next review"), kind="day"),
        ]
    )


def _typed(form: Reading) -> None:
    """Turn chosen words into the verb's types."""
    for name in ("likelihood", "impact", "residual_likelihood", "residual_impact"):
        if name in form.values:
            form.values[name] = int(form.values[name])
    if "owner_id" in form.values:
        form.values["owner_id"] = UUID(form.values["owner_id"])
    if "controls" in form.values:
        form.values["controls"] = tuple(form.values["controls"].splitlines())


@require_http_methods(["GET", "POST"])
def new_risk(request: Request) -> HttpResponse:
    """Put a risk in the register."""
    permitted(request, "cockpit.record_risk")
    form = _risk_form(request.actor).blank()
    if request.method == "POST":
        form = _risk_form(request.actor).read(request.POST)
        if form.ok:
            _typed(form)
            try:
                fact = form.call(
                    request, services.record_risk, org_id=request.actor.org_id, at=timezone.now()
                )
                return redirect("cockpit-risk", fact["risk_id"])
            except services.ControlBoundToNothing as refusal:
                form.refuse("controls", refusal.words)
            except services.ReviewInThePast as refusal:
                form.refuse("review_on", refusal.words)
    return form.respond(request, "cockpit/risk_new.html", {"cancel_url": reverse("cockpit-risks")})


REVIEW = Form(
    fields=[
        *_weights(inherent=False),
        Field(name="review_on", label=gettext_lazy("Next review"), kind="day"),
    ]
)


@require_http_methods(["GET", "POST"])
def risk(request: Request, risk_id: UUID) -> HttpResponse:
    """One risk with its controls, and the form of its review."""
    permitted(request)
    card = queries.risk_card(risk_id=risk_id, actor=request.actor)
    form = REVIEW.blank(
        residual_likelihood=card.residual_likelihood, residual_impact=card.residual_impact
    )
    if request.method == "POST":
        form = REVIEW.read(request.POST)
        if form.ok:
            _typed(form)
            try:
                form.call(request, services.review_risk, risk_id=risk_id, at=timezone.now())
            except services.ReviewInThePast as refusal:
                form.refuse("review_on", refusal.words)
            else:
                messages.success(request, _("The risk is reviewed."))
                return redirect("cockpit-risk", risk_id)
    details = [
        Detail(label=_("Class"), value=card.risk_class.label),
        Detail(label=_("Weight before controls"), value=card.weight, kind="number"),
        Detail(label=_("Weight after controls"), value=card.residual_weight, kind="number"),
        Detail(label=pgettext("cockpit", "Owner"), value=card.owner),
        Detail(label=_("Next review"), value=card.review_on, kind="day"),
        Detail(label=_("Last review"), value=card.reviewed_at, kind="moment"),
        Detail(label=pgettext("organisation", "Node"), value=card.org_name),
    ]
    context = {
        "risk": card,
        "details": details,
        "may_review": request.actor.may("cockpit.review_risk"),
    }
    return form.respond(request, "cockpit/risk.html", context)


def _plan_form(actor: Actor) -> Form:
    return Form(
        fields=[
            Field(name="city", label=gettext_lazy("City"), longest=40),
            Field(
                name="owner_id",
                label=pgettext_lazy("cockpit", "Owner"),
                kind="choice",
                choices=_people(actor),
            ),
            Field(name="opens_on", label=gettext_lazy("Opens on"), kind="day"),
            Field(name="budget", label=gettext_lazy("Budget"), kind="money", least=0),
        ]
    )


@require_http_methods(["GET", "POST"])
def plans(request: Request) -> HttpResponse:
    """The plans of record: where each city stands, its gates, and a form for one more."""
    permitted(request, LAUNCHES)
    form = _plan_form(request.actor).blank()
    if request.method == "POST":
        form = _plan_form(request.actor).read(request.POST)
        if form.ok:
            _typed(form)
            form.call(
                request, services.plan_roll_out, org_id=request.actor.org_id, at=timezone.now()
            )
            messages.success(request, _("The plan is kept."))
            return redirect("cockpit-plans")
    rows = [
        (plan, shown.phases(plan), _next_phase(plan.phase))
        for plan in queries.roll_out_plans(actor=request.actor)
    ]
    context = {
        "plans": rows,
        "may_plan": request.actor.may("cockpit.plan_roll_out"),
        "may_pass": request.actor.may("cockpit.pass_gate"),
    }
    return form.respond(request, "cockpit/plans.html", context)


def _next_phase(phase: Phase) -> Phase | None:
    return next((ahead for ahead in Phase if PHASE_LIFE.allows(phase, ahead)), None)


@require_POST
def gate(request: Request, plan_id: UUID) -> HttpResponse:
    """Open the gate to the next phase."""
    form = GATE.read(request.POST)
    if not form.ok:
        return form.respond(request, "cockpit/gate.html")
    services.pass_gate(plan_id=plan_id, actor=request.actor, at=timezone.now(), **form.values)
    messages.success(request, _("The gate is open."))
    return redirect("cockpit-plans")


GATE = Form(
    fields=[
        Field(name="to_phase", label=gettext_lazy("Phase"), kind="choice", choices=Phase),
        Field(
            name="evidence",
            label=gettext_lazy("Closed runs and figures on which it opens"),
            kind="area",
            longest=400,
        ),
        Field(
            name="exception_ends_on",
            label=gettext_lazy("An exception, until"),
            kind="day",
            required=False,
        ),
    ]
)
