"""Pages of inspections and of the standard of fair wear."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.fleet import inspecting, queries, services
from panshi.fleet.views.uploads import taken_upload
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail
from panshi.kit.refusals import Refusal
from panshi.kit.web import Request, needs, show_file
from panshi.kit.wording import reads_chinese
from panshi.org import queries as org

DRAFT_FORM = Form(
    fields=[
        Field(name="name", label=lazy("Name"), longest=60),
        Field(name="starts_on", label=lazy("In force from"), kind="day"),
    ]
)


@require_http_methods(["GET", "POST"])
@needs("fleet.start_inspection")
def start(request: Request, vehicle_id: UUID) -> HttpResponse:
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    context = {"vehicle": card, "name": card.plate or card.vin, "title": _("Begin an inspection")}
    form = inspecting.START_FORM.blank()
    if request.method == "POST":
        form = inspecting.START_FORM.read(request.POST)
        if form.ok:
            try:
                fact = form.call(
                    request, services.start_inspection, vehicle_id=vehicle_id, at=timezone.now()
                )
                return redirect("fleet-inspection", fact["inspection_id"])
            except services.InspectionOpen as refusal:
                form.refuse("kind", refusal.words)
    return form.respond(request, "fleet/act.html", context)


def _context(request: Request, inspection_id: UUID) -> dict[str, Any]:
    card = queries.inspection_card(
        inspection_id=inspection_id, actor=request.actor, at=timezone.now()
    )
    people = (card.signed_by_id,) if card.signed_by_id else ()
    names = org.names_of(user_ids=people, actor=request.actor)
    signer = names.get(card.signed_by_id, "") if card.signed_by_id else ""
    return {
        "card": card,
        "views": inspecting.views_of(card),
        "lines": inspecting.lines_of(card),
        "readings": inspecting.reading_words(card),
        "open": card.signed_at is None,
        "mark": inspecting.mark_form().blank(count=1),
        "photo": inspecting.photo_form().blank(),
        "sign": inspecting.SIGN_FORM.blank(odometer_km=card.terminal_km, soc_pct=card.terminal_pct),
        "details": [
            Detail(label=_("Begun at"), value=card.started_at, kind="moment"),
            Detail(label=_("Signed at"), value=card.signed_at, kind="moment"),
            Detail(label=_("Signed by"), value=signer),
            Detail(label=_("Signed by the customer"), value=card.customer_signed),
            Detail(label=_("Odometer, km"), value=card.odometer_km, kind="number"),
            Detail(label=_("State of charge, %"), value=card.soc_pct, kind="number"),
            Detail(label=_("Compared with the delivery of"), value=card.compared_at, kind="moment"),
            Detail(label=_("Standard of fair wear"), value=card.standard),
            Detail(label=_("Age, months"), value=card.age_months, kind="number"),
        ],
    }


@require_GET
@needs("fleet.view")
def inspection(request: Request, inspection_id: UUID) -> HttpResponse:
    """An inspection: drawn views, what changed and what it costs by which clause, photos."""
    return render(request, "fleet/inspection.html", _context(request, inspection_id))


def _again(request: Request, inspection_id: UUID, name: str, form: Any) -> HttpResponse:
    context = {**_context(request, inspection_id), name: form}
    return render(request, "fleet/inspection.html", context, status=422)


@require_POST
@needs("fleet.mark_damage")
def mark(request: Request, inspection_id: UUID) -> HttpResponse:
    form = inspecting.mark_form().read(request.POST, request.FILES)
    if form.ok:
        view, _colon, part = str(form.values.pop("place")).partition(":")
        photo_name, content = taken_upload(form, "photo")
        try:
            form.call(
                request,
                services.mark_damage,
                inspection_id=inspection_id,
                view=view,
                part=part,
                photo_name=photo_name,
                photo=content,
                at=timezone.now(),
            )
            return redirect("fleet-inspection", inspection_id)
        except (services.UnknownPart, services.InspectionSigned) as refusal:
            form.refuse("place", refusal.words)
    return _again(request, inspection_id, "mark", form)


@require_POST
@needs("fleet.keep_inspection_photo")
def photo(request: Request, inspection_id: UUID) -> HttpResponse:
    form = inspecting.photo_form().read(request.POST, request.FILES)
    if form.ok:
        photo_name, content = taken_upload(form, "photo")
        try:
            form.call(
                request,
                services.keep_inspection_photo,
                inspection_id=inspection_id,
                photo_name=photo_name,
                photo=content,
                at=timezone.now(),
            )
            return redirect("fleet-inspection", inspection_id)
        except Refusal as refusal:
            form.refuse("photo", refusal.words)
    return _again(request, inspection_id, "photo", form)


@require_POST
@needs("fleet.complete_inspection")
def sign(request: Request, inspection_id: UUID) -> HttpResponse:
    form = inspecting.SIGN_FORM.read(request.POST)
    if form.ok:
        try:
            form.call(
                request,
                services.complete_inspection,
                inspection_id=inspection_id,
                at=timezone.now(),
            )
            messages.success(request, _("The inspection is signed and stands."))
            return redirect("fleet-inspection", inspection_id)
        except (services.ViewMissing, services.OdometerBackwards) as refusal:
            form.refuse("odometer_km", refusal.words)
    return _again(request, inspection_id, "sign", form)


@require_GET
@needs("fleet.view")
def picture(request: Request, photo_id: UUID) -> HttpResponse:
    """The picture of a view."""
    content, media_type = queries.inspection_photo(photo_id=photo_id, actor=request.actor)
    return show_file(content, media_type)


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def standards(request: Request) -> HttpResponse:
    """The written standard of fair wear, version by version; drafting another."""
    form = DRAFT_FORM.blank()
    if request.method == "POST":
        form = DRAFT_FORM.read(request.POST)
        if form.ok:
            form.call(
                request,
                services.draft_wear_standard,
                org_id=request.actor.org_id,
                at=timezone.now(),
            )
            return redirect("fleet-standards")
    may = request.actor.may
    context = {
        "standards": [
            (
                row,
                row.published_at is None
                and may("fleet.publish_wear_standard")
                and row.drafted_by_id != request.actor.id
                and row.org_id == request.actor.org_id,
            )
            for row in queries.wear_standards(actor=request.actor)
        ],
        "may_draft": may("fleet.draft_wear_standard"),
        "chinese": reads_chinese(),
        "form": form,
    }
    status = 200 if form.ok else 422
    return render(request, "fleet/standards.html", context, status=status)


@require_POST
@needs("fleet.publish_wear_standard")
def publish_standard(request: Request, standard_id: UUID) -> HttpResponse:
    services.publish_wear_standard(
        standard_id=standard_id,
        confirmed=request.POST.get("confirmed") == "on",
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The standard is published."))
    return redirect("fleet-standards")
