"""Pages of what vehicles cost: the list, recording one, its receipt, cancelling it, the sheet."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from panshi.billing import queries, services
from panshi.billing.cost_sheet import KIND, SHEET
from panshi.billing.models import CostKind, CostStanding
from panshi.fleet import queries as fleet
from panshi.kit import workbooks
from panshi.kit.clock import local_day
from panshi.kit.files import FileNotAccepted, FileTooLarge
from panshi.kit.forms import Field, Form
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.money import ZERO
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, once, show_file

COSTS: Final = Table(
    name="vehicle-costs",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), kind="plate"),
        Column(key="kind", label=lazy("Kind"), choices=CostKind),
        Column(key="occurred_on", label=lazy("Day"), kind="day", sort=True),
        Column(key="amount", label=lazy("Amount"), kind="money", sort=True),
        Column(
            key="standing",
            label=lazy("State"),
            kind="state",
            tones={"POSTED": "ok", "REVERSED": "idle"},
            choices=CostStanding,
        ),
        Column(key="reference", label=pgettext_lazy("cost", "Receipt"), kind="mono"),
        Column(key="words", label=lazy("Words")),
        Column(key="city", label=lazy("City"), hidden=True),
        Column(key="recorded_by", label=lazy("Recorded by"), hidden=True),
    ),
    filters=(
        Filter(key="plate", label=lazy("Plate or VIN")),
        Filter(key="kind", label=lazy("Kind"), kind="choice", choices=CostKind),
        Filter(key="days", label=lazy("Day"), kind="days"),
    ),
    sort="-occurred_on",
    row_url="billing-cost",
    export="vehicle-costs",
    empty=lazy("No cost of a vehicle was recorded yet."),
    live=("billing.VehicleCost*",),
)
NEW: Final = Form(
    fields=[
        Field(name="plate", label=lazy("Plate"), longest=12),
        Field(name="kind", label=lazy("Kind"), kind="choice", choices=CostKind),
        Field(name="amount", label=lazy("Amount"), kind="money"),
        Field(name="occurred_on", label=lazy("Day"), kind="day"),
        Field(
            name="vat",
            label=lazy("Input VAT"),
            kind="money",
            required=False,
            help=lazy("Input VAT within the amount, as a special VAT invoice shows it."),
        ),
        Field(
            name="covers_from",
            label=lazy("Covers from"),
            kind="day",
            required=False,
            help=lazy("A cost for several months is prepaid and spread over its days."),
        ),
        Field(name="covers_until", label=lazy("Covers until"), kind="day", required=False),
        Field(name="reference", label=lazy("Number of the receipt"), required=False, longest=64),
        Field(name="words", label=lazy("What for"), required=False, longest=200),
        Field(
            name="receipt",
            label=pgettext_lazy("cost", "Receipt"),
            kind="file",
            required=False,
            help=lazy("JPEG, PNG, WebP or PDF, up to 15 MB."),
        ),
    ]
)
CANCEL: Final = Form(fields=[Field(name="reason", label=lazy("Reason"), longest=200)])
IMPORT: Final = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import costs of vehicles"),
    prefix="finance/costs/import",
    name="billing-cost-import",
    back="billing-costs",
    permission="billing.stage_cost_import",
    stage=services.stage_cost_import,
    commit=services.commit_cost_import,
    undo=services.undo_cost_import,
)


@require_GET
@needs("billing.view")
def costs(request: Request) -> HttpResponse:
    """What vehicles cost beside depreciation, as it was recorded."""
    ask = COSTS.read(request.GET)
    page = queries.vehicle_costs(
        plate=ask.text("plate"),
        kind=ask.text("kind"),
        since=ask.day("days_from"),
        until=ask.day("days_to"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total, totals={"amount": page.amount})
    return COSTS.respond(request, ask, part, "billing/costs.html")


@require_http_methods(["GET", "POST"])
@needs("billing.record_vehicle_cost")
def record(request: Request) -> HttpResponse:
    """Record a cost by plate, with its receipt."""
    context = {"submit": _("Record the cost"), "cancel_url": reverse("billing-costs")}
    if request.method == "GET":
        blank = NEW.blank(
            plate=request.GET.get("plate", "")[:12], occurred_on=local_day(timezone.now())
        )
        return blank.respond(request, "billing/cost_new.html", context)
    form = NEW.read(request.POST, request.FILES)
    if form.ok:
        values = dict(form.values)
        upload, plate = values.pop("receipt", None), values.pop("plate")
        values["vat"] = values.get("vat") or ZERO
        fault = services.fault_of(
            kind=values["kind"],
            amount=values["amount"],
            vat=values["vat"],
            covers_from=values.get("covers_from"),
            covers_until=values.get("covers_until"),
        )
        if fault is not None:
            form.refuse(*fault)
            return form.respond(request, "billing/cost_new.html", context)
        vehicle_id = fleet.bearer_of(plate=plate, at=timezone.now(), actor=request.actor)
        if vehicle_id is None:
            form.refuse("plate", _("No vehicle bears this plate."))
            return form.respond(request, "billing/cost_new.html", context)
        try:
            fact, _new = once(
                key=form.key,
                actor=request.actor,
                name="billing.record_vehicle_cost",
                call=lambda: services.record_vehicle_cost(
                    **values,
                    vehicle_id=vehicle_id,
                    file_name=upload.name if upload else "",
                    content=upload.read() if upload else None,
                    actor=request.actor,
                    at=timezone.now(),
                ),
            )
            messages.success(request, _("The cost is booked."))
            return redirect("billing-cost", UUID(str(fact["cost_id"])))
        except services.CostInvalid as refusal:
            form.refuse("amount", refusal.words)
        except (FileNotAccepted, FileTooLarge) as refusal:
            form.refuse("receipt", refusal.words)
    return form.respond(request, "billing/cost_new.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.view")
def cost(request: Request, cost_id: UUID) -> HttpResponse:
    """One cost with its receipt; a wrong one is cancelled here, with a reason."""
    row = queries.vehicle_cost(cost_id=cost_id, actor=request.actor)
    may = row.standing == "POSTED" and request.actor.may("billing.reverse_vehicle_costs")
    context = {"row": row, "may_cancel": may}
    if request.method == "GET":
        return CANCEL.blank().respond(request, "billing/cost.html", context)
    form = CANCEL.read(request.POST)
    if form.ok:
        services.reverse_vehicle_costs(
            cost_ids=[cost_id],
            reason=form.values["reason"],
            actor=request.actor,
            at=timezone.now(),
        )
        messages.success(request, _("The cost is cancelled in the book."))
        return redirect("billing-cost", cost_id)
    return form.respond(request, "billing/cost.html", context)


@require_GET
@needs("billing.view")
def receipt(request: Request, cost_id: UUID) -> HttpResponse:
    """The receipt of a cost."""
    try:
        found = queries.cost_receipt(cost_id=cost_id, actor=request.actor)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return show_file(found.content, found.media_type)


@require_GET
@needs("billing.view")
def sheet(request: Request) -> HttpResponse:
    """All costs that stand, in the form of the import sheet."""
    rows = queries.cost_sheet_rows(actor=request.actor)
    content = workbooks.write(sheet=SHEET, rows=as_rows(rows))
    return download(content=content, name="vehicle-costs")


URLS: Final = [
    path("finance/costs/", costs, name="billing-costs"),
    path("finance/costs/new/", record, name="billing-cost-new"),
    path("finance/costs/sheet/", sheet, name="billing-cost-sheet"),
    *IMPORT.urls(),
    path("finance/costs/<uuid:cost_id>/", cost, name="billing-cost"),
    path("finance/costs/<uuid:cost_id>/receipt/", receipt, name="billing-cost-receipt"),
]
