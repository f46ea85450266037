"""Pages of claims: the list, reporting an accident, one claim from the spot to its end."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.fleet import queries as fleet
from panshi.kit import records
from panshi.kit.clock import local_day
from panshi.kit.files import FileNotAccepted, FileTooLarge
from panshi.kit.forms import Field, Form
from panshi.kit.money import ZERO
from panshi.kit.records import Detail, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.leasing import queries, services
from panshi.leasing.models import ClaimState

TONES: Final = {"REPORTED": "bad", "SURVEYED": "warn", "ASSESSED": "info", "CLOSED": "ok"}
PATH: Final[list[tuple[str, str | Promise]]] = [
    (str(code), words) for code, words in ClaimState.choices
]
CLAIMS: Final = Table(
    name="claims",
    columns=(
        Column(key="number", label=_("Claim"), kind="mono", sort=True),
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="occurred_at", label=_("Moment"), kind="moment", sort=True),
        Column(key="customer_name", label=_("Customer")),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=ClaimState),
        Column(key="loss", label=_("Loss"), kind="money", sort=True),
        Column(key="insurer_pay", label=_("Insurer pays"), kind="money"),
        Column(key="customer_share", label=_("Customer's share"), kind="money"),
        Column(key="own_loss", label=_("Borne ourselves"), kind="money"),
        Column(key="insurer", label=_("Insurer"), hidden=True),
        Column(key="report_number", label=_("Insurer's number"), kind="mono", hidden=True),
    ),
    filters=(
        Filter(key="text", label=_("Claim number")),
        Filter(key="state", label=_("State"), kind="choice", choices=ClaimState),
    ),
    sort="-occurred_at",
    row_url="leasing-claim",
    export="claims",
    empty=_("No accident was reported yet."),
    live=("leasing.*",),
)
REPORT: Final = Form(
    fields=[
        Field(name="plate", label=_("Plate"), longest=12),
        Field(name="occurred_at", label=_("Moment"), kind="moment"),
        Field(name="place", label=pgettext_lazy("violation", "Place"), required=False, longest=120),
        Field(name="words", label=_("What happened"), kind="area", longest=400),
        Field(name="injured", label=_("Somebody is hurt"), kind="flag", required=False),
        Field(name="battery_impacted", label=_("The battery was hit"), kind="flag", required=False),
        Field(name="flooded", label=_("The vehicle stood in water"), kind="flag", required=False),
        Field(name="insurer", label=_("Insurer"), required=False, longest=60),
        Field(name="report_number", label=_("Insurer's number"), required=False, longest=40),
    ]
)
SURVEY: Final = Form(
    fields=[
        Field(name="words", label=_("What was seen"), kind="area", longest=400),
        Field(name="injured", label=_("Somebody is hurt"), kind="flag", required=False),
    ]
)
PARTS: Final = Form(
    fields=[
        Field(name=name, label=label, kind="money", least=0)
        for name, label in (
            ("loss", _("Loss")),
            ("insurer_pay", _("Insurer pays")),
            ("excess", pgettext_lazy("claim", "Excess")),
            ("customer_share", _("Customer's share")),
            ("own_loss", _("Borne ourselves")),
            ("lost_rent", _("Rent lost meanwhile")),
        )
    ]
)
PAID: Final = Form(
    fields=[
        Field(name="amount", label=_("The insurer paid"), kind="money"),
        Field(name="received_on", label=_("Received on"), kind="day"),
        Field(name="reference", label=_("Number of the receipt"), required=False, longest=64),
    ]
)
FILE: Final = Form(fields=[Field(name="file", label=_("Photo or paper"), kind="file")])
MISSING: Final = Form(
    fields=[Field(name="missing", label=_("Papers the insurer still wants"), longest=200)]
)


@require_GET
@needs("leasing.view")
def claims(request: Request) -> HttpResponse:
    ask = CLAIMS.read(request.GET)
    page = queries.claims(
        text=ask.text("text"),
        state=ask.text("state"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(
        rows=page.rows,
        total=page.total,
        totals={"loss": page.loss, "insurer_pay": page.insurer_pay},
    )
    return CLAIMS.respond(request, ask, part, "leasing/claims.html")


@require_http_methods(["GET", "POST"])
@needs("leasing.open_claim")
def report(request: Request) -> HttpResponse:
    """Report an accident by plate and moment."""
    context = {"submit": _("Report the accident"), "cancel_url": reverse("leasing-claims")}
    if request.method == "GET":
        plate = request.GET.get("plate", "")[:12]
        return REPORT.blank(plate=plate).respond(request, "leasing/claim_new.html", context)
    form = REPORT.read(request.POST)
    if form.ok:
        values = dict(form.values)
        plate = values.pop("plate")
        bearer = fleet.bearer_of(plate=plate, at=values["occurred_at"], actor=request.actor)
        if bearer is None:
            form.refuse("plate", gettext("No vehicle bore this plate at that moment."))
        else:
            try:
                fact = services.open_claim(
                    **values, vehicle_id=bearer, actor=request.actor, at=timezone.now()
                )
                return redirect("leasing-claim", fact.claim_id)
            except services.TermsInvalid as refusal:
                form.refuse("words", refusal.words)
    return form.respond(request, "leasing/claim_new.html", context)


@require_GET
@needs("leasing.view")
def claim(request: Request, claim_id: UUID) -> HttpResponse:
    """One claim: what happened, its files, the parts of its loss, what is to be done."""
    return _page(request, claim_id)


def _page(request: Request, claim_id: UUID, *, status: int = 200, **forms: Any) -> HttpResponse:
    card = queries.claim_card(claim_id=claim_id, actor=request.actor)
    row, may = card.row, request.actor.may
    is_open = row.state != ClaimState.CLOSED
    to_come = row.insurer_pay - sum((paid.amount for paid in card.payments), ZERO)
    pays = to_come > 0 and row.state in ("ASSESSED", "CLOSED")
    shown = {
        "parts": PARTS.blank(
            loss=row.loss,
            insurer_pay=row.insurer_pay,
            excess=row.excess,
            customer_share=row.customer_share,
            own_loss=row.own_loss,
            lost_rent=row.lost_rent,
        ),
        "survey": SURVEY.blank(injured=card.injured) if row.state == "REPORTED" else None,
        "file": FILE.blank(),
        "missing": MISSING.blank(),
        "paid": PAID.blank(amount=to_come, received_on=local_day(timezone.now()))
        if pays and may("leasing.record_insurer_payment")
        else None,
    } | forms
    warnings = [
        words
        for holds, words in (
            (card.injured, _("Somebody is hurt")),
            (card.battery_impacted, _("The battery was hit")),
            (card.flooded, _("The vehicle stood in water")),
        )
        if holds
    ]
    context = {
        "card": card,
        "row": row,
        "tone": TONES[row.state],
        "is_open": is_open,
        "warnings": warnings,
        "stages": records.stages(
            path=PATH,
            state=str(row.state),
            dates={
                "REPORTED": card.reported_at,
                **({"CLOSED": card.closed_at} if card.closed_at else {}),
            },
        ),
        "tiles": [
            Tile(label=_("Loss"), value=row.loss, kind="money"),
            Tile(
                label=_("Not shared out yet"),
                value=row.gap,
                kind="money",
                tone="bad" if row.gap else "",
            ),
            Tile(label=_("Insurer still to pay"), value=max(to_come, ZERO), kind="money"),
            Tile(label=_("Rent lost meanwhile"), value=row.lost_rent, kind="money"),
        ],
        "details": [
            Detail(
                label=_("Vehicle"),
                value=row.plate,
                kind="plate",
                url=reverse("fleet-vehicle", args=[row.vehicle_id]),
            ),
            Detail(label=_("Moment"), value=row.occurred_at, kind="moment"),
            Detail(label=pgettext_lazy("violation", "Place"), value=row.place),
            Detail(label=_("Insurer"), value=row.insurer),
            Detail(label=_("Insurer's number"), value=row.report_number, kind="mono"),
            *(
                [
                    Detail(
                        label=_("Lease"),
                        value=row.lease_number,
                        kind="mono",
                        url=reverse("leasing-lease", args=[row.lease_id]),
                    ),
                    Detail(label=_("Customer"), value=row.customer_name),
                ]
                if row.lease_id
                else []
            ),
        ],
        "may_work": is_open and may("leasing.assess_claim"),
        "may_charge": is_open
        and row.customer_share
        and card.bill_id is None
        and may("leasing.charge_claim_share"),
        "may_close": row.state == "ASSESSED"
        and not row.gap
        and not (row.customer_share and card.bill_id is None)
        and may("leasing.close_claim"),
        **shown,
    }
    return render(request, "leasing/claim.html", context, status=status)


@require_POST
def survey(request: Request, claim_id: UUID) -> HttpResponse:
    form = SURVEY.read(request.POST)
    if not form.ok:
        return _page(request, claim_id, status=422, survey=form)
    services.survey_accident(
        claim_id=claim_id, **form.values, actor=request.actor, at=timezone.now()
    )
    return redirect("leasing-claim", claim_id)


@require_POST
def assess(request: Request, claim_id: UUID) -> HttpResponse:
    form = PARTS.read(request.POST)
    if form.ok:
        try:
            fact = services.assess_claim(
                claim_id=claim_id, **form.values, actor=request.actor, at=timezone.now()
            )
        except services.TermsInvalid as refusal:
            form.refuse("customer_share", refusal.words)
        else:
            if fact.gap:
                messages.warning(request, gettext("The parts do not make the loss yet."))
            return redirect("leasing-claim", claim_id)
    return _page(request, claim_id, status=422, parts=form)


@require_POST
def keep(request: Request, claim_id: UUID) -> HttpResponse:
    form = FILE.read(request.POST, request.FILES)
    if form.ok:
        upload = form.values["file"]
        try:
            services.keep_claim_file(
                claim_id=claim_id,
                name=upload.name or "photo",
                content=upload.read(),
                actor=request.actor,
                at=timezone.now(),
            )
            return redirect("leasing-claim", claim_id)
        except (FileNotAccepted, FileTooLarge) as refusal:
            form.refuse("file", refusal.words)
    return _page(request, claim_id, status=422, file=form)


@require_POST
def papers(request: Request, claim_id: UUID) -> HttpResponse:
    """Papers are missing, or the insurer has them all."""
    now = timezone.now()
    if request.POST.get("act") == "complete":
        services.complete_claim_papers(claim_id=claim_id, actor=request.actor, at=now)
        return redirect("leasing-claim", claim_id)
    form = MISSING.read(request.POST)
    if not form.ok:
        return _page(request, claim_id, status=422, missing=form)
    services.note_missing_papers(
        claim_id=claim_id, missing=form.values["missing"], actor=request.actor, at=now
    )
    return redirect("leasing-claim", claim_id)


@require_POST
def charge(request: Request, claim_id: UUID) -> HttpResponse:
    services.charge_claim_share(claim_id=claim_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Billed to the customer."))
    return redirect("leasing-claim", claim_id)


@require_POST
def insurer_paid(request: Request, claim_id: UUID) -> HttpResponse:
    """Money of the insurer came in."""
    form = PAID.read(request.POST)
    if form.ok:
        try:
            form.call(
                request,
                services.record_insurer_payment,
                claim_id=claim_id,
                at=timezone.now(),
            )
        except services.TermsInvalid as refusal:
            form.refuse("amount", refusal.words)
        else:
            messages.success(request, gettext("The payment is booked."))
            return redirect("leasing-claim", claim_id)
    return _page(request, claim_id, status=422, paid=form)


@require_POST
def close(request: Request, claim_id: UUID) -> HttpResponse:
    services.close_claim(claim_id=claim_id, actor=request.actor, at=timezone.now())
    messages.success(request, gettext("Closed."))
    return redirect("leasing-claim", claim_id)


@require_GET
@needs("leasing.view")
def file(request: Request, claim_id: UUID, file_id: UUID) -> HttpResponse:
    """A photo or paper of a claim."""
    found = queries.claim_file(claim_id=claim_id, file_id=file_id, actor=request.actor)
    return show_file(found.content, found.media_type)


_ONE: Final = "leasing/claims/<uuid:claim_id>/"
URLS: Final = [
    path("leasing/claims/", claims, name="leasing-claims"),
    path("leasing/claims/new/", report, name="leasing-claim-new"),
    path(_ONE, claim, name="leasing-claim"),
    path(f"{_ONE}survey/", survey, name="leasing-claim-survey"),
    path(f"{_ONE}assess/", assess, name="leasing-claim-assess"),
    path(f"{_ONE}files/", keep, name="leasing-claim-keep"),
    path(f"{_ONE}files/<uuid:file_id>/", file, name="leasing-claim-file"),
    path(f"{_ONE}papers/", papers, name="leasing-claim-papers"),
    path(f"{_ONE}charge/", charge, name="leasing-claim-charge"),
    path(f"{_ONE}paid/", insurer_paid, name="leasing-claim-paid"),
    path(f"{_ONE}close/", close, name="leasing-claim-close"),
]
