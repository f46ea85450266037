"""Pages of the register and of one vehicle."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from panshi.fleet import deadlines, lists, queries, services, utilisation
from panshi.fleet.sheet import KIND, SHEET
from panshi.fleet.views.uploads import taken_upload
from panshi.kit import records, workbooks
from panshi.kit.clock import local_day
from panshi.kit.forms import Form
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.refusals import Refusal
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Slice
from panshi.kit.web import Request, needs, once
from panshi.org import queries as org

IMPORT = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import vehicles"),
    prefix="fleet/import",
    name="fleet-import",
    back="fleet-vehicles",
    permission="fleet.stage_vehicle_import",
    stage=services.stage_vehicle_import,
    commit=services.commit_vehicle_import,
    undo=services.undo_vehicle_import,
    sample="fleet-sample",
)
_FIELD_OF: Mapping[type[Refusal], str] = {
    services.BadVin: "vin",
    services.DuplicateVin: "vin",
    services.BadPlate: "plate",
    services.PlateTaken: "plate",
    services.OdometerBackwards: "odometer_km",
    services.DatesReversed: "issued_on",
    services.SameFile: "scan",
}


@require_GET
@needs("fleet.view")
def vehicles(request: Request) -> HttpResponse:
    ask = lists.VEHICLES.read(request.GET)
    page = queries.vehicle_list(
        text=ask.text("text"),
        state=ask.text("state"),
        city=ask.text("city"),
        model_code=ask.text("model"),
        use=ask.text("use"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return lists.VEHICLES.respond(request, ask, part, "fleet/vehicles.html")


@require_GET
@needs("fleet.view")
def days(request: Request) -> HttpResponse:
    """What the days of a month were for each vehicle."""
    ask, now = utilisation.DAYS.read(request.GET), timezone.now()
    month = deadlines.month_asked(ask.text("month"), local_day(now))
    page = queries.vehicle_days(
        month=month,
        city=ask.text("city"),
        text=ask.text("text"),
        order_by=ask.order_by,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        at=now,
    )
    totals = page.totals
    part = Slice(
        rows=page.rows,
        total=page.total,
        totals={
            "leased": totals.leased,
            "idle": totals.idle,
            "service": totals.service,
            "preparing": totals.preparing,
            "out": totals.out,
        },
    )
    context = {
        "tiles": utilisation.tiles_of(page),
        "bars": utilisation.bars_of(page),
        "month": month,
        "days": page.days,
    }
    return utilisation.DAYS.respond(request, ask, part, "fleet/days.html", context)


@require_GET
@needs("fleet.view")
def sheet(request: Request) -> HttpResponse:
    """The whole register in the form of the import sheet."""
    rows = queries.vehicle_sheet_rows(actor=request.actor)
    return download(
        content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="vehicles-register"
    )


@require_GET
@needs("fleet.stage_vehicle_import")
def sample(request: Request) -> HttpResponse:
    """A sheet of invented vehicles, three of them with a wrong VIN, to try the import with."""
    rows = queries.sample_sheet_rows(actor=request.actor)
    return download(content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="sample")


@require_GET
@needs("fleet.view")
def vehicle(request: Request, vehicle_id: UUID) -> HttpResponse:
    now = timezone.now()
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=now)
    history = queries.vehicle_history(vehicle_id=vehicle_id, actor=request.actor)
    people = {
        *(event.actor_id for event in history.events),
        *(seen.signed_by_id for seen in history.inspections if seen.signed_by_id),
        *(filed.filed_by_id for filed in history.filed),
    }
    due = queries.open_items(vehicle_id=vehicle_id, actor=request.actor, at=now)
    people |= {notice.user_id for item in due for notice in item.notices}
    disposal = queries.disposal_of(vehicle_id=vehicle_id, actor=request.actor)
    if disposal is not None:
        people |= {disposal.proposed_by_id}
    names = org.names_of(user_ids=tuple(people), actor=request.actor)
    hidden = lists.out_of_turn(disposal)
    offered = [
        act
        for act in lists.ACTS
        if card.state in act.states and request.actor.may(act.permission) and act.name not in hidden
    ]
    context = {
        "vehicle": card,
        "name": card.plate or card.vin,
        "tone": lists.STATE_TONES[card.state],
        "main_act": offered[0] if offered else None,
        "acts": offered[1:],
        "stages": records.stages(
            path=lists.path_of(),
            state=card.state,
            dates=lists.dates_of(history),
            stopped=card.state.label,
        ),
        "tiles": lists.tiles_of(card, local_day(now)),
        "details": lists.details_of(card),
        "papers": [
            (paper, lists.days_words(paper.days_left), lists.days_tone(paper.days_left))
            for paper in card.papers
        ],
        "disposal": disposal,
        "proposed_by": names.get(disposal.proposed_by_id, "") if disposal else "",
        "recalls": queries.recalls(vehicle_id=vehicle_id, open_only=True, actor=request.actor).rows,
        "may_end_recall": request.actor.may("fleet.set_recall_done"),
        "due": deadlines.due_lines(due, names),
        "plates": history.plates,
        "timeline": lists.timeline_of(history, names),
    }
    return render(request, "fleet/vehicle.html", context)


def _verb_name(verb: Any) -> str:
    return f"fleet.{verb.__name__}"


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def act(request: Request, vehicle_id: UUID, name: str) -> HttpResponse:
    """An act on a vehicle: at once when it asks nothing, else by a form."""
    wanted = next((known for known in lists.ACTS if known.name == name), None)
    if wanted is None:
        raise Http404
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    form = wanted.form or Form(fields=[])
    context = {"vehicle": card, "name": card.plate or card.vin, "title": wanted.label}
    if request.method == "GET":
        return form.blank(odometer_km=card.odometer_km).respond(request, "fleet/act.html", context)
    reading = form.read(request.POST)
    if reading.ok:
        try:
            reading.call(request, wanted.verb, vehicle_id=vehicle_id, at=timezone.now())
        except tuple(_FIELD_OF) as refusal:
            reading.refuse(_FIELD_OF[type(refusal)], refusal.words)
        else:
            messages.success(request, _("Done: %s.") % wanted.label)
            return redirect("fleet-vehicle", vehicle_id)
    return reading.respond(request, "fleet/act.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.file_document")
def file_paper(request: Request, vehicle_id: UUID) -> HttpResponse:
    """File a new version of a paper."""
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    context = {"vehicle": card, "name": card.plate or card.vin, "title": _("File a paper")}
    if request.method == "GET":
        blank = lists.PAPER_FORM.blank(kind=request.GET.get("kind"))
        return blank.respond(request, "fleet/act.html", context)
    form = lists.PAPER_FORM.read(request.POST, request.FILES)
    if form.ok:
        file_name, content = taken_upload(form, "scan")
        try:
            form.call(
                request,
                services.file_document,
                vehicle_id=vehicle_id,
                file_name=file_name,
                content=content,
                at=timezone.now(),
            )
        except tuple(_FIELD_OF) as refusal:
            form.refuse(_FIELD_OF[type(refusal)], refusal.words)
        else:
            messages.success(request, _("The paper is filed."))
            return redirect("fleet-vehicle", vehicle_id)
    return form.respond(request, "fleet/act.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.receive_vehicles")
def register(request: Request) -> HttpResponse:
    """Register one vehicle by hand."""
    declared = lists.vehicle_form(request.actor)
    if request.method == "GET":
        return declared.blank().respond(request, "fleet/register.html")
    form = declared.read(request.POST)
    if form.ok:
        new = services.NewVehicle(org_id=request.actor.org_id, **form.values)
        try:
            fact, _new = once(
                key=form.key,
                actor=request.actor,
                name=_verb_name(services.receive_vehicles),
                call=lambda: services.receive_vehicles(
                    vehicles=[new], actor=request.actor, at=timezone.now()
                ),
            )
            return redirect("fleet-vehicle", fact["vehicle_ids"][0])
        except tuple(_FIELD_OF) as refusal:
            form.refuse(_FIELD_OF[type(refusal)], refusal.words)
    return form.respond(request, "fleet/register.html")
